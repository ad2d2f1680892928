"""What is proved of the weights' way to the array: each harness is a part with free inputs and its
checks.

Sizes are the smallest at which every path of the part is taken.
"""

from amaranth.hdl import Array, Assert, Assume, Cat, Const, Cover, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, connect

from hw.fire.loader import WeightLoader
from hw.fire.rows import MemoryRows, StreamedRows
from hw.streams import delayed
from plan import latency
from plan.words import PAIR_BITS, SPLIT
from sim.formal import InOrder
from sim.stored import StoredWeights


class LoadedWeights(wiring.Component):
    """Whenever passes start, and whenever the next one's place is known: each has its own rows.

    A pass starts only when it may; what is known of the next one stays until it has started.
    """

    ROWS = 2
    DELAY = 3
    CONTENTS = (5, 3, 6, 1, 4, 2)

    start: In(1)
    known: In(1)
    jump: In(1)
    address: In(range(len(CONTENTS)))

    def __init__(
        self, part: type[WeightLoader] = WeightLoader, source: type[MemoryRows] = MemoryRows
    ):
        self._part = part
        self._source = source
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.part = part = StoredWeights(
            rows=self.ROWS,
            width=3,
            delay=self.DELAY,
            init=[*self.CONTENTS],
            loader=self._part,
            source=self._source,
        )
        start = self.start & part.ready
        end = Signal(range(len(self.CONTENTS) + self.ROWS))  # of the rows of the last pass to start
        base = Signal.like(end)  # its first one
        coming = Mux(self.jump, self.address, end)
        known, jump, address = Signal(), Signal.like(self.jump), Signal.like(self.address)
        m.d.sync += [known.eq(self.known & ~start), jump.eq(self.jump), address.eq(self.address)]

        row = Signal(range(self.ROWS))
        whole = Signal()  # the coming pass's rows are there
        behind = Signal()  # those of the last one to start are not
        last = part.load & (row == self.ROWS - 1)
        with m.If(part.load):
            m.d.sync += row.eq(Mux(last, 0, row + 1))
        m.d.sync += [
            behind.eq(Mux(start, ~whole & ~last, behind & ~last)),
            whole.eq(~start & (whole | (last & ~behind))),
        ]
        with m.If(start):
            m.d.sync += [base.eq(coming), end.eq(coming + self.ROWS)]
        passes = Signal(2)
        m.d.sync += passes.eq(passes + (start & (passes != 3)))
        contents = Array(Const(value, 3) for value in self.CONTENTS)
        m.d.comb += [
            Assume(~known | (self.known & (self.jump == jump) & (self.address == address))),
            Assume(coming <= len(self.CONTENTS) - self.ROWS),
            part.start.eq(start),
            part.known.eq(self.known),
            part.jump.eq(self.jump),
            part.place.eq(self.address),
            Assert(~part.load | (part.weights == contents[Mux(behind, base, coming) + row])),
            Assert(~part.load | (~whole & (behind | self.known))),
            Assert(~start | ~behind),
            Cover(passes == 3),
            Cover(start & whole),
            Cover(behind & last),
        ]
        return m


class ChosenRows(wiring.Component):
    """Each pass's rows come from where it takes them: the next ones of the stream, or its own of
    the memory. Nothing is granted before the pass is known, and every row that is granted, and no
    other, is on ``row`` when it must be.

    Rows of both sides, and whoever takes them, come as late as they like. A word of the memory is
    its address; a row of the stream is two bytes.
    """

    ROWS = 2
    DEPTH = 8

    start: In(1)
    known: In(1)
    streamed: In(1)
    jump: In(1)
    place: In(range(DEPTH))
    valid: In(1)
    above: In(signed(8))
    below: In(signed(8))
    ready: In(1)

    def __init__(self, part: type[StreamedRows] = StreamedRows):
        self._part = part
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.part = part = self._part(columns=2)
        m.submodules.memory = memory = MemoryRows(width=PAIR_BITS, depth=self.DEPTH)
        m.submodules.order = order = InOrder(
            PAIR_BITS, room=latency.MEMORY_READ, reach=3 * self.ROWS
        )
        connect(m, memory.o, part.memory)

        # The passes: one starts when all its rows are granted.
        row = Signal(range(self.ROWS + 1))
        start = self.start & (row == self.ROWS)
        inside = part.memory.valid & part.memory.ready
        outside = part.i.valid & part.i.ready
        granted = part.o.valid & part.o.ready
        end = Signal(range(self.DEPTH))  # of the memory's rows of the passes so far
        coming = Mux(self.jump, self.place, end)
        fields = Cat(self.streamed, self.jump, self.place)
        was_known, was = Signal(), Signal.like(fields)
        kinds = Signal(3)  # whether the last passes were streamed, the latest one lowest
        m.d.sync += [was_known.eq(self.known & ~start), was.eq(fields)]
        m.d.sync += row.eq(Mux(start, 0, row + granted))
        with m.If(start):
            m.d.sync += kinds.eq(Cat(self.streamed, kinds))
            with m.If(~self.streamed):
                m.d.sync += end.eq(coming + self.ROWS)

        # The stream, and those who wait for it.
        taken = Cat(self.above, self.below)
        waits, stalled = Signal(), Signal()
        offered, offers = Signal(), Signal.like(taken)
        m.d.sync += [
            waits.eq(part.o.valid & ~part.o.ready & ~start),
            offered.eq(part.i.valid & ~part.i.ready),
            offers.eq(taken),
            stalled.eq(stalled | (part.i.ready & ~self.valid)),
        ]
        # The lower byte borrows from the upper one.
        pair = Cat(self.below, self.below[-1].replicate(SPLIT - 8), self.above - self.below[-1])
        out = delayed(m, granted, latency.MEMORY_READ, "out")
        m.d.comb += [
            Assume(~was_known | (self.known & (fields == was))),
            # Only where a step begins may the side change, and there a pass jumps.
            Assume(self.jump | (self.streamed == kinds[0])),
            Assume(~offered | (self.valid & (taken == offers))),
            *(side.start.eq(start) for side in (part, memory)),
            *(side.known.eq(self.known) for side in (part, memory)),
            memory.jump.eq(self.jump),
            memory.place.eq(self.place),
            memory.word.eq(delayed(m, memory.address, latency.MEMORY_READ, "word")),
            part.streamed.eq(self.streamed),
            part.i.valid.eq(self.valid),
            part.i.payload.eq(Cat(self.above, self.below)),
            part.o.ready.eq(self.ready & (row != self.ROWS)),
            order.i_take.eq(inside | outside),
            order.i.eq(Mux(outside, pair[:PAIR_BITS], (coming + row)[: len(end)])),
            order.o_take.eq(out),
            order.o.eq(part.o.row),
            Assert(granted == (inside | outside)),
            Assert(~granted | (self.known & was_known)),
            Assert(~inside | ~self.streamed),
            Assert(~outside | self.streamed),
            Assert(~waits | part.o.valid),
            Cover(out & stalled & (kinds == 0b101)),
            Cover(out & stalled & (kinds == 0b010)),
            Cover(start & (kinds[:2] == 0b11)),
        ]
        return m
