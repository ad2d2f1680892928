"""Bench of the class sums: frames in tiles against NumPy, read as soon as they are complete."""

import cocotb
import numpy as np

from hw.engine.sums import ClassSums, beat
from plan import latency
from sim.play import play
from sim.runner import parameters, reset


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def equals_numpy(dut):
    p = parameters()
    rng = np.random.default_rng(p["seed"])
    columns, groups, bits, both = p["columns"], p["groups"], p["bits"], p["pixels"]
    layout = beat(columns, groups, both)
    beats: dict[int, dict] = {}
    reads: dict[int, int] = {}
    wants: dict[int, int] = {}
    now = 2
    for frame in range(p["frames"]):
        gap = [0.0, 0.3][frame % 2]
        total = np.zeros((groups, columns), np.int64)
        for tile in range(int(rng.integers(1, 5))):
            pixels = int(rng.choice([1, 2, 3, 17]))
            for group in range(groups):
                values = rng.integers(-128 * both, 127 * both + 1, (pixels, columns))
                if frame % 3 == 0:
                    values += 128 * both  # a network with a last ReLU
                if frame < 2:
                    values[:] = both * (-128 if frame else 255)
                total[group] += values.sum(axis=0)
                for pixel, value in enumerate(values.tolist()):
                    while rng.random() < gap:
                        now += 1
                    beats[now] = {
                        "data": value,
                        "group": group,
                        "first": pixel == 0,
                        "last": pixel == pixels - 1,
                        "fresh": tile == 0,
                    }
                    now += 1
        now = now - 1 + latency.SUMS
        for group in range(groups):
            reads[now] = group
            wants[now + ClassSums.READ_LATENCY] = sum(
                int(value) % (1 << bits) << bits * k for k, value in enumerate(total[group])
            )
            now += 1
        now += 1  # the last group's number is on its way
    cycles = range(now + ClassSums.READ_LATENCY)
    noise = [int.from_bytes(rng.bytes(layout.size // 8 + 1), "little") for _ in cycles]
    mask = (1 << layout.size) - 1
    inputs = {
        "i__valid": [int(c in beats) for c in cycles],
        "i__payload": [
            layout.const(beats[c]).as_bits() if c in beats else noise[c] & mask for c in cycles
        ],
        "group": [reads.get(c, int(rng.integers(groups))) for c in cycles],
        "reading": [int(c in reads) for c in cycles],
    }
    if groups == 1:
        del inputs["group"]  # of no bits
    await reset(dut)
    got = await play(dut, inputs, ["sums"])
    for cycle, want in wants.items():
        assert got["sums"][cycle] == want, f"cycle {cycle}"
    dut._log.info("%d beats, %d sums", len(beats), len(wants))
