"""Weights out of the SDRAM: every value is right, and a frame takes no longer than is promised."""

import pytest

from plan.contents import contents
from plan.engine import ENGINES
from plan.planner import Plan, plan
from plan.stream import Stream
from sim import behind_sdram, cosimulate
from sim.behind_sdram import CLOCK_HZ, streamed_core
from sim.sdram_chip import CHIP
from spec import reference, synthetic
from spec.squeezenet import tiny


def streamed(network, engine, names) -> Plan:
    stream = Stream.of_sdram(CLOCK_HZ, engine.stream_bits)
    return plan(network, engine, streamed=frozenset(names), stream=stream)


def core(quantized, planned) -> behind_sdram.StreamedCore:
    capacities = planned.needs()
    return streamed_core(planned.engine, capacities, contents(quantized, planned, capacities))


@pytest.mark.parametrize(
    ("engine", "part"), [("4x4", "all"), ("4x4", "some"), ("4x4x2-lut5", "some")]
)
def test_values_and_cycles(engine, part, tmp_path):
    engine = ENGINES[engine]
    network = tiny(image_size=24)
    quantized = synthetic.quantized(network)
    names = [conv.name for conv in network.convs]
    names = names if part == "all" else names[1::2]
    planned = streamed(network, engine, names)
    model = cosimulate.build(core(quantized, planned), planned, cells=[CHIP])
    rows = contents(quantized, planned, planned.needs()).stream
    assert len(rows) == planned.stream_rows
    file = tmp_path / "rows.hex"
    behind_sdram.write(rows, engine.stream_bits, file)
    images = [synthetic.image(network, seed) for seed in range(3)]
    frames = cosimulate.observe(model, planned, images, settings={"sdram": file})
    for image, frame in zip(images, frames, strict=True):
        right = reference.run(quantized, image)
        assert frame.tensors.keys() == right.keys()
        assert all((frame.tensors[name] == right[name]).all() for name in right)
        print(part, frame.cycles, planned.cycles, plan(network, engine).cycles)
        assert frame.cycles <= planned.cycles
