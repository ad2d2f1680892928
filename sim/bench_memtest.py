"""Bench of the memory test: it leaves the rows alone, and finds lines that are broken."""

from random import Random

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge

from plan import sdram
from sim.bench_sdram_source import STEADY, load, settled
from sim.runner import parameters, reset
from sim.streams import collect


@cocotb.test(timeout_time=50, timeout_unit="ms")
async def tests_what_is_free(dut):
    p = parameters()
    rng = Random(p["seed"])
    await reset(dut)
    rows = [rng.getrandbits(p["width"]) for _ in range(p["rows"])]
    await load(dut, dict(enumerate(rows)), rng)
    dut.rows.value = len(rows)
    await ClockCycles(dut.clk, STEADY)
    dut.stuck_address.value = p["stuck_address"]
    dut.stuck_data.value = p["stuck_data"]
    dut.test.value = 1
    await RisingEdge(dut.clk)
    dut.test.value = 0
    await RisingEdge(dut.clk)
    assert int(dut.busy.value)
    await settled(dut)

    taken = -(-len(rows) * sdram.words(p["width"]) // sdram.COLUMNS)
    free = int(dut.words.value)
    assert free == (p["pages"] - taken) * sdram.COLUMNS
    wrong, bits, address = (int(part.value) for part in (dut.wrong, dut.bits, dut.address))
    if p["stuck_data"]:
        # Each word asks the broken bit for a one in one of the passes.
        assert (wrong, bits) == (free, p["stuck_data"])
    elif p["stuck_address"]:
        # Of two words at one place, one is lost in each pass.
        assert bits == 0xFFFF
        assert free - free // 100 < wrong <= free
    if wrong:
        assert taken * sdram.COLUMNS <= address < p["pages"] * sdram.COLUMNS
    else:
        assert not p["stuck_data"] and not p["stuck_address"]
        dut.run.value = 1
        assert await collect(dut, "o", len(rows), rng=rng) == rows
