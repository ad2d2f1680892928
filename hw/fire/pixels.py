"""The pixels of a pass, one after the other."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.fire.fetcher import issue_layout
from hw.fire.passes import pass_layout
from plan.instruction import Format


class PixelWalk(wiring.Component):
    """A pixel a cycle, or two side by side, from the cycle after ``start`` on.

    Columns of pixels lie in two banks in turn if two go at once. Then a tap to the left or to the
    right takes the first pixel's word from the odd columns' bank and the second one's from the
    even columns', which is a word further.

    Parameters
    ----------
    format, address_bits, param_groups
        As of :class:`hw.fire.passes.PassWalk`.

    Members
    -------
    start : ``In(1)``
        A pass starts; only with ``turn``.
    step, coming_step, now, coming : ``In``
        As of :class:`hw.fire.passes.PassWalk`, which is told of ``start``, too.
    turn : ``Out(1)``
        A pass may start: none is under way, or this is its last cycle.
    active : ``Out(1)``
        A pixel is under way.
    end : ``Out(1)``
        It is its pass's last, while ``active``.
    padding : ``Out(1)``, or ``Out(2)``, a bit a pixel
        It is outside of what is read, while ``active``.
    address : ``Out(address_bits)``
        Its word, while ``active``; if two go at once, in the bank of odd columns.
    address_even : ``Out(address_bits)``
        If two go at once, the word in the bank of even columns.
    aside : ``Out(1)``
        If two go at once: the first pixel's word is that of the bank of odd columns.
    """

    def __init__(self, *, format: Format, address_bits: int, param_groups: int):
        step = issue_layout(format)
        walk = pass_layout(format, address_bits=address_bits, param_groups=param_groups)
        self._pairs = format.pairs
        members = {
            "start": In(1),
            "step": In(step),
            "coming_step": In(step),
            "now": In(walk),
            "coming": In(walk),
            "turn": Out(1),
            "active": Out(1),
            "end": Out(1),
            "padding": Out(1 + self._pairs),
            "address": Out(address_bits),
        }
        if self._pairs:
            members |= {"address_even": Out(address_bits), "aside": Out(1)}
        super().__init__(members)

    def elaborate(self, platform) -> Module:
        m = Module()
        step, now = self.step, self.now
        remaining = Signal.like(step.pixels_last)
        x = Signal.like(step.x_last)
        y = Signal.like(step.rows_last)
        offset = Signal.like(now.offset)
        # That the offset is the plane's last, known a pixel ahead; of what comes, a cycle late.
        wraps, coming_wraps, alone = Signal(), Signal(), Signal()
        before = Signal.like(offset)  # the last one
        m.d.sync += coming_wraps.eq(self.coming.offset == self.coming_step.i_plane_last)
        x_end = x == step.x_last
        m.d.comb += self.turn.eq(~self.active | self.end)
        with m.If(~self.turn):
            m.d.sync += [remaining.eq(remaining - 1), self.end.eq(remaining == 1)]
            m.d.sync += [x.eq(Mux(x_end, 0, x + 1)), y.eq(y + x_end)]
            m.d.sync += [offset.eq(offset + 1), self.address.eq(self.address + 1)]
            m.d.sync += wraps.eq(Mux(wraps, alone, offset == before))
            with m.If(wraps):
                m.d.sync += [offset.eq(0), self.address.eq(now.base)]
        with m.Else():  # ready for a start, which comes late in its cycle
            m.d.sync += [
                self.active.eq(self.start),
                remaining.eq(self.coming_step.pixels_last),
                self.end.eq(self.coming_step.pixels_last == 0),
                x.eq(0),
                y.eq(0),
                offset.eq(self.coming.offset),
                wraps.eq(coming_wraps),
                alone.eq(self.coming_step.i_plane_last == 0),
                before.eq(self.coming_step.i_plane_last - 1),
                # A register of its own: it goes across the device from here.
                self.address.eq(self.coming.base + self.coming.offset),
            ]
        left, right = (now.tap_x == 0) & (x == 0), (now.tap_x == 2) & x_end
        above = (now.tap_y == 0) & step.top & (y == 0)
        below = (now.tap_y == 2) & step.bottom & (y == step.rows_last)

        def padding(beside):
            return step.blank | step.taps3 & (beside | above | below)

        if self._pairs:
            # Nobody looks at a second pixel that its row does not have.
            aside = self.aside
            m.d.comb += [
                aside.eq(step.taps3 & (now.tap_x != 1)),
                self.address_even.eq((Cat(1, now.base) + Cat(aside, offset))[1:]),
                self.padding.eq(Cat(padding(left | (right & step.x_odd)), padding(right))),
            ]
        else:
            m.d.comb += self.padding.eq(padding(left | right))
        return m
