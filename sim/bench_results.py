"""Bench of the results: it plays the engine and its class sums, and counts the cycles itself."""

from random import Random

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge

from hw.engine.sums import ClassSums
from plan import latency
from sim.runner import parameters, reset
from sim.streams import collect

FRAMES = 12


class ClassMemory:
    """Answers ``group`` after ``ClassSums.READ_LATENCY`` cycles, always."""

    def __init__(self, dut, columns: int, bits: int):
        self._dut, self._columns, self._bits = dut, columns, bits
        self.sums: list[int] = []

    async def answer(self) -> None:
        groups = [0] * ClassSums.READ_LATENCY
        while True:
            await FallingEdge(self._dut.clk)
            groups.append(int(self._dut.group.value) if hasattr(self._dut, "group") else 0)
            await RisingEdge(self._dut.clk)
            first = groups.pop(0) * self._columns
            mask = (1 << self._bits) - 1
            self._dut.sums.value = sum(
                (value & mask) << self._bits * column
                for column, value in enumerate(self.sums[first : first + self._columns])
            )


@cocotb.test(timeout_time=10, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.6])
async def tells_sums_and_cycles(dut, stall):
    p = parameters()
    rng = Random(p["seed"])
    limit = 1 << p["bits"] - 1
    memory = ClassMemory(dut, p["columns"], p["bits"])
    for name in ("idle", "taken", "starved", "done", "o__ready"):
        getattr(dut, name).value = 0
    dut.count.value = p["classes"]
    await reset(dut)
    cocotb.start_soon(memory.answer())

    async def cycle(**inputs: int) -> bool:
        """One clock cycle with these inputs, the others low; whether ``start`` was high."""
        for name in ("idle", "taken", "starved", "done"):
            getattr(dut, name).value = inputs.get(name, 0)
        await FallingEdge(dut.clk)
        assert not int(dut.o__valid.value), "a result before the frame is done"
        begins = bool(int(dut.start.value))
        await RisingEdge(dut.clk)
        return begins

    for frame in range(FRAMES):
        for _ in range(rng.randrange(3)):
            assert not await cycle(), "a frame begins in an engine that is not idle"
        assert await cycle(idle=1), "no frame begins"
        for _ in range(rng.randrange(4)):
            # What is starved before the first pixel does not count, nor is another frame begun.
            assert not await cycle(idle=1, starved=rng.randrange(2))
        count = 1
        assert not await cycle(taken=1)
        for _ in range(rng.choice([0, 1, 50])):
            starved = rng.random() < 0.3
            count += not starved
            assert not await cycle(taken=rng.randrange(2), starved=starved, idle=rng.randrange(2))
        count += latency.SUMS
        memory.sums = [-1] * p["classes"]  # not complete yet
        assert not await cycle(done=1)
        memory.sums = [rng.randrange(-limit, limit) for _ in range(p["classes"])]
        if frame == 0:
            memory.sums[:2] = [-limit, limit - 1]
        dut.done.value = 0
        got = await collect(dut, "o", p["classes"] + 1, stall=stall, rng=rng)
        assert got == [value & 0xFFFFFFFF for value in memory.sums] + [count | 1 << 32]
