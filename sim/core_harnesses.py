"""What is proved of the core's handshakes: each harness is a part with free inputs and its checks.

Sizes are the smallest at which every path of the part is taken.
"""

import numpy as np
from amaranth.hdl import Array, Assert, Cat, Const, Cover, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hw.engine.sums import ClassSums
from hw.engine.window import WindowGenerator
from hw.fire.results import Results
from plan import latency
from plan.settings import WINDOW
from plan.window import CHANNELS, WindowGeometry
from sim.bench_window import capable, patches
from sim.formal import Steady


class WindowedPixels(wiring.Component):
    """Pixels come and rows of the ring are freed at any time: every patch is that of the pixels.

    Words come in order, once each, each to its address, and to its bank if there are two, none
    into a row that is not free; a frame
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
        m.submodules.part = part = self._part(**capable(g), pixels=g.pixels)
        image = 1 + np.arange(g.height * g.width * CHANNELS, dtype=np.uint8)
        image = image.reshape(g.height, g.width, CHANNELS)
        pixels = [int.from_bytes(pixel.tobytes(), "little") for row in image for pixel in row]
        bits = len(part.o.payload.address)
        want = [
            (word << 2 | last << 1 | column % g.pixels) << bits
            | k * g.plane + column // g.pixels + base
            for row, line in enumerate(patches(image, g))
            for base in [row % g.ring_rows * g.across]
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
        word = Signal(bits + 2 + 8 * g.word_bytes)
        m.d.comb += word.eq(Array(Const(value, len(word)) for value in want)[count])
        address, odd, last, data = word[:bits], word[bits], word[bits + 1], word[bits + 2 :]
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
        if g.pixels == 2:
            m.d.comb += Assert(~part.o.valid | (part.o.payload.odd == odd))
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
