"""From a camera's wires to a network's pixels: as the reference has them, bit for bit."""

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect

from hw.camera.decoder import Decoder
from hw.camera.reader import FrameReader
from hw.camera.sampler import WIRES, Sampler
from hw.camera.scaler import Scaler
from spec.camera import Crop, Encoding, Sensor, seen


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


class Chain(wiring.Component):
    """All parts between wires and pixels, reading every frame."""

    def __init__(self, sensor: Sensor):
        self._sensor = sensor
        self.reader, self.decoder, self.scaler = (
            FrameReader(sensor),
            Decoder(sensor),
            Scaler(sensor),
        )
        super().__init__({"wires": In(WIRES), "o": Out(self.scaler.o.signature)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.sampler = sampler = Sampler()
        m.submodules.reader = self.reader
        m.submodules.decoder = self.decoder
        m.submodules.scaler = self.scaler
        connect(m, sampler.o, self.reader.i)
        connect(m, self.reader.o, self.decoder.i)
        connect(m, self.decoder.o, self.scaler.i)
        m.d.comb += [
            sampler.wires.eq(self.wires),
            self.reader.line_end.eq(sampler.line_end),
            self.reader.frame_end.eq(sampler.frame_end),
            self.reader.wanted.eq(1),
            self.decoder.swapped.eq(self._sensor.swapped),
            self.o.valid.eq(self.scaler.o.valid),
            self.o.payload.eq(self.scaler.o.payload),
        ]
        return m


def play(simulate, wires, dut, frames, size, slowest):
    """Pixels in lists, each of which ends with ``last``; and the reader's verdicts."""
    got, told = [], []

    async def drive(ctx):
        bus = wires(ctx, dut.wires, slowest=slowest)
        ctx.set(dut.scaler.height, size[0])
        ctx.set(dut.scaler.width, size[1])
        for frame in frames:
            await bus.frame(frame)
        await bus.vsync()

    async def watch(ctx):
        while True:
            if ctx.get(dut.o.valid):
                payload = ctx.get(dut.o.payload)
                if payload.first:
                    got.append([])
                got[-1].append([payload.pixel[color] for color in ("red", "green", "blue")])
                if payload.last:
                    got.append([])
            told.extend(
                name for name in ("begun", "whole", "damaged") if ctx.get(getattr(dut.reader, name))
            )
            await ctx.tick()

    simulate(dut, drive, background=[watch])
    return [pixels for pixels in got if pixels], told


@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize(
    ("size", "slowest", "swapped"),
    [((2, 3), 2, 0), ((4, 6), 3, 1), ((5, 4), 2, 1), ((9, 14), 2, 0), ((6, 13), 4, 0)],
)
def test_pixels_are_the_references(simulate, wires, encoding, swapped, size, slowest):
    sensor = Sensor(height=9, width=14, encoding=encoding, swapped=bool(swapped))
    frames = [noise(9, 28, seed=seed) for seed in range(2)]
    dut = Chain(sensor)
    got, told = play(simulate, wires, dut, frames, size, slowest)
    assert told == ["begun", "whole"] * 2 + ["begun"]
    assert len(got) == 2
    for pixels, frame in zip(got, frames, strict=True):
        assert np.array_equal(np.array(pixels).reshape(*size, 3), seen(frame, sensor, *size))


def test_scales_are_those_of_the_reference():
    sensor = Sensor(height=9, width=14)
    sizes = [(2, 3), (4, 6), (5, 4), (9, 14), (6, 13)]
    assert [Crop.of(sensor, *size).scale for size in sizes] == [4, 2, 1, 1, 1]


def test_a_picture_that_is_larger_than_the_sensors_is_none(simulate, wires):
    frame = noise(4, 12)
    dut = Chain(Sensor(height=4, width=6))
    got, told = play(simulate, wires, dut, [frame], (5, 6), 2)
    assert got == [] and told == ["begun", "whole", "begun"]


def test_the_extremes_of_colours(simulate, wires):
    """Every pair of extreme differences at every extreme of luminance."""
    ends = (0, 1, 16, 127, 128, 129, 240, 254, 255)
    lines = [[y, u, 255 - y, v] for y in ends for u in ends for v in ends]
    sensor = Sensor(height=len(ends), width=2 * len(ends) ** 2)
    frame = np.array(lines, np.uint8).reshape(sensor.height, -1)
    dut = Chain(sensor)
    size = (sensor.height, sensor.width)
    got, _ = play(simulate, wires, dut, [frame], size, 2)
    assert np.array_equal(np.array(got[0]).reshape(*size, 3), seen(frame, sensor, *size))
