"""Bench of adders of masked operands: every carry length, in every width, cells and twin."""

from random import Random

import cocotb
from cocotb.triggers import RisingEdge

from sim.play import play
from sim.runner import parameters


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def adds(dut):
    p = parameters()
    rng = Random(p["seed"])
    widest = max(p["widths"])
    ones = (1 << widest) - 1
    # A carry from each bit to each other one, then anything.
    values = [
        (1 << low, ones, (1 << high) - (1 << low), ones)
        for high in range(1, widest + 1)
        for low in range(high)
    ]
    values += [tuple(rng.getrandbits(widest) for _ in range(4)) for _ in range(p["count"])]
    inputs = dict(zip("abcd", zip(*values, strict=True), strict=True))
    names = [f"{kind}_{width}" for kind in ("twin", "cells") for width in p["widths"]]
    await RisingEdge(dut.clk)
    got = await play(dut, inputs, names)
    for name in names:
        mask = (1 << int(name.partition("_")[2])) - 1
        want = [((a & b & mask) + (c & d & mask)) & mask for a, b, c, d in values]
        assert got[name] == want, name
