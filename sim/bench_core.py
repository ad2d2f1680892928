"""Bench of the whole core: start, wait for the last result; ``bench_core.sv`` does the rest."""

import cocotb
from cocotb.triggers import First, RisingEdge, with_timeout

from sim.runner import CLOCK_NS, parameters


@cocotb.test()
async def moves_all_frames(dut):
    end = First(RisingEdge(dut.done), RisingEdge(dut.broken))
    await with_timeout(end, parameters()["watchdog"] * CLOCK_NS, "ns")
    assert not dut.broken.value, "a result changed before it was taken"
