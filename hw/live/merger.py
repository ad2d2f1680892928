"""Two sources of frames for one line."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.board.layouts import LAST_WORD


class FrameMerger(wiring.Component):
    """Passes whole frames on, of either source in turn if both have one.

    Members
    -------
    i, i_second : ``In(stream.Signature(LAST_WORD))``
    o : ``Out(stream.Signature(LAST_WORD))``
    """

    i: In(stream.Signature(LAST_WORD))
    i_second: In(stream.Signature(LAST_WORD))
    o: Out(stream.Signature(LAST_WORD))

    def elaborate(self, platform):
        m = Module()

        second = Signal()
        within = Signal()  # a frame's first word has gone, and its last has not
        source = Signal(LAST_WORD)
        m.d.comb += [
            source.eq(Mux(second, self.i_second.payload, self.i.payload)),
            self.o.payload.eq(source),
            self.o.valid.eq(Mux(second, self.i_second.valid, self.i.valid)),
            self.i.ready.eq(~second & self.o.ready),
            self.i_second.ready.eq(second & self.o.ready),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += within.eq(~source.last)
            with m.If(source.last):
                m.d.sync += second.eq(~second)
        with m.Elif(~within & ~self.o.valid):
            m.d.sync += second.eq(Mux(second, ~self.i.valid, self.i_second.valid))

        return m
