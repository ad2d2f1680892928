"""Bench of the issue side: the cycle of every pass foretold from when what it waits for comes.

The bench plays the weight loader, the window generator and the write side, each as fast as can be
or late at random. What a step's fields mean is said in :mod:`sim.walk`.
"""

from collections import deque
from collections.abc import Sequence
from random import Random

import cocotb
from amaranth.lib import data
from cocotb.triggers import FallingEdge, RisingEdge

from hw.engine.accumulator import Tag
from hw.fire.fetcher import write_layout
from plan import latency
from plan.instruction import Format
from plan.planner import Plan
from plan.steps import Step
from sim.networks import chosen
from sim.runner import parameters, reset
from sim.walk import Pass, passes, together

FRAMES = 2

ADDRESS = 1
"""Cycles from a pass's start to its first pixel's address."""


Addresses = Sequence[int | None]
"""Coded as in :mod:`sim.walk`, a pixel each."""


class Surroundings:
    """When weights are ready, rows of patches done and steps retired, in cycles."""

    def __init__(self, plan: Plan, rng: Random, slow: int):
        self._plan, self._rng, self._slow = plan, rng, slow
        self.ready = plan.engine.pass_cycles_min
        self.rows: list[int] = []
        self.retired: list[int] = []
        self._room: list[int] = []
        self._rows_left = 0

    def _late(self) -> int:
        return self._rng.choice([0, self._rng.randint(0, self._slow)])

    def finished(self, now: int) -> int:
        """Steps that retired before this cycle."""
        return sum(cycle < now for cycle in self.retired)

    def frame(self, now: int) -> None:
        """A frame's rows of patches may be made from now on."""
        self._rows_left = self._plan.network.first.o.height
        self._room = [now] * self._plan.program.window.ring_rows
        self._make()

    def _make(self) -> None:
        while self._room and self._rows_left:
            begin = max([self._room.pop(0), *self.rows[-1:]])
            self.rows.append(begin + 1 + self._late())
            self._rows_left -= 1

    def freed(self, now: int, count: int) -> None:
        """So many more rows may be made."""
        self._room += [now] * count
        self._make()

    def started(self, now: int) -> None:
        """The next pass's weights follow as those of a real loader, or later."""
        self.ready = now + self._plan.engine.pass_cycles_min - latency.LOADER + self._late()

    def issued(self, now: int) -> None:
        """A step's last pixel is on its way."""
        earliest = now + self._plan.engine.write_latency + self._late()
        self.retired.append(max([earliest, *(cycle + 1 for cycle in self.retired[-1:])]))


class Foretold:
    """What must be seen in which cycle, from the starts of passes on."""

    def __init__(self, banks: int):
        self._banks = banks
        self.address: dict[int, Addresses] = {}
        self.with_data: dict[int, tuple[Addresses, bool]] = {}
        self.with_pixel: dict[int, tuple[dict, bool]] = {}
        self.step: dict[int, dict] = {}
        self.params: dict[int, int] = {}
        self.free: dict[int, int] = {}

    def add(self, now: int, step: Step, number: int, one: Pass) -> None:
        """A pass starts now."""
        f = step.fields
        if number == 0:
            self.step[now + 1] = f
        if one.last:
            self.params[now + 1] = one.params
        if f["patch_rows"] and number == step.passes - 1:
            self.free[now + step.cycles + latency.FREE] = f["patch_rows"]
        for pixel, addresses in enumerate(together(one.addresses, step.width, self._banks)):
            at = now + ADDRESS + pixel
            self.address[at] = addresses
            self.with_data[at + latency.MEMORY_READ] = (addresses, bool(f["patch"]))
            tag = {
                "valid": 1,
                "first": one.first,
                "last": one.last,
                "end": pixel == step.cycles - 1,
                "open": one.last and pixel == 0,
            }
            self.with_pixel[now + latency.ISSUE + pixel] = (tag, pixel == 0)

    def check(self, dut, now: int, write: data.StructLayout) -> None:
        """What is foretold for this cycle is seen, and nothing else."""
        for address in filter(None.__ne__, self.address.pop(now, [])):
            word, bank = divmod(address, self._banks)
            even = self._banks == 2 and bank == 0
            assert int((dut.address_even if even else dut.address).value) == word
        if now in self.with_data:
            addresses, patch = self.with_data.pop(now)
            for pixel, address in enumerate(addresses):
                assert int(dut.zero.value) >> pixel & 1 == (address is None)
                assert address is None or int(dut.patch.value) == patch
                if address is not None and self._banks == 2:
                    assert int(dut.aside.value) == (address % 2 != pixel)
        tag, swap = self.with_pixel.pop(now, (None, False))
        got = Tag.from_bits(int(dut.tag.value))
        assert int(dut.swap.value) == swap
        assert got.valid == (tag is not None)
        assert tag is None or {name: got[name] for name in tag} == tag
        assert int(dut.params_load.value) == (now in self.params)
        if now in self.params:
            assert int(dut.params_group.value) == self.params.pop(now)
        assert int(dut.free.value) == self.free.pop(now, 0)
        assert int(dut.step__valid.value) == (now in self.step)
        if now in self.step:
            fields = self.step.pop(now)
            got = write.from_bits(int(dut.step__payload.value))
            assert all(got[name] == fields[name] for name in write.members)


class Issue:
    """The passes to come, and why the next one has not started yet."""

    NEVER = 1 << 60

    def __init__(self, plan: Plan, frames: int, around: Surroundings):
        self._around = around
        self._work = deque(
            (step, number, one)
            for _ in range(frames)
            for step in plan.program.steps
            for number, one in enumerate(passes(step, plan.engine))
        )
        self._rows_taken = 0
        self.begun = 0
        """Steps begun so far."""
        self.began = -1
        """When the last one did; reset fetches the first step as a step's start does the next."""
        self.ends = 0
        """The present pass's last pixel."""

    def __bool__(self) -> bool:
        return bool(self._work)

    @property
    def next(self) -> tuple[Step, int, Pass]:
        return self._work[0]

    @property
    def _rows(self) -> int:
        """When the rows of patches are there that the next pass needs."""
        step, number, _ = self.next
        count = step.fields["patch_rows"] if number == 0 else 0
        rows = self._around.rows
        if not count:
            return -latency.CONDITION
        return (
            rows[self._rows_taken + count - 1]
            if len(rows) >= self._rows_taken + count
            else self.NEVER
        )

    @property
    def _retired(self) -> int:
        """When few enough steps are unfinished for the next pass."""
        step, number, _ = self.next
        count = self.begun - step.fields["wait"] if number == 0 else 0
        retired = self._around.retired
        if count <= 0:
            return -latency.CONDITION
        return retired[count - 1] if len(retired) >= count else self.NEVER

    def starts(self, now: int) -> bool:
        """Whether the next pass starts in this cycle: when the last thing it waits for has come."""
        conditions = max(self._rows, self._retired) + latency.CONDITION
        return now == max(conditions, self._around.ready + 1, self.ends)

    def lacks_rows(self, now: int) -> bool:
        return now > self.ends and now <= self._rows

    def start(self, now: int) -> tuple[Step, int, Pass]:
        step, number, one = self._work.popleft()
        if number == 0:
            self.begun += 1
            self.began = now
            self._rows_taken += step.fields["patch_rows"]
        self.ends = now + step.cycles
        self._around.started(now)
        if number == step.passes - 1:
            self._around.issued(self.ends)
        return step, number, one


@cocotb.test(timeout_time=50, timeout_unit="ms")
@cocotb.parametrize(slow=[0, 60])
async def says_it_in_time(dut, slow):
    p = parameters()
    plan = chosen(p["network"], p["engine"])
    around = Surroundings(plan, Random(p["seed"]), slow)
    issue = Issue(plan, FRAMES, around)
    foretold = Foretold(plan.engine.pixels)
    write = write_layout(Format.of(plan.engine, plan.needs()))
    for name in ("weights_ready", "retire", "row_done"):
        getattr(dut, name).value = 0
    await reset(dut)
    now = frames = 0
    idle = False
    while issue or foretold.with_pixel:
        ready = bool(issue) and now >= around.ready
        dut.weights_ready.value = int(ready)
        dut.row_done.value = int(now in around.rows)
        dut.retire.value = int(now in around.retired)
        await FallingEdge(dut.clk)
        starts = bool(issue) and issue.starts(now)
        assert int(dut.start.value) == starts, f"cycle {now}"
        assert int(dut.idle.value) == idle, f"cycle {now}"
        if idle and frames * len(plan.program.steps) == issue.begun:
            frames += 1
            around.frame(now)
        if issue:
            _, number, one = issue.next
            known = bool(int(dut.weights_known.value))
            fetched = now > issue.began + latency.FETCH
            assert known or (number == 0 and not fetched)
            assert not known or int(dut.weights_jump.value) == (number == 0)
            assert number or not known or int(dut.weights_place.value) == one.weights
            if fetched:
                assert int(dut.waiting.value) == issue.lacks_rows(now), f"cycle {now}"
            idle = ready and not starts and number == 0 and issue.begun == around.finished(now)
        else:
            idle = False
        around.freed(now, foretold.free.get(now, 0))
        foretold.check(dut, now, write)
        if starts:
            foretold.add(now, *issue.start(now))
        await RisingEdge(dut.clk)
        now += 1
