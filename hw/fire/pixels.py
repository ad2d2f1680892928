"""The pixels of a pass, one after the other."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.fire.fetcher import issue_layout
from hw.fire.passes import pass_layout
from plan.instruction import Format


class PixelWalk(wiring.Component):
    """A pixel a cycle, from the cycle after ``start`` on.

    Parameters
    ----------
    format, address_bits, param_groups
        As of :class:`hw.fire.passes.PassWalk`.

    Members
    -------
    start : ``In(1)``
        A pass starts; only while not ``active``, or with ``end``.
    step, coming_step, now, coming : ``In``
        As of :class:`hw.fire.passes.PassWalk`, which is told of ``start``, too.
    active : ``Out(1)``
        A pixel is under way.
    end : ``Out(1)``
        It is its pass's last, while ``active``.
    padding : ``Out(1)``
        It is outside of what is read, while ``active``.
    address : ``Out(address_bits)``
        Its word, while ``active``.
    """

    def __init__(self, *, format: Format, address_bits: int, param_groups: int):
        step = issue_layout(format)
        walk = pass_layout(format, address_bits=address_bits, param_groups=param_groups)
        super().__init__(
            {
                "start": In(1),
                "step": In(step),
                "coming_step": In(step),
                "now": In(walk),
                "coming": In(walk),
                "active": Out(1),
                "end": Out(1),
                "padding": Out(1),
                "address": Out(address_bits),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        step, now = self.step, self.now
        remaining = Signal.like(step.pixels_last)
        x = Signal.like(step.x_last)
        y = Signal.like(step.rows_last)
        offset = Signal.like(now.offset)
        x_end = x == step.x_last
        with m.If(self.active):
            m.d.sync += [remaining.eq(remaining - 1), self.end.eq(remaining == 1)]
            m.d.sync += [x.eq(Mux(x_end, 0, x + 1)), y.eq(y + x_end)]
            m.d.sync += offset.eq(Mux(offset == step.i_plane_last, 0, offset + 1))
            with m.If(self.end):
                m.d.sync += self.active.eq(0)
        with m.If(self.start):
            m.d.sync += [
                self.active.eq(1),
                remaining.eq(self.coming_step.pixels_last),
                self.end.eq(self.coming_step.pixels_last == 0),
                x.eq(0),
                y.eq(0),
                offset.eq(self.coming.offset),
            ]
        padding = step.blank | step.taps3 & (
            ((now.tap_x == 0) & (x == 0))
            | ((now.tap_x == 2) & x_end)
            | ((now.tap_y == 0) & step.top & (y == 0))
            | ((now.tap_y == 2) & step.bottom & (y == step.rows_last))
        )
        m.d.comb += [self.padding.eq(padding), self.address.eq(now.base + offset)]
        return m
