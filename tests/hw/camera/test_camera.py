# amaranth: UnusedElaboratable=no
"""Whole frames count, and nothing else, whatever a camera does."""

from dataclasses import replace

import numpy as np
import pytest

from hw.camera import camera
from hw.camera.camera import Camera
from spec.camera import Encoding, Sensor, seen

SENSOR = Sensor(height=6, width=10, encoding=Encoding.RGB565)
SIZE = (3, 4)
SETUP = 700
"""Cycles that it takes to write two registers, and more."""


def noise(seed: int) -> np.ndarray:
    shape = (SENSOR.height, SENSOR.line_bytes)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


class Bench:
    """A camera, and what takes its frames as the board's guard does: one at a time."""

    def __init__(self, times, **more):
        self.dut = Camera(SENSOR, times, **more)
        self.frames: list[tuple[int, list]] = []  # whole ones: number, pixels
        self.counts = dict.fromkeys(("frames", "damaged", "skipped", "setups"), 0)
        self.ready = 1
        self.free = 1
        self.cancel_after = None  # so many cycles from the first pixel that is taken
        self._taking = None

    async def watch(self, ctx):
        dut = self.dut
        ctx.set(dut.height, SIZE[0])
        ctx.set(dut.width, SIZE[1])
        ctx.set(dut.wanted, 1)
        counts = dut.counts.as_value()
        set_to = None
        busy = 0
        while True:
            if self.cancel_after is not None and (self._taking or self.cancel_after < 1):
                self.cancel_after -= 1
            cancels = self.cancel_after == 0
            if self.cancel_after is not None:
                ctx.set(dut.cancel, cancels)
            levels = self.ready, int(self.free and self._taking is None)
            if levels != set_to:
                ctx.set(dut.o.ready, levels[0])
                ctx.set(dut.free, levels[1])
                set_to = levels
            if self.ready and ctx.get(dut.o.valid):
                seen = ctx.get(dut.o.payload)
                if seen.first:
                    assert self._taking is None, "a frame within a frame"
                    self._taking = []
                assert self._taking is not None, "a pixel of no frame"
                self._taking.append([seen.pixel[color] for color in ("red", "green", "blue")])
            was, busy = busy, ctx.get(dut.under_way)
            if was and not busy and self._taking is not None:
                assert len(self._taking) == SIZE[0] * SIZE[1], "under way no more, and not over"
            if cancels or ctx.get(dut.drop):
                self._taking = None
            elif len(self._taking or ()) == SIZE[0] * SIZE[1] and not ctx.get(dut.unsure):
                self.frames.append((ctx.get(dut.number), self._taking))
                self._taking = None
            if ctx.get(counts):
                for name in self.counts:
                    self.counts[name] += ctx.get(dut.counts)[name]
            await ctx.tick()

    def expect(self, *frames: tuple[int, np.ndarray]) -> None:
        assert [number for number, _ in self.frames] == [number for number, _ in frames]
        for (_, got), (_, data) in zip(self.frames, frames, strict=True):
            wanted = seen(data, SENSOR, *SIZE)
            assert np.array_equal(np.array(got).reshape(wanted.shape), wanted)


@pytest.fixture
def play(simulate, wires, times, monkeypatch):
    """A function that runs a scenario, given the wires, once the camera is set up; the bench."""
    table = camera.settings(SENSOR.encoding)[:2]
    monkeypatch.setattr(camera, "settings", lambda encoding: table)

    def play(scenario, *, times=times, there=True, **more):
        bench = Bench(times, **more)

        async def drive(ctx):
            bus = wires(ctx, bench.dut.wires)
            if there:
                await bus.line(noise(0)[0])  # it has power, and sends something
            await bus.set(SETUP)
            await scenario(bus, bench, ctx)
            await bus.vsync()

        simulate(bench.dut, drive, background=[bench.watch])
        return bench

    return play


def test_frame_after_frame(play):
    frames = [noise(seed) for seed in range(3)]

    async def scenario(bus, bench, ctx):
        for frame in frames:
            await bus.frame(frame)

    bench = play(scenario)
    bench.expect(*enumerate(frames, 1))
    assert bench.counts == {"frames": 3, "damaged": 0, "skipped": 0, "setups": 0}


async def short_line(bus, frame, line):
    await bus.vsync()
    for index, data in enumerate(frame):
        await bus.line(data[: -1 if index == line else None])


async def long_line(bus, frame, line):
    await bus.vsync()
    for index, data in enumerate(frame):
        await bus.line([*data, *data[: 1 if index == line else 0]])


async def missing_line(bus, frame, line):
    await bus.frame(data for index, data in enumerate(frame) if index != line)


async def early_vsync(bus, frame, line):
    await bus.frame(frame[:line])


async def vsync_in_a_line(bus, frame, line):
    """The rest counts as a frame of its own."""
    await bus.frame(frame[:line])
    for byte in frame[line][:7]:
        await bus.set(pclk=0, href=1, data=int(byte))
        await bus.set(pclk=1)
    await bus.set(vsync=1)
    await bus.set(vsync=0, pclk=0)
    await bus.line(frame[line][7:])


DAMAGES = {short_line: 1, long_line: 1, missing_line: 1, early_vsync: 1, vsync_in_a_line: 2}
"""And as how many damaged frames each counts."""


def test_damaged_frames_are_counted_and_the_next_one_is_right(play):
    cases = [(damage, line) for damage in DAMAGES for line in (0, 2, 5)]
    frames = [noise(seed) for seed in range(len(cases))]

    async def scenario(bus, bench, ctx):
        for (damage, line), frame in zip(cases, frames, strict=True):
            await damage(bus, noise(100), line)
            await bus.frame(frame)

    bench = play(scenario)
    pieces = [DAMAGES[damage] for damage, _ in cases]
    bench.expect(*((sum(pieces[: n + 1]) + n + 1, frame) for n, frame in enumerate(frames)))
    assert (bench.counts["frames"], bench.counts["damaged"]) == (len(cases), sum(pieces))


def test_lines_without_a_vsync_are_a_damaged_frame(play):
    frames = [noise(seed) for seed in range(3)]

    async def scenario(bus, bench, ctx):
        await bus.frame(frames[0])
        for data in frames[1]:
            await bus.line(data)
        await bus.frame(frames[2])

    bench = play(scenario)
    bench.expect((1, frames[0]), (2, frames[2]))
    assert (bench.counts["frames"], bench.counts["damaged"]) == (2, 1)


def test_a_frame_that_is_not_taken_in_time_is_skipped(play):
    frames = [noise(seed) for seed in range(4)]

    async def scenario(bus, bench, ctx):
        bench.free = 0
        await bus.frame(frames[0])
        bench.free, bench.ready = 1, 0
        await bus.frame(frames[1])  # its pixels do not fit
        bench.ready = 1
        await bus.frame(frames[2])
        await bus.frame(frames[3])

    bench = play(scenario, room=4)
    bench.expect((3, frames[2]), (4, frames[3]))
    assert bench.counts == {"frames": 4, "damaged": 0, "skipped": 2, "setups": 0}


def test_a_frame_may_wait_for_the_core(play):
    frame = noise(0)

    async def scenario(bus, bench, ctx):
        bench.ready = 0
        await bus.frame(frame)
        bench.ready = 1
        await bus.set(20)

    bench = play(scenario, room=16)  # more than its pixels
    bench.expect((1, frame))


def test_a_frame_is_skipped_while_another_waits(play):
    frames = [noise(seed) for seed in range(2)]

    async def scenario(bus, bench, ctx):
        bench.ready = 0
        await bus.frame(frames[0])
        await bus.frame(frames[1])
        bench.ready = 1
        await bus.set(60)

    bench = play(scenario, room=32)  # for both
    bench.expect((1, frames[0]))
    assert bench.counts["skipped"] == 1


@pytest.mark.parametrize("cycles", range(1, 17))  # a pixel comes in every so many
def test_nothing_of_a_cancelled_frame_is_left_behind(play, cycles):
    frames = [noise(seed) for seed in range(2)]

    async def scenario(bus, bench, ctx):
        bench.cancel_after = cycles
        await bus.frame(frames[0])
        await bus.frame(frames[1])

    bench = play(scenario)
    bench.expect((2, frames[1]))


def test_a_cancelled_frame_is_given_no_further(play):
    frames = [noise(seed) for seed in range(2)]

    async def scenario(bus, bench, ctx):
        await bus.vsync()
        for data in frames[0][:4]:
            await bus.line(data)
        ctx.set(bench.dut.cancel, 1)
        await ctx.tick()
        ctx.set(bench.dut.cancel, 0)
        bench._taking = None
        for data in frames[0][4:]:
            await bus.line(data)
        await bus.frame(frames[1])

    bench = play(scenario)
    bench.expect((2, frames[1]))


def test_the_first_frames_are_passed_over(play, times):
    frames = [noise(seed) for seed in range(4)]

    async def scenario(bus, bench, ctx):
        for frame in frames:
            await bus.frame(frame)

    bench = play(scenario, times=replace(times, settle=3))
    bench.expect((1, frames[3]))
    assert bench.counts["frames"] == 1


def test_a_camera_that_comes_back_is_set_up_before_a_frame_counts(play, times):
    frames = [noise(seed) for seed in range(4)]
    setups = []

    async def scenario(bus, bench, ctx):
        await bus.frame(frames[0])
        await bus.vsync()
        await bus.line(frames[1][0])
        await bus.set(times.gone + 10, href=0)  # the plug is out
        setups.append(bench.counts["setups"])
        await bus.frame(frames[2])  # what it sends before it is set up
        await bus.set(2 * SETUP)
        await bus.frame(frames[3])

    bench = play(scenario)
    assert setups == [1]
    bench.expect((1, frames[0]), (3, frames[3]))
    assert bench.counts == {"frames": 2, "damaged": 1, "skipped": 0, "setups": 1}


def test_a_camera_that_was_not_there_while_it_was_set_up_is_set_up_again(play):
    frames = [noise(seed) for seed in range(3)]

    async def scenario(bus, bench, ctx):
        await bus.frame(frames[0])
        await bus.set(SETUP)
        await bus.frame(frames[1])
        await bus.frame(frames[2])

    bench = play(scenario, there=False)
    assert bench.counts["setups"] == 1
    bench.expect((2, frames[1]), (3, frames[2]))


@pytest.mark.parametrize("room", (0, 2, 48))
def test_a_room_that_is_no_power_of_two_is_refused(times, room):
    with pytest.raises(ValueError, match=f"a power of two from 4, not {room}"):
        Camera(SENSOR, times, room=room)
