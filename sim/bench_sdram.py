"""Bench of the SDRAM's controller: words written and streamed, as fast as the plan says."""

from random import Random

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from plan import sdram
from sim.runner import parameters, reset
from sim.streams import collect, drive


async def fill(dut, words: dict[int, int], rng: Random, *, stall: float = 0.0) -> None:
    """Write words by their addresses."""
    await drive(
        dut, "i", [data << 24 | address for address, data in words.items()], stall=stall, rng=rng
    )


async def begin(dut, first: int, count: int) -> None:
    """Stream ``count`` words from ``first`` on, both whole bursts."""
    dut.run.value = 0
    dut.first.value = first // sdram.BURST
    dut.last.value = (first + count) // sdram.BURST - 1
    await RisingEdge(dut.clk)
    dut.run.value = 1


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def streams_what_was_written(dut):
    rng = Random(parameters()["seed"])
    await reset(dut)
    first = sdram.COLUMNS * rng.randrange(sdram.WORDS // sdram.COLUMNS - 8)
    words = {first + place: rng.getrandbits(16) for place in range(5 * sdram.COLUMNS + 16)}
    # Some words twice, and some in disorder.
    await fill(dut, {place: 0 for place in rng.sample([*words], 20)}, rng, stall=0.5)
    await fill(dut, dict([*words.items()][40:]), rng)
    await fill(dut, dict(rng.sample([*words.items()][:40], 40)), rng)
    values = [*words.values()]
    # The stream's end in the bank of its beginning, of its second page, in its first page; a page
    # begun, and full.
    for count, stall in ((2056, 0.0), (2576, 0.0), (512, 0.6), (24, 0.6), (8, 0.0), (1024, 0.2)):
        await begin(dut, first, count)
        want = values[:count] + (values[:count] * 13)[:100]
        assert await collect(dut, "o", len(want), stall=stall, rng=rng) == want, (count, stall)
    dut.run.value = 0


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def begins_anew_at_any_time(dut):
    rng = Random(parameters()["seed"])
    await RisingEdge(dut.clk)  # and no reset: the chip has none
    count = sdram.COLUMNS + 64
    words = {place: rng.getrandbits(16) for place in range(count)}
    await fill(dut, words, rng)
    for _ in range(120):
        await begin(dut, 0, count)
        assert await collect(dut, "o", 5, rng=rng) == [*words.values()][:5]
        for _ in range(rng.randrange(60)):
            await RisingEdge(dut.clk)


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def is_as_fast_as_planned(dut):
    p = parameters()
    timing = sdram.Sdram(clock_hz=p["clock_hz"])
    await RisingEdge(dut.clk)
    count = 20 * timing.interval
    count -= count % sdram.COLUMNS
    await begin(dut, 0, count)
    dut.o__ready.value = 1
    valid = []
    while len(valid) < 12 * timing.interval:
        await FallingEdge(dut.clk)
        valid.append(int(dut.o__valid.value))
    start = valid.index(1)
    steady = valid[start : start + 10 * timing.interval]
    assert sum(steady) == 10 * (timing.interval - timing.refresh_gap)
    gaps = "".join(map(str, steady)).strip("1").split("1")
    assert {len(gap) for gap in gaps if gap} == {timing.refresh_gap}
