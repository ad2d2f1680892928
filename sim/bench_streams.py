"""Bench of the stream drivers themselves: everything sent must arrive, in order."""

from random import Random

import cocotb

from sim.runner import parameters, reset
from sim.streams import collect, drive


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(offer=[0.0, 0.6], take=[0.0, 0.6])
async def passes_all(dut, offer, take):
    rng = Random(parameters()["seed"])
    sent = [rng.getrandbits(8) for _ in range(200)]
    await reset(dut)
    cocotb.start_soon(drive(dut, "i", sent, stall=offer, rng=rng))
    assert await collect(dut, "o", len(sent), stall=take, rng=rng) == sent
