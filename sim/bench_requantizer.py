"""Bench of a requantizer lane: everything changes every cycle, compared with the contract."""

from random import Random

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge, RisingEdge

from hw.engine.requantizer import Requantizer
from sim.runner import parameters, reset
from spec import arith

LIMIT = (1 << arith.ACCUMULATOR_BITS - 1) - 1
"""The largest magnitude of a sum."""

HALF = 1 << arith.SHIFT - 1


def ties():
    """(sum, multiplier) whose quotient lies halfway between two integers, both signs."""
    for shift in range(arith.SHIFT):
        for odd in (1, 3, 127):
            multiplier = odd << shift
            if multiplier < 1 << arith.MULTIPLIER_BITS:
                for k in range(-131, 258):
                    if (2 * k + 1) % odd == 0:
                        yield (2 * k + 1) * HALF // multiplier, multiplier


def borders(rng: Random):
    """Sums around each end of both output ranges, and around the split of the multiplication."""
    fixed = [1, 2, 3, 126, 127, 128, 129, 255, 256, 257, 32767, 32768, 65534, 65535]
    for multiplier in fixed + [rng.randrange(1, 1 << arith.MULTIPLIER_BITS) for _ in range(30)]:
        for halves in (-258, -257, -256, -255, -2, -1, 0, 1, 2, 253, 254, 255, 509, 510, 511, 512):
            for near in (-1, 0, 1, 2):
                yield halves * HALF // multiplier + near, multiplier
        for power in range(7, 18):  # every bit above the output range, alone
            for near in (-1, 0, 1, 2):
                yield (1 << power + arith.SHIFT) // multiplier + near, multiplier
                yield -(1 << power + arith.SHIFT) // multiplier - near, multiplier
        for edge in (0, 1 << 16, 1 << 17, 1 << 18, LIMIT - 1, LIMIT):
            for near in (-1, 0, 1):
                yield edge + near, multiplier
                yield -edge + near, multiplier


def inside(rng: Random, count: int):
    """Random pairs whose quotient is within the output range or a little outside."""
    for _ in range(count):
        multiplier = rng.randrange(1, 1 << rng.randrange(1, arith.MULTIPLIER_BITS + 1))
        yield rng.randrange(-140 << arith.SHIFT, 270 << arith.SHIFT) // multiplier, multiplier


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def equals_the_contract(dut):
    rng = Random(parameters()["seed"])
    pairs = [*ties(), *borders(rng), *inside(rng, parameters()["count"])]
    pairs = [pair for pair in pairs if abs(pair[0]) <= LIMIT]
    rng.shuffle(pairs)
    total, multiplier = np.array(pairs).T
    relu = np.array([rng.randrange(2) for _ in pairs])
    bias = np.array([rng.choice((0, rng.randint(-LIMIT, LIMIT))) for _ in pairs])
    bias = np.where(abs(total - bias) <= LIMIT, bias, 0)
    want = np.where(
        relu,
        arith.requantize(total, multiplier, relu=True),
        arith.requantize(total, multiplier, relu=False) & 255,
    )
    assert len(set(want.tolist())) == 256
    got = {"twin_o": [], "cells_o": []}

    async def cycle():
        await FallingEdge(dut.clk)
        for name, values in got.items():
            values.append(int(getattr(dut, name).value))
        await RisingEdge(dut.clk)

    await reset(dut)
    for values in zip(*(v.tolist() for v in (total - bias, bias, multiplier, relu)), strict=True):
        for port, value in zip(("accumulator", "bias", "multiplier", "relu"), values, strict=True):
            getattr(dut, port).value = value
        await cycle()
    for _ in range(Requantizer.LATENCY):
        await cycle()
    for name, values in got.items():
        wrong = np.flatnonzero(np.array(values[Requantizer.LATENCY :]) != want)
        assert not wrong.size, (
            f"{name}: {wrong.size} of {want.size} differ; the first: sum {total[wrong[0]]}, "
            f"multiplier {multiplier[wrong[0]]}, relu {relu[wrong[0]]}: "
            f"{values[Requantizer.LATENCY + wrong[0]]}, not {want[wrong[0]]}"
        )
    dut._log.info("%d results", want.size)
