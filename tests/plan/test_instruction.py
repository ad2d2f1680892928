"""The instruction word: every field comes back, none is wider than it must be."""

import pytest

from plan.instruction import ISSUE_FIELDS, WRITE_FIELDS, WRITE_SHARED, Format


def decode(format: Format, word: int) -> dict[str, int]:
    fields = {}
    for name, width in format.widths.items():
        fields[name] = word & ((1 << width) - 1)
        word >>= width
    assert word == 0
    start = fields["i_start"]
    fields["i_start"] = start - (start >> format.widths["i_start"] - 1 << format.widths["i_start"])
    return fields


def test_every_instruction_comes_back(made):
    for step in made.program.steps:
        assert decode(made.program.format, made.program.format.encode(step.fields)) == step.fields


def test_fields_are_those_of_the_table(made):
    assert list(made.program.format.widths) == [*ISSUE_FIELDS, *WRITE_FIELDS]
    assert not ISSUE_FIELDS.keys() & WRITE_FIELDS.keys()
    assert set(WRITE_SHARED) <= ISSUE_FIELDS.keys()
    for step in made.program.steps:
        assert step.fields.keys() == made.program.format.widths.keys()


def test_addresses_reach_all_of_both_memories(made):
    bits = made.program.format.widths["i_base"]
    assert max(made.program.activation_words, made.program.patch.words) <= 1 << bits
    for name in ("i_plane", "o_base", "o_plane", "o_start"):
        assert made.program.format.widths[name] == bits
    assert made.program.format.widths["i_start"] == bits + 1


def test_a_field_is_as_wide_as_its_largest_value():
    fields = dict.fromkeys([*ISSUE_FIELDS, *WRITE_FIELDS], 0)
    format = Format.of([fields | {"x_last": 6}, fields | {"x_last": 9, "wait": 1}], address_bits=5)
    assert (format.widths["x_last"], format.widths["wait"], format.widths["slot"]) == (4, 1, 1)
    assert format.bits == sum(format.widths.values())


@pytest.mark.parametrize("start", [-32, -1, 0, 31])
def test_the_start_may_be_negative(start):
    fields = dict.fromkeys([*ISSUE_FIELDS, *WRITE_FIELDS], 0) | {"i_start": start}
    format = Format.of([fields], address_bits=5)
    assert decode(format, format.encode(fields))["i_start"] == start
