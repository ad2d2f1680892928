"""The window generator: an image in raster order becomes patches, so that conv1 is a 1×1."""

from itertools import pairwise

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.ecp5.memory import Memory
from hw.streams import Pixel
from plan.capacities import Capacities
from plan.settings import window_widths
from plan.window import CHANNELS, FIRST_WORD, line_bits, patch_pixels

PIXEL_BITS = 8 * CHANNELS


def window_layout(capacities: Capacities, word_bytes: int) -> data.StructLayout:
    """The registers that a window generator reads, see :data:`plan.settings.WINDOW`."""
    return data.StructLayout(window_widths(capacities, word_bytes))


class Axis(wiring.Component):
    """Counts scan positions along one axis, and says what is special about the present one.

    Parameters
    ----------
    positions : int
        Most positions of a scan.
    kernel, stride : int
        Largest ones.

    Members
    -------
    length, scanned, offset, stride : ``In``
        Positions within the image, positions in all, and those that complete patches, see
        :class:`plan.window.WindowGeometry`; steady.
    clear : ``In(1)``
        Go to the first position.
    advance : ``In(1)``
        Go on to the next one, after the last one to the first.
    position : ``Out(range(positions))``
        The present one.
    first, last, padding, complete : ``Out(1)``
        It is the first, the last, after the image, it completes patches.
    """

    def __init__(self, *, positions: int, kernel: int, stride: int):
        self._most = max(kernel, stride + 1)
        super().__init__(
            {
                "length": In(range(positions + 1)),
                "scanned": In(range(positions + 1)),
                "offset": In(range(kernel)),
                "stride": In(range(stride + 1)),
                "clear": In(1),
                "advance": In(1),
                "position": Out(range(positions)),
                "first": Out(1),
                "last": Out(1),
                "padding": Out(1),
                "complete": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        left = Signal(range(self._most))
        # What follows from the geometry, a cycle after it: long before it is needed.
        image_end, before_end = Signal.like(self.position), Signal.like(self.position)
        stride_last, every = Signal.like(self.stride), Signal()
        m.d.sync += [
            image_end.eq(self.length - 1),
            before_end.eq(self.scanned - 2),
            stride_last.eq(self.stride - 1),
            every.eq(self.stride == 1),
        ]
        with m.If(self.clear | (self.advance & self.last)):
            m.d.sync += [
                self.position.eq(0),
                self.first.eq(1),
                self.last.eq(self.scanned == 1),
                self.padding.eq(0),
                left.eq(self.offset),
                self.complete.eq(self.offset == 0),
            ]
        with m.Elif(self.advance):
            m.d.sync += [
                self.position.eq(self.position + 1),
                self.first.eq(0),
                self.last.eq(self.position == before_end),
                self.padding.eq(self.padding | (self.position == image_end)),
                left.eq(Mux(self.complete, stride_last, left - 1)),
                self.complete.eq(Mux(self.complete, every, left == 1)),
            ]
        return m


class WindowGenerator(wiring.Component):
    """Patches of a raster image, zero-padded, as writes into the patch memory.

    Word ``k`` of the patch at (row, column) goes to address
    ``k · plane + (row mod ring_rows) · across + column // pixels``, in bank ``column mod pixels``;
    rows count from 0 in each frame.

    The scan takes a position a cycle. It waits for pixels, for a free row of the ring where an
    image row begins that completes patches, and where a patch is complete for the words of the
    one before. :class:`plan.window.WindowTiming` says in which cycle what happens.

    Parameters
    ----------
    capacities : Capacities
        The largest image, kernel, stride, ring and patch memory.
    word_bytes : int
        Bytes of a word of the patch memory.
    pixels : int
        Banks of the patch memory, 1 or 2, in which the patches of a row take turns.

    Members
    -------
    geometry : ``In(window_layout(capacities, word_bytes))``
        What patches to make; steady from the cycle before ``start`` to the frame's end.
    i : ``In(stream.Signature(Pixel))``
        Raster order. A frame takes ``height · width`` pixels, needed or not.
    start : ``In(1)``
        Pulse: one more frame may be taken, and all the ring's rows are free. Once after reset and
        once after a frame's last ``row_done``.
    free : ``In(range(ring_rows + 1))``
        So many rows of the ring, the oldest, are free from now on.
    o : ``Out(stream.Signature(StructLayout({"address", "data"}), always_ready=True))``
        With two banks, ``odd`` says that it is for the second one. Byte ``k`` of a word is in bits
        ``8k … 8k+7``; bytes past the patch's end may be anything.
    row_done : ``Out(1)``
        Pulse after each row's last write.
    waiting : ``Out(1)``
        A frame may be taken, but the one before is not over: its last pixels, which nobody needs,
        are still to come.
    """

    def __init__(self, *, capacities: Capacities, word_bytes: int, pixels: int = 1):
        if word_bytes < 1:
            raise ValueError(f"word_bytes must be at least 1, not {word_bytes}")
        if pixels not in (1, 2):
            raise ValueError(f"pixels must be 1 or 2, not {pixels}")
        self._capacities = capacities
        self._word_bytes = word_bytes
        self._pixels = pixels
        odd = {"odd": 1} if pixels == 2 else {}
        word = data.StructLayout(
            {"address": range(capacities.patch_words), "data": 8 * word_bytes} | odd
        )
        super().__init__(
            {
                "geometry": In(window_layout(capacities, word_bytes)),
                "i": In(stream.Signature(Pixel)),
                "start": In(1),
                "free": In(range(capacities.ring_rows + 1)),
                "o": Out(stream.Signature(word, always_ready=True)),
                "row_done": Out(1),
                "waiting": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        capacities = self._capacities
        g = self.geometry
        kernel, planes = capacities.kernel, capacities.patch_planes(self._word_bytes)
        older = range(kernel - 1)

        # Register 0, the scan: which position is next, and may it go?
        running, blocked, go = Signal(), Signal(), Signal()
        rows, columns = capacities.scan
        m.submodules.x = x = Axis(positions=columns, kernel=kernel, stride=capacities.stride)
        m.submodules.y = y = Axis(positions=rows, kernel=kernel, stride=capacities.stride)
        padding = x.padding | y.padding
        m.d.comb += [
            x.length.eq(g.width),
            x.scanned.eq(g.scan_columns),
            x.advance.eq(go),
            y.length.eq(g.height),
            y.scanned.eq(g.scan_rows),
            y.advance.eq(go & x.last),
            go.eq(running & ~blocked & (padding | self.i.valid)),
            self.i.ready.eq(running & ~blocked & ~padding),
        ]
        for axis in (x, y):
            m.d.comb += [
                axis.offset.eq(g.offset),
                axis.stride.eq(g.stride),
                axis.clear.eq(~running),
            ]

        # A frame begins at `start`, or after the pixels of the frame before that nobody needs.
        m.d.sync += [
            running.eq(Mux(running, ~(go & x.last & y.last), self.waiting | self.start)),
            self.waiting.eq(running & (self.waiting | self.start)),
        ]

        # What the scan waits for: a row of the ring, and the words of the patch before. `busy` is
        # `words_left != 0`; `full` is `rows_free == 0`, but for the cycle after a row was taken.
        rows_free = Signal(range(capacities.ring_rows + 1))
        words_left = Signal(range(planes))
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
                "column": range(capacities.width),
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
            stages[0].ends_row.eq(x.position == g.row_end),
        ]
        for before, after in pairwise(stages):
            m.d.sync += after.eq(before)

        # Register 4: the newest column of the window, top row first. The line buffer's word is the
        # column above, newest row first.
        fetched, newest = stages[3], stages[4]
        lines = Signal(data.ArrayLayout(PIXEL_BITS, len(older)))
        column = Signal(data.ArrayLayout(PIXEL_BITS, kernel), reset_less=True)
        if older:
            m.submodules.lines = buffer = Memory(width=line_bits(kernel), depth=capacities.width)
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
        # Nor any after a reset, which so need not reach each of them.
        window = [Signal.like(column, name=f"window_{k}") for k in older] + [column]
        clear = Signal(init=1)
        m.d.sync += clear.eq(fetched.valid & fetched.ends_scan)
        for before, after in pairwise(window):
            with m.If(clear):
                m.d.sync += before.eq(0)
            with m.Elif(newest.valid):
                m.d.sync += before.eq(after)

        # Register 5: the patch, a word a cycle. A smaller kernel's pixels are the first ones.
        patch = Cat(window[column][row] for row, column in patch_pixels(kernel))
        words = Signal(data.ArrayLayout(8 * self._word_bytes, planes), reset_less=True)
        valid = Signal(planes)
        address, first = (
            Signal(range(capacities.patch_words)),
            Signal(range(capacities.patch_words)),
        )
        plane_last = Signal.like(first)
        ends_row = Signal()
        following = Mux(first == plane_last, 0, first + 1)
        if self._pixels == 2:
            odd, bank = Signal(), Signal()
            full = odd | newest.ends_row
            following = Mux(full, following, first)
            with m.If(newest.patch):
                m.d.sync += [bank.eq(odd), odd.eq(~full)]
            with m.If(self.start):
                m.d.sync += odd.eq(0)
            m.d.comb += self.o.payload.odd.eq(bank)
        m.d.sync += plane_last.eq(g.plane - 1)
        with m.If(newest.patch):
            m.d.sync += [
                words.eq(patch),
                valid.eq(Cat(place < g.words for place in range(planes))),
                address.eq(first),
                first.eq(following),
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
