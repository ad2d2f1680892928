"""What is proved of the Fire controller: its steps, whatever its surroundings make it wait for."""

from amaranth.hdl import Array, Assert, Cat, Const, Cover, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, connect

from hw.ecp5.memory import Memory
from hw.fire.fetcher import Fetcher, issue_layout, write_layout
from hw.fire.issuer import Issuer
from hw.fire.writer import Writer
from hw.streams import delayed
from plan import latency
from plan.instruction import ISSUE_FIELDS, PAIR_FIELDS, WRITE_FIELDS, Format
from plan.schedule import QUEUE
from sim.stored import StoredProgram

FORMAT = Format(dict.fromkeys(ISSUE_FIELDS | WRITE_FIELDS, 3))
"""Every field has three bits."""

OF_PAIRS = Format(dict.fromkeys(ISSUE_FIELDS | PAIR_FIELDS | WRITE_FIELDS, 3))
"""The same for two pixels a cycle."""


class FetchedSteps(wiring.Component):
    """Steps are known in the program's order, each until it is taken, and soon after the last.

    A step's fields differ from those of the others.
    """

    next: In(1)

    STEPS = 3

    def __init__(self, part: type[Fetcher] = Fetcher):
        self._part = part
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        program = [
            {name: place + number & 3 for place, name in enumerate(FORMAT.widths)}
            | {"frame_last": number == self.STEPS - 1}
            for number in range(self.STEPS)
        ]
        m.submodules.part = part = self._part(format=FORMAT, depth=self.STEPS)
        m.submodules.memory = memory = Memory(
            width=FORMAT.bits, depth=self.STEPS, init=[FORMAT.encode(step) for step in program]
        )
        m.d.comb += [memory.read_address.eq(part.address), part.word.eq(memory.read_data)]
        number = Signal(range(self.STEPS))
        waited = Signal(range(latency.FETCH + 1))
        round_ = Signal()
        take = self.next & part.known
        with m.If(take):
            m.d.sync += number.eq(Mux(number == self.STEPS - 1, 0, number + 1))
            m.d.sync += round_.eq(round_ | (number == self.STEPS - 1))
        m.d.sync += waited.eq(Mux(take | part.known, 0, waited + 1))
        m.d.comb += [
            part.next.eq(take),
            Assert(waited != latency.FETCH),
            Cover(round_ & take),
        ]
        for port, layout in (
            (part.issue, issue_layout(FORMAT)),
            (part.write, write_layout(FORMAT)),
        ):
            fields = [
                layout.const({name: step[name] for name in layout.members}).as_value()
                for step in program
            ]
            m.d.comb += Assert(~part.known | (port.as_value() == Array(fields)[number]))
        return m


class FinishedSteps(wiring.Component):
    """Every step that starts is written, in order, each beat to its place; ``QUEUE`` at most wait.

    Weights and rows of patches come as late as they like. A pixel's beat comes some cycles after
    it, always as many, and a step retires some cycles after its last beat, as in the core.

    With two pixels a cycle, a beat is a pair; the first step's last one has one pixel only, and
    nothing is written for another.
    """

    weights_ready: In(1)
    row_done: In(1)

    PIXELS = (2, 1)
    """Of each step, or pairs; the first one needs a row of patches."""
    RING = 2
    SETTLE = 3
    """Cycles from a pass's start in which the next one's weights are not ready: the core's loader
    takes longer."""
    PIPELINE = 16
    """Cycles from a pixel at the array to its beat: enough for ``QUEUE`` steps to be under way."""

    def __init__(
        self,
        issuer: type[Issuer] = Issuer,
        writer: type[Writer] = Writer,
        format: Format = FORMAT,
    ):
        self._issuer = issuer
        self._writer = writer
        self._format = format
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        steps = [
            dict.fromkeys(self._format.widths, 0)
            | ({"x_odd": first} if self._format.pairs else {})
            | {"patch": first, "patch_rows": first, "wait": QUEUE - 1}
            | {"x_last": pixels - 1, "pixels_last": pixels - 1, "o_base": 3 * number + 1}
            | {"i_plane_last": 7, "o_plane_last": 7, "frame_last": number == len(self.PIXELS) - 1}
            for number, pixels in enumerate(self.PIXELS)
            for first in [number == 0]
        ]
        m.submodules.issuer = issuer = StoredProgram(
            part=self._issuer,
            format=self._format,
            program=[self._format.encode(step) for step in steps],
            address_bits=3,
            patch_rows=self.RING,
            param_groups=2,
        )
        m.submodules.writer = writer = self._writer(
            format=self._format, slots=2, address_bits=3, lanes=1, groups=1
        )
        told = writer.o_even if self._format.pairs else writer.o
        connect(m, issuer.step, writer.step)

        # The surroundings.
        settle = Signal(range(self.SETTLE + 1))
        rows = Signal(range(self.RING + 1))
        row_done = self.row_done & (rows != self.RING)
        beat = delayed(m, issuer.tag.valid & issuer.tag.last, self.PIPELINE - 1, "beat")
        retire = delayed(m, writer.last, latency.POOL, "retire")
        m.d.sync += [
            settle.eq(Mux(issuer.start, self.SETTLE, Mux(settle == 0, 0, settle - 1))),
            rows.eq(rows + row_done - issuer.free),
        ]

        unfinished = Signal(range(QUEUE + 2))
        m.d.sync += unfinished.eq(unfinished + issuer.step.valid - retire)
        places = [
            (base + pixel, pixel == pixels - 1, number == len(self.PIXELS) - 1)
            for number, pixels in enumerate(self.PIXELS)
            for base in [steps[number]["o_base"]]
            for pixel in range(pixels)
        ]
        count = Signal(range(len(places)))
        frames = Signal()
        with m.If(told.valid):
            m.d.sync += count.eq(Mux(count == len(places) - 1, 0, count + 1))
            m.d.sync += frames.eq(frames | writer.frame_last)
        want = Array(Cat(Const(place, 3), last, end) for place, last, end in places)[count]
        got = Cat(told.payload.meta.address, writer.last, writer.frame_last)
        if self._format.pairs:
            half = count == self.PIXELS[0] - 1
            m.d.comb += [
                Assert(writer.o_odd.valid == (told.valid & ~half)),
                Assert(~writer.o_odd.valid | (writer.o_odd.payload.meta.address == want[:3])),
                Cover(told.valid & half),
            ]
        m.d.comb += [
            issuer.weights_ready.eq(self.weights_ready & (settle == 0)),
            issuer.row_done.eq(row_done),
            issuer.retire.eq(retire),
            writer.comes.eq(beat),
            Assert(~told.valid | (got == want)),
            Assert(told.valid | ~writer.last),
            Assert(issuer.free <= rows),
            Assert(unfinished <= QUEUE),
            Cover(unfinished == QUEUE),
            Cover(frames & writer.last),
        ]
        return m
