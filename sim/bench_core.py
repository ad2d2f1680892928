"""Bench of the whole core: start, wait for the last result; ``bench_core.sv`` does the rest."""

import cocotb
from cocotb.triggers import RisingEdge, with_timeout

from sim.runner import CLOCK_NS, parameters


@cocotb.test()
async def moves_all_frames(dut):
    await with_timeout(RisingEdge(dut.done), parameters()["watchdog"] * CLOCK_NS, "ns")
