"""What is proved of the core's handshakes: each harness is a part with free inputs and its checks.

Sizes are the smallest at which every path of the part is taken.
"""

import numpy as np
from amaranth.hdl import Array, Assert, Assume, Cat, Const, Cover, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, connect

from hw.engine.sums import ClassSums
from hw.engine.window import WindowGenerator
from hw.fire.loader import WeightLoader
from hw.fire.results import Results
from hw.fire.rows import MemoryRows, StreamedRows
from hw.streams import delayed
from plan import latency
from plan.settings import WINDOW
from plan.window import CHANNELS, WindowGeometry
from plan.words import PAIR_BITS, SPLIT
from sim.bench_window import capable, patches
from sim.formal import InOrder, Steady
from sim.stored import StoredWeights


class WindowedPixels(wiring.Component):
    """Pixels come and rows of the ring are freed at any time: every patch is that of the pixels.

    Words come in order, once each, each to its address, none into a row that is not free; a frame
    begins as soon as it may. The part
    does not look at a pixel's value, so it may be the pixel's number; zeros are offered without
    ``valid``.
    """

    valid: In(1)
    free: In(1)

    def __init__(self, part: type[WindowGenerator] = WindowGenerator, **geometry: int):
        self._geometry = WindowGeometry(**geometry)
        self._part = part
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        g = self._geometry
        m.submodules.part = part = self._part(**capable(g))
        image = 1 + np.arange(g.height * g.width * CHANNELS, dtype=np.uint8)
        image = image.reshape(g.height, g.width, CHANNELS)
        pixels = [int.from_bytes(pixel.tobytes(), "little") for row in image for pixel in row]
        want = [
            (word << 1 | last) << len(part.o.payload.address) | k * g.plane + column + base
            for row, line in enumerate(patches(image, g))
            for base in [row % g.ring_rows * g.o_width]
            for column, patch in enumerate(line)
            for k, word in enumerate(patch)
            for last in [(column, k) == (g.o_width - 1, g.words - 1)]
        ]
        taken = Signal(range(len(pixels) + 1), init=len(pixels))  # pixels of this frame
        count = Signal(range(len(want) + 1), init=len(want))  # words of this frame
        rows = Signal(range(g.ring_rows + 1))  # of the ring: complete, not freed
        row_ended = Signal()
        take = self.valid & part.i.ready
        start = (count == len(want)) & ~row_ended & (rows == 0)
        free = self.free & (rows != 0)
        word = Signal(len(part.o.payload.as_value()) + 1)
        m.d.comb += word.eq(Array(Const(value, len(word)) for value in want)[count])
        last = word[len(part.o.payload.address)]
        address, data = word[: len(part.o.payload.address)], word[len(part.o.payload.address) + 1 :]
        begun = Signal()
        stalled = Signal()
        m.d.sync += [
            taken.eq(Mux(start, 0, taken + take)),
            count.eq(Mux(start, 0, count + part.o.valid)),
            row_ended.eq(part.o.valid & last),
            rows.eq(rows + part.row_done - free),
            begun.eq(1),
            stalled.eq(stalled | (part.i.ready & ~self.valid)),
        ]
        pixel = Array(Const(value, 24) for value in pixels)[taken]
        m.d.comb += [
            *(part.geometry[name].eq(getattr(g, name)) for name in WINDOW),
            part.i.valid.eq(self.valid),
            part.i.payload.as_value().eq(Mux(self.valid, pixel, 0)),
            part.start.eq(start),
            part.free.eq(free),
            Assert(~take | (taken != len(pixels))),
            Assert(~start | (taken == len(pixels))),
            Assert(~part.o.valid | ((count != len(want)) & (rows != g.ring_rows))),
            Assert(~part.o.valid | (part.o.payload.address == address)),
            Assert(~part.o.valid | (part.o.payload.data == data)),
            Assert(part.row_done == row_ended),
            Cover(begun & stalled & (count == len(want))),
        ]
        return m


class SentResults(wiring.Component):
    """A frame's sums and cycles go out in order, each once, whenever they are taken.

    The frame takes as long as it likes, starved or not.
    """

    SUMS = (3, -4, -1)
    COLUMNS = 2
    BITS = 3
    """The second group of classes is not full."""

    idle: In(1)
    taken: In(1)
    starved: In(1)
    done: In(1)
    ready: In(1)

    def __init__(self, part: type[Results] = Results):
        self._part = part
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.part = part = self._part(
            classes=len(self.SUMS) + 1, columns=self.COLUMNS, bits=self.BITS
        )
        m.submodules.steady = steady = Steady(33)

        # The frame: it begins, takes its first pixel, and is done.
        waits, runs = Signal(), Signal()
        settle = Signal(range(latency.SUMS + 1))
        cycles = Signal(8)
        done = runs & self.done
        starved = runs & self.starved & ~self.done
        with m.If(part.start):
            m.d.sync += waits.eq(1)
        with m.If(waits & self.taken):
            m.d.sync += [waits.eq(0), runs.eq(1), cycles.eq(1)]
        with m.If(runs & ~starved):
            m.d.sync += cycles.eq(cycles + 1)
        with m.If(done):
            m.d.sync += [runs.eq(0), settle.eq(latency.SUMS), cycles.eq(cycles + latency.SUMS)]

        # Its sums: in the memory some time after it is done, others before.
        sums = Cat(Const(value, self.BITS) for value in (*self.SUMS, 0))
        complete = Signal()
        with m.If(settle != 0):
            m.d.sync += settle.eq(settle - 1)
        with m.If(settle == 1):
            m.d.sync += complete.eq(1)
        with m.If(part.start):
            m.d.sync += complete.eq(0)
        read = Mux(complete, sums.word_select(part.group, self.COLUMNS * self.BITS), 0)
        for stage in range(ClassSums.READ_LATENCY):
            later = Signal(self.COLUMNS * self.BITS, name=f"read_{stage}")
            m.d.sync += later.eq(read)
            read = later

        sent = Signal(range(len(self.SUMS) + 1))
        sent_all = Signal()
        take = part.o.valid & self.ready
        last = sent == len(self.SUMS)
        with m.If(take):
            m.d.sync += sent.eq(Mux(last, 0, sent + 1))
            m.d.sync += sent_all.eq(sent_all | last)
        expected = sums.word_select(sent, self.BITS).as_signed()
        m.d.comb += [
            part.count.eq(len(self.SUMS)),
            part.idle.eq(self.idle),
            part.taken.eq(self.taken),
            part.starved.eq(starved),
            part.done.eq(done),
            part.sums.as_value().eq(read),
            part.o.ready.eq(self.ready),
            *steady.watch(part.o),
            Assert(~part.o.valid | complete),
            Assert(~part.o.valid | (part.o.payload.last == last)),
            Assert(~part.o.valid | (part.o.payload.data == Mux(last, cycles, expected))),
            Assert(~part.start | (self.idle & ~waits & ~runs & (sent == 0))),
            Cover(sent_all & part.start),
        ]
        return m


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
