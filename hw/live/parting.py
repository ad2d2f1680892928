"""Results of a camera's frames go one way, all others another."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.board.layouts import JUDGED_RESULT, TAGGED_RESULT


class Parting(wiring.Component):
    """Notes whose a frame's results are where they begin, and sends them their way at the end.

    Between ``o_told`` and ``i`` may be :attr:`FRAMES` frames' words, in order.

    Members
    -------
    i_told : ``In(stream.Signature(TAGGED_RESULT))``, o_told : ``Out(…)``
        A frame's results, passed on.
    camera : ``In(1)``
        They are of a camera's frame.
    i : ``In(stream.Signature(JUDGED_RESULT))``
        The same, judged.
    own : ``Out(1)``
        The word that is offered on ``i`` is of a camera's frame.
    o : ``Out(stream.Signature(JUDGED_RESULT))``
        Those of a camera's frames.
    o_other : ``Out(stream.Signature(JUDGED_RESULT))``
        All others.
    """

    FRAMES = 4

    i_told: In(stream.Signature(TAGGED_RESULT))
    o_told: Out(stream.Signature(TAGGED_RESULT))
    camera: In(1)
    i: In(stream.Signature(JUDGED_RESULT))
    own: Out(1)
    o: Out(stream.Signature(JUDGED_RESULT))
    o_other: Out(stream.Signature(JUDGED_RESULT))

    def elaborate(self, platform):
        m = Module()

        m.submodules.whose = whose = SyncFIFOBuffered(width=1, depth=self.FRAMES)
        connect(m, flipped(self.i_told), flipped(self.o_told))
        fresh = Signal(init=1)
        with m.If(self.i_told.valid & self.i_told.ready):
            m.d.sync += fresh.eq(self.i_told.payload.result.last)
        m.d.comb += [
            whose.w_data.eq(self.camera),
            whose.w_en.eq(self.i_told.valid & self.i_told.ready & fresh),
        ]

        m.d.comb += [
            self.own.eq(whose.r_data),
            self.o.payload.eq(self.i.payload),
            self.o_other.payload.eq(self.i.payload),
            self.o.valid.eq(self.i.valid & whose.r_rdy & self.own),
            self.o_other.valid.eq(self.i.valid & whose.r_rdy & ~self.own),
            whose.r_en.eq(self.i.valid & self.i.ready & self.i.payload.result.last),
        ]
        with m.If(self.own):
            m.d.comb += self.i.ready.eq(whose.r_rdy & self.o.ready)
        with m.Else():
            m.d.comb += self.i.ready.eq(whose.r_rdy & self.o_other.ready)

        return m
