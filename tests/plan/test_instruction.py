"""The instruction word: every field comes back, none is wider than it must be."""

from dataclasses import replace

import pytest

from plan.capacities import Capacities
from plan.engine import ENGINES, Engine
from plan.instruction import ISSUE_FIELDS, PAIR_FIELDS, WRITE_FIELDS, WRITE_SHARED, Format
from plan.planner import plan
from spec.squeezenet import tiny


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
    format = Format.of(made.engine, made.needs())
    for step in made.program.steps:
        assert decode(format, format.encode(step.fields)) == step.fields


def test_fields_are_those_of_the_table(made):
    format = Format.of(made.engine, made.needs())
    pairs = PAIR_FIELDS if made.engine.pixels == 2 else {}
    assert list(format.widths) == [*ISSUE_FIELDS, *pairs, *WRITE_FIELDS]
    assert format.pairs == bool(pairs)
    assert not ISSUE_FIELDS.keys() & WRITE_FIELDS.keys()
    assert set(WRITE_SHARED) <= ISSUE_FIELDS.keys()
    for step in made.program.steps:
        assert step.fields.keys() == format.widths.keys()


def test_addresses_reach_all_of_both_memories(made):
    needs = made.needs()
    widths = Format.of(made.engine, needs).widths
    assert max(needs.activation_words, needs.patch_words) < 1 << needs.address_bits
    for name in ("i_base", "i_plane", "o_base", "o_plane", "o_start"):
        assert widths[name] == needs.address_bits
    assert widths["i_start"] == needs.address_bits + 1


def test_a_format_follows_from_capacities_alone():
    engine = ENGINES["16x8"]
    small, large = (plan(tiny(image_size=size), engine).needs() for size in (16, 40))
    both = Capacities.covering(small, large)
    assert Format.of(engine, both).bits >= Format.of(engine, large).bits
    assert Format.of(engine, small) != Format.of(engine, both)
    grown = replace(both, param_groups=2 * both.param_groups)
    before, after = Format.of(engine, both).widths, Format.of(engine, grown).widths
    assert after == before | {"params": before["params"] + 1}


@pytest.mark.parametrize("start", [-32, -1, 0, 31])
def test_the_start_may_be_negative(start):
    needs = replace(plan(tiny(), Engine()).needs(), activation_words=31, patch_words=9)
    format = Format.of(Engine(), needs)
    fields = dict.fromkeys([*ISSUE_FIELDS, *WRITE_FIELDS], 0) | {"i_start": start}
    assert decode(format, format.encode(fields))["i_start"] == start
