"""Bench of the Fire controller: it meets an engine of any speed, and reads nothing too early.

The bench plays window generator, weight loader, array and memories, with random delays. Memories
hold names of words instead of data: what is read must be what the network says, written by then.
"""

from collections import defaultdict, deque
from dataclasses import replace
from random import Random

import cocotb
from amaranth.hdl import Shape
from amaranth.lib import data
from cocotb.triggers import FallingEdge, RisingEdge

from hw.engine.pool import Flags
from plan import latency
from plan.planner import Plan
from sim.expected import PATCHES, Beat, Expected
from sim.fire_controller import seen
from sim.networks import chosen, drawn
from sim.runner import parameters, reset
from sim.walk import together

VISIBLE = 2
"""Cycles from a write to the first read that sees it."""

BEHIND = latency.MEMORY_READ + 1
"""Cycles from a pixel's address in the memories' own registers, a cycle after the port, to its tag.
The data is there one cycle before the tag, and what is said of the data two."""

SLOW = 40
"""The most cycles that anything takes longer than it must."""


class Memory:
    """Names of words by address, and when they were written."""

    def __init__(self):
        self._writes = defaultdict(lambda: deque(maxlen=4))

    def write(self, cycle: int, key: tuple, name: tuple) -> None:
        self._writes[key].append((cycle, name))

    def read(self, cycle: int, key: tuple) -> tuple | None:
        """What a read presented in a cycle finds; it must not meet a write."""
        found = None
        for written, name in self._writes[key]:
            assert not written <= cycle < written + VISIBLE, f"{key} is read while it is written"
            if written < cycle:
                found = name
        return found


class Window:
    """Makes rows of patches while there is room, at its own pace, a frame after the other."""

    def __init__(self, plan: Plan, memory: Memory, rng: Random):
        self._patch, self._memory, self._rng = plan.program.patch, memory, rng
        self._o, self._banks = plan.network.first.o, plan.engine.pixels
        self._credit = plan.program.window.ring_rows
        self._frame, self._row, self._done_at = -1, self._o.height, None

    def begin(self) -> None:
        """Another frame."""
        self._frame, self._row = self._frame + 1, 0

    def react(self, cycle: int, freed: int) -> bool:
        """Whether a row is done in the next cycle."""
        self._credit += freed
        if self._done_at is None and self._credit and self._row < self._o.height:
            self._credit -= 1
            self._done_at = cycle + self._rng.randint(1, SLOW)
        if self._done_at != cycle:
            return False
        for plane in range(self._patch.planes):
            start = self._patch.base + plane * self._patch.plane + self._patch.offset(self._row)
            for x in range(self._o.width):
                name = (self._frame, (PATCHES, plane, self._row, x))
                column, bank = divmod(x, self._banks)
                self._memory.write(cycle, (PATCHES, bank, start + column), name)
        self._row += 1
        self._done_at = None
        return True


class Loader:
    """Fetches weights behind the present pass, as fast as the real one or slower."""

    def __init__(self, plan: Plan, rng: Random):
        self._rows, self._delay, self._rng = plan.engine.rows, plan.engine.load_delay, rng
        self._fetch_at, self._ready_at = self._delay, None
        self.row = -self._rows
        """The first weight row of the pass that starts next."""

    def react(self, cycle: int, o: dict[str, int]) -> bool:
        """Whether the next pass may start in the next cycle."""
        if o["start"]:
            self._fetch_at = cycle + self._delay + self._rng.choice([0, self._rng.randint(0, SLOW)])
            self._ready_at = None
        elif self._ready_at is None and cycle >= self._fetch_at and o["weights_known"]:
            self.row = o["weights_place"] if o["weights_jump"] else self.row + self._rows
            self._ready_at = cycle + self._rows + 1
        return self._ready_at is not None and cycle + 1 >= self._ready_at


class Bench:
    """The controller's surroundings, and what is expected of it."""

    def __init__(self, plan: Plan, frames: int, rng: Random):
        expected = Expected(plan)
        steps = [(frame, step) for frame in range(frames) for step in plan.program.steps]
        self._banks = banks = plan.engine.pixels
        self._pixels = deque(
            (f, some)
            for f, step in steps
            for some in together(expected.pixels(step), step.width, banks)
        )
        self._beats = deque(
            (f, some)
            for f, step in steps
            for some in together(expected.beats(step), step.width, banks)
        )
        self._params = deque(group for _, step in steps for group in expected.params(step))
        self._weights = deque(row for _, step in steps for row in expected.weight_rows(step))
        self._begins = deque(k == 0 for _, step in steps for k in range(step.passes))
        self._steps = len(steps)
        self._lanes = plan.engine.lanes
        self._memory = Memory()
        self._window = Window(plan, self._memory, rng)
        self._window.begin()
        self._loader = Loader(plan, rng)
        self._frames = frames
        self._slots: dict[tuple[int, int], tuple] = {}
        self._before: deque[dict[str, int]] = deque(maxlen=BEHIND + 2)
        self._array: deque[int] = deque()
        self._array_latency = rng.randint(10, 60)
        self._begun = self._retired = 0
        self._retiring: deque[tuple[int, bool]] = deque()

    @property
    def done(self) -> bool:
        return self._retired == self._steps

    def react(self, cycle: int, o: dict[str, int]) -> dict[str, int]:
        """Judge what the controller says in a cycle; what it is given in the next one."""
        self._before.append(o)
        assert not o["idle"] or self._begun == self._retired
        if o["start"]:
            assert self._loader.row == self._weights.popleft()
            self._begun += self._begins.popleft()
        if o["params_load"]:
            assert o["params_group"] == self._params.popleft()
        if o["tag.valid"]:
            self._pixels_in(cycle, o)
        if o["o.valid" if self._banks == 1 else "along.valid"]:
            self._beats_out(cycle, o)
        if o["last"]:
            self._retiring.append((cycle + latency.POOL, bool(o["frame_last"])))
        if self._retiring and self._retiring[0][0] == cycle:
            self._retired += 1
            if self._retiring.popleft()[1] and not self.done:
                self._window.begin()
        beat = bool(self._array) and self._array[0] <= cycle
        if beat:
            self._array.popleft()
        return {
            "weights_ready": self._loader.react(cycle, o),
            "row_done": self._window.react(cycle, o["free"]),
            "beat": beat,
        }

    def _pixels_in(self, cycle: int, o: dict[str, int]) -> None:
        frame, pixels = self._pixels.popleft()
        at_port, with_data = self._before[0], self._before[-3]
        first, last = pixels[0], pixels[-1]
        want = {"first": first.first, "last": first.last, "open": first.open, "end": last.end}
        assert {name: o[f"tag.{name}"] for name in want} == want, (cycle, pixels)
        assert o["swap"] == first.swap
        for number, pixel in enumerate(pixels):
            assert with_data["zero"] >> number & 1 == (not pixel.reads), (cycle, pixel)
            bank = number ^ with_data["aside"] if self._banks == 2 else 0
            address = at_port["address_even" if self._banks == 2 and bank == 0 else "address"]
            for place in pixel.reads:
                patch = place[0] == PATCHES
                assert with_data["patch"] == patch
                key = (PATCHES, bank, address)
                if not patch:
                    key = ("activations", bank, address, place[1] % self._lanes)
                assert self._memory.read(cycle - BEHIND, key) == (frame, place), cycle
        if first.last:
            self._array.append(cycle + self._array_latency)

    def _beats_out(self, cycle: int, o: dict[str, int]) -> None:
        frame, beats = self._beats.popleft()
        ends = {
            (beat.slot or beat.place)[-1] % self._banks: replace(
                beat, first=beats[0].first, last=beats[-1].last
            )
            for beat in beats
            if beat.x.emit
        }
        if self._banks == 1:
            (beat,) = beats
            assert Flags(*(o[f"o.payload.{flag}_x"] for flag in Flags._fields)) == beat.x
            self._result(cycle, "o.payload", o, frame, 0, beat)
            return
        column = beats[0].column
        assert o["along.pools"] == (beats[0].slot is not None)
        assert o["along.odd"] == column // 2 % 2 and o["along.single"] == (len(beats) == 1)
        for bank, name in enumerate(("o_even", "o_odd")):
            assert o[f"{name}.valid"] == (bank in ends), (cycle, beats)
            if bank in ends:
                self._result(cycle, f"{name}.payload", o, frame, bank, ends[bank])

    def _result(
        self, cycle: int, port: str, o: dict[str, int], frame: int, bank: int, beat: Beat
    ) -> None:
        """What the max-pool is told of a beat, or of what ends along a row."""
        assert Flags(*(o[f"{port}.{flag}_y"] for flag in Flags._fields)) == beat.y
        if beat.slot and beat.x.emit:
            slot = (bank, o[f"{port}.slot"])
            assert not beat.y.join or self._slots[slot] == (frame, beat.slot)
            self._slots[slot] = (frame, beat.slot)
        meta = {name: o[f"{port}.meta.{name}"] for name in ("final", "address", "lanes")}
        assert meta["final"] == beat.final
        if beat.final:
            for name in ("group", "first", "last", "fresh"):
                assert o[f"{port}.meta.{name}"] == getattr(beat, name)
        elif beat.place:
            lane = beat.place[1] % self._lanes
            assert meta["lanes"] == 1 << lane
            key = ("activations", bank, meta["address"], lane)
            self._memory.write(cycle + latency.POOL, key, (frame, beat.place))


def bits(layout: data.StructLayout, at: int = 0, prefix: str = "") -> dict[str, tuple[int, int]]:
    """Position and mask of every plain member of a structure, by its path."""
    result = {}
    for name, field in layout:
        if isinstance(field.shape, data.StructLayout):
            result |= bits(field.shape, at + field.offset, f"{prefix}{name}.")
        else:
            result[prefix + name] = (at + field.offset, (1 << Shape.cast(field.shape).width) - 1)
    return result


@cocotb.test()
async def controls(dut):
    p = parameters()
    rng = Random(p["seed"])
    plan = drawn(p["drawn"], pairs=p["pairs"]) if "drawn" in p else chosen(*p["chosen"])
    bench = Bench(plan, p["frames"], rng)
    members = bits(seen(plan))
    await reset(dut)
    given = {}
    passes = sum(
        step.passes * (step.pixels + plan.engine.pass_cycles_min) for step in plan.program.steps
    )
    rows = plan.network.first.o.height
    slow = (
        plan.network.image.pixels + rows + sum(step.passes + 4 for step in plan.program.steps)
    ) * SLOW
    for cycle in range(p["frames"] * (passes + slow)):
        for name, value in given.items():
            getattr(dut, name).value = int(value)
        await FallingEdge(dut.clk)
        word = int(dut.o.value)
        given = bench.react(cycle, {n: word >> at & mask for n, (at, mask) in members.items()})
        if bench.done:
            return
        await RisingEdge(dut.clk)
    raise AssertionError("the controller stands still")
