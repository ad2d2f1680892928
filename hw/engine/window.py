"""The window generator: an image in raster order becomes patches, so that conv1 is a 1×1."""

from itertools import pairwise

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.ecp5.memory import Memory
from plan.window import CHANNELS, FIRST_WORD, WindowGeometry

PIXEL = data.StructLayout({"red": 8, "green": 8, "blue": 8})
"""A pixel of the image stream."""

PIXEL_BITS = 8 * CHANNELS


class Axis(wiring.Component):
    """Counts scan positions along one axis, and says what is special about the present one.

    Parameters
    ----------
    advance
        One-bit value: go on to the next position.
    length
        Positions within the image.
    scanned
        Positions in all, the padding after the image included.
    geometry
        For the positions that complete patches.
    """

    def __init__(self, advance, length: int, scanned: int, geometry: WindowGeometry):
        self._advance = advance
        self._length = length
        self._offset = geometry.offset
        self._stride = geometry.stride
        self._scanned = scanned
        super().__init__(
            {
                "position": Out(range(scanned)),
                "first": Out(1, init=1),
                "last": Out(1, init=scanned == 1),
                "padding": Out(1),
                "complete": Out(1, init=geometry.offset == 0),
            }
        )

    def elaborate(self, platform):
        m = Module()
        left = Signal(range(max(self._offset + 1, self._stride)), init=self._offset)
        with m.If(self._advance):
            with m.If(self.last):
                m.d.sync += [
                    self.position.eq(0),
                    self.first.eq(1),
                    self.last.eq(self._scanned == 1),
                    self.padding.eq(0),
                    left.eq(self._offset),
                    self.complete.eq(self._offset == 0),
                ]
            with m.Else():
                m.d.sync += [
                    self.position.eq(self.position + 1),
                    self.first.eq(0),
                    self.last.eq(self.position == self._scanned - 2),
                    left.eq(Mux(self.complete, self._stride - 1, left - 1)),
                    self.complete.eq(Mux(self.complete, self._stride == 1, left == 1)),
                ]
                if self._scanned > self._length:
                    m.d.sync += self.padding.eq(self.position >= self._length - 1)
        return m


class WindowGenerator(wiring.Component):
    """Patches of a raster image, zero-padded, as writes into the patch memory.

    Word ``k`` of the patch at (row, column) goes to address
    ``k · plane + (row mod ring_rows) · o_width + column``; rows count from 0 in each frame.

    The scan takes a position a cycle. It waits for pixels, for a free row of the ring where an
    image row begins that completes patches, and where a patch is complete for the words of the
    one before. :class:`plan.window.WindowTiming` says in which cycle what happens.

    Parameters
    ----------
    height, width, kernel, stride, padding, word_bytes, ring_rows
        See :class:`plan.window.WindowGeometry`.

    Members
    -------
    i : ``In(stream.Signature(PIXEL))``
        Raster order. A frame takes ``height · width`` pixels, needed or not.
    start : ``In(1)``
        Pulse: one more frame may be taken, and all the ring's rows are free. Once after reset and
        once after a frame's last ``row_done``.
    free : ``In(range(ring_rows + 1))``
        So many rows of the ring, the oldest, are free from now on.
    o : ``Out(stream.Signature(StructLayout({"address", "data"}), always_ready=True))``
        Byte ``k`` of a word is in bits ``8k … 8k+7``; bytes past the patch's end are zero.
    row_done : ``Out(1)``
        Pulse after each row's last write.
    """

    def __init__(self, **geometry: int):
        self._geometry = g = WindowGeometry(**geometry)
        word = data.StructLayout({"address": range(g.depth), "data": 8 * g.word_bytes})
        super().__init__(
            {
                "i": In(stream.Signature(PIXEL)),
                "start": In(1),
                "free": In(range(g.ring_rows + 1)),
                "o": Out(stream.Signature(word, always_ready=True)),
                "row_done": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        g = self._geometry
        older = range(g.kernel - 1)

        # Register 0, the scan: which position is next, and may it go?
        running, waiting, blocked, go = Signal(), Signal(), Signal(), Signal()
        x = Axis(go, g.width, g.scan_columns, g)
        y = Axis(go & x.last, g.height, g.scan_rows, g)
        m.submodules.x, m.submodules.y = x, y
        padding = x.padding | y.padding
        m.d.comb += [
            go.eq(running & ~blocked & (padding | self.i.valid)),
            self.i.ready.eq(running & ~blocked & ~padding),
        ]

        # A frame begins at `start`, or after the pixels of the frame before that nobody needs.
        m.d.sync += [
            running.eq(Mux(running, ~(go & x.last & y.last), waiting | self.start)),
            waiting.eq(running & (waiting | self.start)),
        ]

        # What the scan waits for: a row of the ring, and the words of the patch before. `busy` is
        # `words_left != 0`; `full` is `rows_free == 0`, but for the cycle after a row was taken.
        rows_free = Signal(range(g.ring_rows + 1))
        words_left = Signal(range(g.words))
        full, busy = Signal(init=1), Signal()
        begins, completes = y.complete & x.first, y.complete & x.complete
        m.d.comb += blocked.eq((begins & full) | (completes & busy))
        with m.If(self.start):
            m.d.sync += [rows_free.eq(g.ring_rows), full.eq(0)]
        with m.Else():
            m.d.sync += [
                rows_free.eq(rows_free + self.free - (begins & go)),
                full.eq((rows_free == 0) & (self.free == 0)),
            ]
        with m.If(completes & go):
            m.d.sync += [words_left.eq(g.words - 1), busy.eq(g.words > 1)]
        with m.Elif(busy):
            m.d.sync += [words_left.eq(words_left - 1), busy.eq(words_left != 1)]

        # Registers 1 to 3: the position travels with its pixel while the line buffer is read.
        above = Signal(len(older))  # bit k: the image has a row k + 1 rows up
        with m.If(go & x.last):
            m.d.sync += above.eq(Mux(y.last, 0, Cat(Const(1, 1), above)))
        at = data.StructLayout(
            {
                "pixel": PIXEL_BITS,
                "column": range(g.width),
                "lines": len(older),
                "valid": 1,
                "store": 1,
                "ends_scan": 1,
                "patch": 1,
                "ends_row": 1,
            }
        )
        stages = [Signal(at, name=f"at_{k}") for k in range(FIRST_WORD)]
        m.d.comb += [
            stages[0].pixel.eq(Mux(padding, 0, self.i.payload.as_value())),
            stages[0].column.eq(x.position),
            stages[0].lines.eq(Mux(x.padding, 0, above)),
            stages[0].valid.eq(go),
            stages[0].store.eq(go & ~x.padding),
            stages[0].ends_scan.eq(x.last),
            stages[0].patch.eq(go & completes),
            stages[0].ends_row.eq(x.position == g.offset + (g.o_width - 1) * g.stride),
        ]
        for before, after in pairwise(stages):
            m.d.sync += after.eq(before)

        # Register 4: the newest column of the window, top row first. The line buffer's word is the
        # column above, newest row first.
        fetched, newest = stages[3], stages[4]
        lines = Signal(data.ArrayLayout(PIXEL_BITS, len(older)))
        column = Signal(data.ArrayLayout(PIXEL_BITS, g.kernel))
        if older:
            m.submodules.lines = buffer = Memory(width=g.line_bits, depth=g.width)
            assert buffer.READ_LATENCY == 3
            m.d.comb += [
                buffer.read_address.eq(x.position),
                lines.eq(buffer.read_data),
                buffer.write_address.eq(fetched.column),
                buffer.write_data.eq(Cat(fetched.pixel, lines)),
                buffer.write_enable.eq(fetched.store),
            ]
        m.d.sync += column[-1].eq(fetched.pixel)
        for k in older:
            m.d.sync += column[-2 - k].eq(Mux(fetched.lines[k], lines[k], 0))

        # The columns before it; none at the start of a row, which is the padding on the left.
        window = [Signal.like(column, name=f"window_{k}") for k in older] + [column]
        with m.If(newest.valid):
            for before, after in pairwise(window):
                m.d.sync += before.eq(Mux(newest.ends_scan, 0, after))

        # Register 5: the patch, a word a cycle.
        patch = Cat(pixels[row] for row in range(g.kernel) for pixels in window)
        words = Signal(data.ArrayLayout(8 * g.word_bytes, g.words))
        valid = Signal(g.words)
        address, first = Signal(range(g.depth)), Signal(range(g.plane))
        ends_row = Signal()
        with m.If(newest.patch):
            m.d.sync += [
                words.eq(patch),
                valid.eq(~0),
                address.eq(first),
                first.eq(Mux(first == g.plane - 1, 0, first + 1)),
                ends_row.eq(newest.ends_row),
            ]
        with m.Else():
            m.d.sync += [
                words.eq(Cat(words[1:])),
                valid.eq(valid >> 1),
                address.eq(address + g.plane),
            ]
        with m.If(self.start):
            m.d.sync += first.eq(0)
        m.d.comb += [
            self.o.payload.data.eq(words[0]),
            self.o.payload.address.eq(address),
            self.o.valid.eq(valid[0]),
        ]
        m.d.sync += self.row_done.eq(ends_row & valid[0] & ~valid[1:].any())
        return m
