"""Bench of the weight loader: passes in a row, jumps between them, and every cycle foretold."""

from dataclasses import dataclass
from random import Random

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from plan import latency
from sim.runner import parameters, reset

ROWS = 60
PASSES = 200


def contents(*, rows: int, width: int) -> list[int]:
    """Words of a memory; neighbours differ."""
    rng = Random(7)
    return [rng.randrange(1 << width - 1) << 1 | row % 2 for row in range(rows)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """When a pass is known and started, and when its weights are read; cycles."""

    jump: bool
    first: int
    known: int
    read: int
    start: int


def script(rng: Random, rows: int, delay: int) -> list[Pass]:
    """Passes known and started as early as can be, or later."""
    passes = []
    start = -1  # reset does what a start does
    after = ROWS
    for _ in range(PASSES):
        calm = rng.random() < 0.4
        jump = after + rows > ROWS or rng.random() < 0.3
        first = rng.randrange(ROWS - rows + 1) if jump else after
        known = start + (1 if calm else rng.randrange(1, 2 * delay))
        read = max(start + delay, known + 1)
        start = read + rows + latency.LOADER + (0 if calm else rng.randrange(8))
        passes.append(Pass(jump=jump, first=first, known=known, read=read, start=start))
        after = first + rows
    return passes


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def loads_in_time(dut):
    p = parameters()
    rng = Random(p["seed"])
    init = contents(rows=ROWS, width=p["width"])
    await reset(dut)
    now = 0
    loads: dict[int, int] = {}
    for one in script(rng, p["rows"], p["delay"]):
        for row in range(p["rows"]):
            loads[one.read + row + latency.MEMORY_READ] = init[one.first + row]
        while now <= one.start:
            known = now >= one.known
            dut.known.value = int(known)
            dut.jump.value = int(one.jump) if known else rng.randrange(2)
            dut.place.value = one.first if known and one.jump else rng.randrange(ROWS)
            dut.start.value = int(now == one.start)
            await FallingEdge(dut.clk)
            assert int(dut.ready.value) == (now >= one.read + p["rows"]), f"cycle {now}"
            assert int(dut.load.value) == (now in loads), f"cycle {now}"
            if now in loads:
                assert int(dut.weights.value) == loads.pop(now), f"cycle {now}"
            await RisingEdge(dut.clk)
            now += 1
