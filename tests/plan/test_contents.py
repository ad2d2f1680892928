"""The memories' contents, unpacked again by the rules of docs/dataflow.md."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from plan.contents import contents
from plan.engine import Engine
from plan.instruction import Format
from plan.planner import plan
from plan.schedule import PlanError
from plan.settings import SETTINGS, setting_widths
from plan.stream import Stream
from spec import synthetic
from spec.squeezenet import tiny


@pytest.fixture(scope="module")
def packed(made):
    quantized = synthetic.quantized(made.network, seed=1)
    return quantized, contents(quantized, made, made.needs())


def columns(row: int, count: int) -> list[int]:
    """The weights of a row: two in 18 bits, ``1024·a + b``, the even column's is ``a``."""
    weights = []
    for pair in range(count // 2):
        both = row >> 18 * pair & 0x3FFFF
        b = (both + 512) % 1024 - 512
        a = ((both - b >> 10) + 128) % 256 - 128
        assert (1024 * a + b) % (1 << 18) == both
        weights += [a, b]
    assert row >> 9 * count == 0
    return weights


def test_every_weight_is_there_once_and_else_nothing(made, packed):
    quantized, memories = packed
    engine, rows = made.engine, iter(memories.weights)
    for conv in made.network.convs:
        integers = quantized.convs[conv.name]
        patch = conv == made.network.first
        found = np.full(conv.weight_shape, 999)
        for group in range(engine.groups(conv.channels)):
            for tap in range(1 if patch else conv.taps):
                for words in made.inputs[conv.name]:
                    for source in reversed(words):
                        for column, weight in enumerate(columns(next(rows), engine.columns)):
                            channel = group * engine.columns + column
                            if source == -1 or channel >= conv.channels:
                                assert weight == 0
                                continue
                            place, i = divmod(source, 3) if patch else (tap, source)
                            y, x = divmod(place, conv.kernel)
                            assert found[channel, i, y, x] == 999
                            found[channel, i, y, x] = weight
        assert (found == integers.weight).all(), conv.name
    assert next(rows, None) is None
    assert len(memories.weights) == made.weight_rows


def test_every_channel_has_its_parameters(made, packed):
    quantized, memories = packed
    engine, words = made.engine, iter(memories.params)
    for conv in made.network.convs:
        integers = quantized.convs[conv.name]
        for group in range(engine.groups(conv.channels)):
            for column in reversed(range(engine.columns)):
                word = next(words)
                channel = group * engine.columns + column
                if channel >= conv.channels:
                    assert word == 0
                    continue
                bias = word & 0x1FFFFFF
                assert bias - (bias >> 24 << 25) == integers.bias[channel]
                assert word >> 25 & 0xFFFF == integers.multiplier[channel]
                assert word >> 41 == conv.relu
    assert next(words, None) is None
    assert len(memories.params) == made.param_groups * engine.columns


def test_the_program_is_the_plan(made, packed):
    format = Format.of(made.engine, made.needs())
    assert packed[1].program == [format.encode(step.fields) for step in made.program.steps]


def test_registers_are_the_geometry(made, packed):
    registers = dict(zip(SETTINGS, packed[1].registers, strict=True))
    first = made.network.first
    assert (registers["height"], registers["width"]) == (first.i.height, first.i.width)
    assert registers["classes"] == made.network.classes
    assert registers["relu"] == made.network.last.relu
    assert registers["stream_rows"] == 1
    for name, width in setting_widths(made.engine, made.needs()).items():
        assert 0 <= registers[name] < 1 << width, name


STREAM = Stream(row_cycles=Fraction(8), delay=50, store_rows=64)


def test_weights_from_outside_are_those_of_every_step_and_the_others_are_kept(made, packed):
    quantized, memories = packed
    names = frozenset(conv.name for conv in made.network.convs[1::2])
    other = plan(made.network, made.engine, streamed=names, stream=STREAM)
    found = contents(quantized, other, other.needs())
    want, kept = [], {}
    for step, now in zip(made.program.steps, other.program.steps, strict=True):
        start = step.fields["weights"]
        rows = memories.weights[start : start + step.passes * made.engine.rows]
        assert now.fields["streamed"] == (step.conv.name in names)
        if now.fields["streamed"]:
            want += rows
        else:
            kept[step.conv.name] = rows
            start = now.fields["weights"]
            assert found.weights[start : start + len(rows)] == rows
    bytes_of = [
        [byte - 256 * (byte > 127) for byte in row.to_bytes(made.engine.columns, "little")]
        for row in found.stream
    ]
    assert bytes_of == [columns(row, made.engine.columns) for row in want]
    assert len(found.weights) == sum(map(len, kept.values())) == other.needs().weight_rows
    registers = dict(zip(SETTINGS, found.registers, strict=True))
    assert registers["stream_rows"] == len(want) == other.needs().stream_rows


def test_what_streams_nothing_has_a_row_nevertheless(made, packed):
    quantized, memories = packed
    assert memories.stream == []
    room = replace(made.needs(), stream_rows=10)
    assert contents(quantized, made, room).stream == [0]


def test_the_plan_of_another_network_is_refused():
    other = plan(tiny(image_size=11), Engine())
    with pytest.raises(ValueError, match="the plan is of tiny, not of"):
        contents(synthetic.quantized(tiny(image_size=12)), other, other.needs())


def test_what_exceeds_the_capacities_is_refused_with_both_numbers():
    made = plan(tiny(image_size=24, classes=9), Engine())
    needs = made.needs()
    less = replace(needs, classes=5, steps=needs.steps - 1)
    with pytest.raises(
        PlanError, match=rf"^tiny needs {needs.steps} steps of {needs.steps - 1}, 9 classes of 5$"
    ):
        contents(synthetic.quantized(made.network), made, less)
