"""Bench of the systolic array: passes of random weights and pixels against a matrix product.

While nothing is offered or loaded, the ports carry noise. Sets of weights are loaded at the first
moment the array allows or later, with gaps or without, and used at once or later.
"""

from dataclasses import dataclass, field

import cocotb
import numpy as np

from hw.engine.pe import sum_shape
from plan import array_timing
from sim.play import play
from sim.runner import parameters, reset


@dataclass(kw_only=True)
class Script:
    """What happens in which cycle."""

    swaps: set[int] = field(default_factory=set)
    loads: dict[int, np.ndarray] = field(default_factory=dict)  # a row of weights
    pixels: dict[int, np.ndarray] = field(default_factory=dict)
    sums: dict[int, np.ndarray] = field(default_factory=dict)


def script(
    rng: np.random.Generator, rows: int, columns: int, settle: int, passes: int, pixels: int
) -> Script:
    """Random passes; every other one is as short as the array allows, and so is what follows."""
    s = Script()
    load = 3
    for number in range(passes):
        tight = number % 4 < 2
        if number < 4:
            weights = rng.choice([-127, 127], (rows, columns)) * (1 if number % 2 else -1)
        else:
            weights = rng.integers(-127, 128, (rows, columns))
        for row in reversed(range(rows)):
            s.loads[load] = weights[row]
            load += 1 if tight else rng.integers(1, 4)
        start = max([load, *(cycle + 1 for cycle in s.pixels)]) + (0 if tight else rng.integers(4))
        s.swaps.add(start)
        count = 1 if tight and number % 2 else settle + rows + (0 if tight else rng.integers(9))
        for cycle in range(start, start + count):
            if cycle == start or tight or rng.random() < 0.8:
                shape = (pixels, rows)
                values = rng.choice([0, 255], shape) if number < 4 else rng.integers(0, 256, shape)
                s.pixels[cycle] = values.ravel()
                s.sums[cycle] = (values @ weights).ravel()
        load = start + settle + (0 if tight else rng.integers(5))
    return s


def pack(values, bits: int) -> int:
    return sum(int(v) % (1 << bits) << bits * k for k, v in enumerate(values))


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def equals_a_matrix_product(dut):
    p = parameters()
    rng = np.random.default_rng(p["seed"])
    rows, columns = p["rows"], p["columns"]
    pixels = p.get("pixels", 1)
    latency = array_timing.latency(rows, columns, p["lut_rows"], pixels)
    settle = array_timing.settle(rows)
    s = script(rng, rows, columns, settle - p["impatience"], p["passes"], pixels)
    cycles = range(max(s.sums) + latency + 1)

    def noise(count, bits):
        return rng.integers(0, 1 << bits, count)

    def pairs(row):
        return 1024 * row[0::2] + row[1::2]

    inputs = {
        "i": [pack(s.pixels.get(c, noise(pixels * rows, 8)), 8) for c in cycles],
        "swap": [int(c in s.swaps) for c in cycles],
        "weights": [
            pack(pairs(s.loads[c]) if c in s.loads else noise(columns // 2, 18), 18) for c in cycles
        ],
        "load": [int(c in s.loads) for c in cycles],
    }
    await reset(dut)
    got = await play(dut, inputs, p["outputs"])
    for name, values in got.items():
        for cycle, sums in s.sums.items():
            assert values[cycle + latency] == pack(sums, sum_shape(rows).width), (
                f"{name}, cycle {cycle}"
            )
    dut._log.info("%d pixels", len(s.sums))
