"""Bench of the multiplier, cells and twin: the product, always as many cycles later."""

from random import Random

import cocotb

from hw.ecp5.multiplier import WIDTH, Multiplier
from sim.play import play
from sim.runner import parameters, reset


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def multiplies(dut):
    rng = Random(parameters()["seed"])
    top = 1 << WIDTH - 1
    corners = [-top, -top + 1, -1, 0, 1, top - 1]
    pairs = [(a, b) for a in corners for b in corners]
    pairs += [(rng.randrange(-top, top), rng.randrange(-top, top)) for _ in range(2000)]
    inputs = {
        "a": [a % (1 << WIDTH) for a, _ in pairs],
        "b": [b % (1 << WIDTH) for _, b in pairs],
    }
    await reset(dut)
    got = await play(dut, inputs, ["twin_o", "cells_o"], after=Multiplier.LATENCY)
    want = [a * b % (1 << 2 * WIDTH) for a, b in pairs]
    for name, values in got.items():
        assert values[Multiplier.LATENCY :] == want, name
