"""Bench of the parameter loader: groups fetched and swapped as late and as early as allowed."""

from random import Random

import cocotb

from plan import latency
from sim.bench_weights import contents
from sim.play import play
from sim.runner import parameters, reset

FETCH = latency.MEMORY_READ + 1
"""Cycles from a fetch to the swap that finds its first word in place; the others follow one by
one."""

GROUPS = 150


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def holds_the_groups(dut):
    p = parameters()
    rng = Random(p["seed"])
    columns, width = p["columns"], p["width"]
    init = contents(rows=p["groups"] * columns, width=width)
    loads: dict[int, int] = {}
    swaps: dict[int, int] = {}
    load = swap = 0
    for _ in range(GROUPS):
        group = rng.randrange(p["groups"])
        # The next fetch must leave the words before alone until they are swapped in.
        load = max(load + columns + 1, swap - FETCH) + rng.choice([0, 0, rng.randrange(9)])
        loads[load] = group
        swap = max(swap + 1, load + FETCH + columns) + rng.choice([0, 0, rng.randrange(9)])
        words = reversed(init[group * columns : (group + 1) * columns])
        swaps[swap] = sum(word << width * column for column, word in enumerate(words))
    cycles = range(swap + 3)
    inputs = {
        "load": [int(c in loads) for c in cycles],
        "group": [loads.get(c, rng.randrange(p["groups"])) for c in cycles],
        "swap": [int(c in swaps) for c in cycles],
    }
    await reset(dut)
    got = await play(dut, inputs, ["params"])
    want = 0
    for cycle in cycles:
        assert got["params"][cycle] == want, f"cycle {cycle}"
        want = swaps.get(cycle - 1, want)
