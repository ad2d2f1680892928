"""Bench of the SDRAM as a source of weight rows: loaded and streamed."""

from random import Random

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge, Timer

from plan import sdram
from sim.runner import parameters, reset
from sim.streams import collect, drive

STEADY = 8
"""Cycles for which the number of rows stands before ``run``."""


async def settled(dut) -> None:
    while not int(dut.settled.value):
        await Timer(100, unit="ns")
    await RisingEdge(dut.clk)


async def load(dut, rows: dict[int, int], rng: Random) -> None:
    """Load rows by their places."""
    shift = (sdram.capacity(parameters()["width"]) - 1).bit_length()
    await drive(dut, "i", [row << shift | place for place, row in rows.items()], rng=rng)
    await settled(dut)


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def streams_rows(dut):
    p = parameters()
    rng = Random(p["seed"])
    await reset(dut)
    for count in p["counts"]:
        rows = {place: rng.getrandbits(p["width"]) for place in range(count)}
        order = [*rows.items()]
        rng.shuffle(order)
        await load(dut, {order[0][0]: 0} | dict(order), rng)
        dut.rows.value = count
        for stall in (0.0, 0.9):
            dut.run.value = 1
            want = ([*rows.values()] * (60 // count + 2))[: count + 60]
            assert await collect(dut, "o", len(want), stall=stall, rng=rng) == want, count
            dut.run.value = 0
            await ClockCycles(dut.clk, STEADY)


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def stores_rows(dut):
    """A pause fills the store; then a row comes in every cycle until it is used up."""
    p = parameters()
    rng = Random(p["seed"])
    timing = sdram.Sdram(clock_hz=p["clock_hz"])
    count = max(p["counts"])
    rows = {place: rng.getrandbits(p["width"]) for place in range(count)}
    await load(dut, rows, rng)
    dut.rows.value = count
    await ClockCycles(dut.clk, STEADY)
    dut.run.value = 1
    row_cycles = sdram.row_cycles(timing, p["width"])
    await ClockCycles(dut.clk, int(row_cycles * (p["depth"] + 20)) + timing.refresh_gap)
    dut.o__ready.value = 1
    for _ in range(p["depth"]):
        await FallingEdge(dut.clk)
        assert int(dut.o__valid.value)
        await RisingEdge(dut.clk)
    dut.run.value = 0
    dut.o__ready.value = 0
