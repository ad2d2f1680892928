# amaranth: UnusedElaboratable=no
"""Writes on the camera's bus, read by a protocol checker of its own; and what is written."""

import pytest

from hw.camera.ov7670 import ADDRESS, COM7, RESET, Setting, Times, settings
from hw.camera.sccb import SccbWriter
from hw.camera.setup import Setup
from spec.camera import Encoding, Sensor


def read(samples: list[tuple[int, int, int]], quarter: int) -> list[list[int]]:
    """The writes in samples of (clock, data, driven), a cycle each; every rule is checked."""
    writes, bits, last = [], None, (1, 1, 1)
    edge = -100 * quarter  # when the clock last changed
    for at, (clock, data, driven) in enumerate(samples):
        assert driven or clock == 0 or last[2] == 0, "the data wire was let go while it counts"
        if clock != last[0]:
            assert at - edge >= quarter, "the clock is too fast"
            edge = at
        if clock and last[0] and driven and last[2] and data != last[1]:
            if not data:
                assert bits is None, "a begin within a write"
                bits = []
            else:
                assert len(bits) == 28, "an end within a byte"  # the clock's last rise is the end's
                phases = [bits[start : start + 9] for start in (0, 9, 18)]
                assert all(bit is None for *_, bit in phases), "a ninth bit was driven"
                assert all(bit is not None for phase in phases for bit in phase[:8])
                writes.append([int("".join(map(str, phase[:8])), 2) for phase in phases])
                bits = None
        elif clock and not last[0] and bits is not None:
            bits.append(data if driven else None)
        last = clock, data, driven
    assert bits is None
    return writes


@pytest.mark.parametrize("quarter", [1, 3])
def test_what_is_written_is_what_a_checker_reads(simulate, quarter):
    dut = SccbWriter(address=ADDRESS, quarter=quarter)
    writes = [(0x12, 0x80), (0x00, 0xFF), (0xA5, 0x5A)]
    samples = []

    async def watch(ctx):
        while True:
            samples.append(tuple(ctx.get(wire) for wire in (dut.clock, dut.data, dut.drives)))
            await ctx.tick()

    async def give(ctx):
        for register, value in writes:
            ctx.set(dut.i.payload, {"register": register, "value": value})
            ctx.set(dut.i.valid, 1)
            await ctx.tick().until(dut.i.ready)
            ctx.set(dut.i.valid, 0)
        await ctx.tick().until(dut.i.ready)
        await ctx.tick().repeat(2)

    simulate(dut, give, background=[watch])
    assert read(samples, quarter) == [[ADDRESS, *write] for write in writes]


def test_the_table_follows_a_reset_and_a_pause_each_time(simulate):
    table = settings(Encoding.YUV422)[:3]
    dut = Setup(table=table, pause=50)
    taken = []

    async def bench(ctx):
        ctx.set(dut.o.ready, 1)
        for _ in range(2):
            cycle = 0
            while not ctx.get(dut.done):
                if ctx.get(dut.o.valid):
                    taken.append((cycle, ctx.get(dut.o.payload)))
                    ctx.set(dut.o.ready, 0)
                    await ctx.tick().repeat(5)
                    ctx.set(dut.o.ready, 1)
                cycle += 1
                await ctx.tick()
            ctx.set(dut.again, 1)
            await ctx.tick()
            ctx.set(dut.again, 0)

    simulate(dut, bench)
    wanted = [(COM7, RESET), *((item.register, item.value) for item in table)]
    assert [(write.register, write.value) for _, write in taken] == wanted * 2
    for first in (0, len(wanted)):
        assert taken[first][0] >= 49 and taken[first + 1][0] - taken[first][0] >= 50


@pytest.mark.parametrize("encoding", Encoding)
def test_the_table_sets_each_register_once(encoding):
    registers = [item.register for item in settings(encoding)]
    assert len(set(registers)) == len(registers)
    assert registers[0] == COM7 and registers[-1] == 0x11


def test_times_of_the_chip():
    vga = Sensor()
    times = Times.of(100_000_000, vga)
    assert (times.xclk, times.quarter, times.pause) == (2, 250, 1_000_000)
    assert times.gone == 64 * 784 * 2 * 4
    assert Times.of(125_000_000, vga).xclk == 3


def test_what_is_no_set_up_is_refused():
    with pytest.raises(ValueError, match="at least 2 cycles, not 1"):
        Times(xclk=1, quarter=1, pause=1, first=1, gone=1, settle=0)
    with pytest.raises(ValueError, match="must be bytes"):
        Setting(name="X", register=256, value=0, why="")
    with pytest.raises(ValueError, match="even byte, not 0x43"):
        SccbWriter(address=0x43, quarter=1)
    with pytest.raises(ValueError, match="must have a table"):
        Setup(table=(), pause=1)
