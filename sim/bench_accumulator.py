"""Bench of the accumulator: output groups of random passes and pixels against NumPy sums.

While no pixel is there, the ports carry noise. Every other group is as fast as engines are.
"""

import cocotb
import numpy as np

from hw.engine.accumulator import Tag
from plan import latency
from sim.play import play
from sim.runner import parameters, reset


def pack(values, bits: int) -> int:
    return sum(int(v) % (1 << bits) << bits * k for k, v in enumerate(values))


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def equals_numpy(dut):
    p = parameters()
    rng = np.random.default_rng(p["seed"])
    columns, depth = p["columns"], p["depth"]
    limit = 1 << p["sum_bits"] - 1
    tags, sums, totals, swaps = {}, {}, {}, set()
    now = 2
    for group in range(p["groups"]):
        tight = group % 2 == 0
        # No total reaches further than its width.
        passes = int(rng.integers(1, 9))
        pixels = int(rng.choice([1, 2, depth, rng.integers(1, depth)]))
        values = rng.integers(-limit, limit, (passes, pixels, columns))
        if group < 4:
            values = np.full_like(values, -limit if group % 2 else limit - 1)
        for number in range(passes):
            start = now
            for pixel in range(pixels):
                first_last = {"first": number == 0, "last": number == passes - 1}
                opens = pixel == 0 and number == passes - 1
                tags[now] = {"valid": 1, "end": pixel == pixels - 1, "open": opens} | first_last
                sums[now + latency.MEMORY_READ] = values[number, pixel]
                if number == passes - 1:
                    done = now + latency.MEMORY_READ + latency.ACCUMULATOR
                    totals[done] = values[:, pixel].sum(axis=0)
                    if pixel == 0:
                        swaps.add(done - 2)
                now += 1
            now = max(now, start + p["period_min"]) + (0 if tight else int(rng.integers(5)))
    cycles = range(now + 10)
    noise = rng.integers(0, 1 << len(Tag.members), len(cycles)) & ~1
    inputs = {
        "tag": [Tag.const(tags[c]).as_bits() if c in tags else int(noise[c]) for c in cycles],
        "i": [
            pack(sums[c] if c in sums else rng.integers(-limit, limit, columns), p["sum_bits"])
            for c in cycles
        ],
    }
    await reset(dut)
    got = await play(dut, inputs, ["swap", "o__valid", "o__payload"])
    assert [c for c in cycles if got["swap"][c]] == sorted(swaps)
    assert [c for c in cycles if got["o__valid"][c]] == sorted(totals)
    for cycle, total in totals.items():
        assert got["o__payload"][cycle] == pack(total, p["bits"]), f"cycle {cycle}"
    dut._log.info("%d totals", len(totals))
