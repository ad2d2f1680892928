"""Where the write side is in a tensor, and among the max-pool's partial maxima."""

from amaranth.hdl import Module, Mux, Signal

from hw.fire.counter import Counter


class Places:
    """Offset in a plane and slot of the max-pool, a pixel a beat.

    Parameters
    ----------
    step
        The present step, of ``hw.fire.fetcher.write_layout``.
    slots : int
        Depth of the max-pool's row buffer.

    Attributes
    ----------
    offset, slot : Signal
        Those of the coming beat, if something comes out.
    """

    def __init__(self, step, slots: int):
        self._step = step
        self.offset = Signal.like(step.o_start, name="offset")
        self.slot = Signal(range(slots), name="slot")
        self._row_slot = Signal.like(self.slot, name="row_slot")

    def begin(self, coming) -> list:
        """Statements that begin a step."""
        return [
            self.offset.eq(coming.o_start),
            self.slot.eq(coming.slot),
            self._row_slot.eq(coming.slot),
        ]

    def next_group(self) -> list:
        """Statements that begin the step's next output group, at the last beat of this one."""
        return [
            self.offset.eq(self._step.o_start),
            self.slot.eq(self.slot + 1),
            self._row_slot.eq(self.slot + 1),
        ]

    def advance(self, m: Module, emit_x, emit_y) -> None:
        """Go on after a beat, which ends a window along either axis or not."""
        with m.If(emit_x):
            m.d.sync += self.slot.eq(self.slot + 1)
            with m.If(emit_y):
                m.d.sync += self.offset.eq(self._after(self.offset))

    def next_row(self) -> list:
        """Statements that begin another row, at the last beat of this one."""
        return [self.slot.eq(self._row_slot)]

    def _after(self, offset):
        return Mux(offset == self._step.o_plane_last, 0, offset + 1)


class PairPlaces(Places):
    """The same of both banks, a pair of pixels a beat.

    What comes out of a pooled row for the even columns' bank with pair ``p`` is window ``p`` or
    ``p − 1``, whichever is even, and the other one for the odd columns': so the banks' places move
    on in turn. At a row's end both go to where the next one begins.

    Attributes
    ----------
    offset, slot : Signal
        Those of the bank of even columns.
    odd_offset, odd_slot : Signal
        Those of the other.
    """

    def __init__(self, step, slots: int):
        super().__init__(step, slots)
        self.odd_offset = Signal.like(self.offset, name="odd_offset")
        self.odd_slot = Signal.like(self.slot, name="odd_slot")

    def begin(self, coming) -> list:
        """Statements that begin a step."""
        both = [self.odd_offset.eq(coming.o_start), self.odd_slot.eq(coming.slot)]
        return [*super().begin(coming), *both]

    @property
    def _last(self):
        """The row's last window is the other bank's, and its pair has no second pixel."""
        return self._step.pool3 & self._step.x_odd

    def next_group(self) -> list:
        """Statements that begin the step's next output group, at the last beat of this one."""
        slot = Mux(self._last, self.odd_slot, self.slot) + 1
        return [
            *(offset.eq(self._step.o_start) for offset in (self.offset, self.odd_offset)),
            *(one.eq(slot) for one in (self.slot, self.odd_slot, self._row_slot)),
        ]

    def advance_pair(self, m: Module, pools, emit_y, x: Counter) -> None:
        """Go on after a pair, whose place in its row is ``x``."""
        offsets = (self.offset, self.odd_offset)
        with m.If(~pools):
            m.d.sync += [offset.eq(self._after(self.offset)) for offset in offsets]
        with m.Elif(x.end):
            with m.If(emit_y):
                last = Mux(self._last, self.odd_offset, self.offset)
                m.d.sync += [offset.eq(self._after(last)) for offset in offsets]
        with m.Elif(x.value[0]):
            m.d.sync += self.slot.eq(self.slot + 1)
            with m.If(emit_y):
                m.d.sync += self.offset.eq(self._after(self.offset))
        with m.Elif(~x.start):
            m.d.sync += self.odd_slot.eq(self.odd_slot + 1)
            with m.If(emit_y):
                m.d.sync += self.odd_offset.eq(self._after(self.odd_offset))

    def next_row(self) -> list:
        """Statements that begin another row, at the last pair of this one."""
        return [slot.eq(self._row_slot) for slot in (self.slot, self.odd_slot)]
