"""Weights out of the SDRAM: every value is right, and a frame takes no longer than is promised."""

import pytest

from hw.core import Core
from hw.sdram.source import SdramSource
from plan.contents import contents
from plan.engine import ENGINES
from plan.planner import Plan, plan
from plan.sdram import Sdram
from plan.stream import Stream
from sim import behind_sdram, cosimulate
from sim.sdram_chip import CHIP, Chip
from spec import reference, synthetic
from spec.squeezenet import tiny

ENGINE = ENGINES["4x4"]
CLOCK_HZ = 100_000_000
START_NS = 1000


class Quick(Sdram):
    """No long wait at power-up."""

    t_start = START_NS * CLOCK_HZ // 10**9


def streamed(network, names) -> Plan:
    stream = Stream.of_sdram(CLOCK_HZ, ENGINE.stream_bits)
    return plan(network, ENGINE, streamed=frozenset(names), stream=stream)


def core(quantized, planned) -> behind_sdram.StreamedCore:
    timing = Quick(clock_hz=CLOCK_HZ)
    capture = timing.capture(180)
    capacities = planned.needs()
    return behind_sdram.StreamedCore(
        Core(
            engine=ENGINE,
            capacities=capacities,
            contents=contents(quantized, planned, capacities),
        ),
        SdramSource(timing=timing, capture=capture, width=ENGINE.stream_bits),
        Chip(clock_hz=CLOCK_HZ, capture=capture, start_ns=START_NS),
    )


@pytest.mark.parametrize("part", ["all", "some"])
def test_values_and_cycles(part, tmp_path):
    network = tiny(image_size=24)
    quantized = synthetic.quantized(network)
    names = [conv.name for conv in network.convs]
    names = names if part == "all" else names[1::2]
    planned = streamed(network, names)
    model = cosimulate.build(core(quantized, planned), planned, cells=[CHIP])
    rows = contents(quantized, planned, planned.needs()).stream
    assert len(rows) == planned.stream_rows
    file = tmp_path / "rows.hex"
    behind_sdram.write(rows, ENGINE.stream_bits, file)
    images = [synthetic.image(network, seed) for seed in range(3)]
    frames = cosimulate.observe(model, planned, images, settings={"sdram": file})
    for image, frame in zip(images, frames, strict=True):
        right = reference.run(quantized, image)
        assert frame.tensors.keys() == right.keys()
        assert all((frame.tensors[name] == right[name]).all() for name in right)
        print(part, frame.cycles, planned.cycles, plan(network, ENGINE).cycles)
        assert frame.cycles <= planned.cycles
