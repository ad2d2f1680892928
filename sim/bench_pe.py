"""Bench of a processing element: another pair of weights and another activation every cycle."""

from itertools import product
from random import Random

import cocotb

from plan import array_timing
from sim.play import play
from sim.runner import parameters, reset

SUM = 16
"""Bits of a product of a weight and an activation."""


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def multiplies_two_weights(dut):
    p = parameters()
    rng = Random(p["seed"])
    weights = [-127, -126, -65, -64, -63, -33, -32, -1, 0, 1, 31, 32, 63, 64, 65, 127]
    activations = [0, 1, 2, 63, 64, 127, 128, 191, 254, 255]
    triples = [*product(weights, weights, activations)]
    triples += [
        (rng.randint(-127, 127), rng.randint(-127, 127), rng.randrange(256))
        for _ in range(p["count"])
    ]
    rng.shuffle(triples)
    # With one row, weights are loaded in one cycle, and swapped in with the next one's activation.
    pairs = [(1024 * a + b) % (1 << 18) for a, b, _ in triples]
    inputs = {
        "weights": [*pairs, 0],
        "i": [0, *(u for *_, u in triples)],
        "load": [1] * len(pairs) + [0],
        "swap": [0] + [1] * len(pairs),
    }
    latency = array_timing.latency(1, 2, p["lut_rows"])
    await reset(dut)
    got = await play(dut, inputs, ["twin_o", "cells_o"], after=latency)
    want = [a * u % (1 << SUM) | b * u % (1 << SUM) << SUM for a, b, u in triples]
    for name, values in got.items():
        assert values[latency + 1 :] == want, name
