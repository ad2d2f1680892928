"""Whole frames for the core, whatever becomes of the source."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.board.layouts import TAG, TAGGED_PIXEL, TAGGED_RESULT
from hw.streams import Pixel, Result


class FrameGuard(wiring.Component):
    """Gives the core a frame's pixels, all of them, and passes its results on if they count.

    A frame begins with a pixel that says so; others are passed over between frames. A frame that is
    dropped, or in the midst of which another one begins, is filled up with black, and its results
    are thrown away: a lost pixel costs its own frame and no other. The next frame begins when the
    results of the one before have been taken.

    Parameters
    ----------
    pixels : int
        The most pixels a frame can have.

    Members
    -------
    frame : ``In(range(pixels + 1))``
        Pixels of a frame, at least 2; may change between frames.
    i : ``In(stream.Signature(TAGGED_PIXEL))``
        From the source.
    drop : ``In(1)``
        Pulse: the frame under way does not count, nor does a pixel that is offered and not taken.
    idle : ``Out(1)``
        No frame is under way.
    o : ``Out(stream.Signature(Pixel))``, results : ``In(stream.Signature(Result))``
        The core; at most one pixel a cycle, a cycle later than ``i``.
    o_results : ``Out(stream.Signature(TAGGED_RESULT))``
        Results of the frames that count.
    """

    def __init__(self, *, pixels: int):
        if pixels < 2:
            raise ValueError(f"a frame must have at least 2 pixels, not {pixels}")
        super().__init__(
            {
                "frame": In(range(pixels + 1)),
                "i": In(stream.Signature(TAGGED_PIXEL)),
                "drop": In(1),
                "idle": Out(1),
                "o": Out(stream.Signature(Pixel)),
                "results": In(stream.Signature(Result)),
                "o_results": Out(stream.Signature(TAGGED_RESULT)),
            }
        )

    def elaborate(self, platform):
        m = Module()

        tag = Signal(TAG)
        left = Signal.like(self.frame)  # pixels of the frame that were not given
        final = Signal()  # one is left
        filling = Signal()
        dropped = Signal()
        stale = Signal()  # what is offered was offered before the drop
        room = Signal()
        offered = Signal()
        m.d.comb += [
            room.eq(~self.o.valid | self.o.ready),
            offered.eq(self.i.valid & ~stale),
            self.o_results.payload.result.eq(self.results.payload),
            self.o_results.payload.tag.eq(tag),
        ]
        m.d.sync += stale.eq(self.drop & self.i.valid & ~self.i.ready)
        with m.If(self.drop):
            m.d.sync += dropped.eq(1)
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(room):  # whether or not it is then valid
            m.d.sync += self.o.payload.eq(Mux(filling, 0, self.i.payload.pixel))

        with m.FSM():
            with m.State("idle"):
                m.d.comb += self.idle.eq(1)
                m.d.comb += self.i.ready.eq(room | ~self.i.payload.first)
                m.d.sync += [left.eq(self.frame - 1), final.eq(self.frame == 2)]
                m.d.sync += [tag.eq(self.i.payload.tag), dropped.eq(self.drop)]
                with m.If(offered & self.i.payload.first & room):
                    m.d.sync += self.o.valid.eq(1)
                    m.next = "pass"
            with m.State("pass"):
                with m.If(dropped | (offered & self.i.payload.first)):
                    m.d.sync += dropped.eq(1)
                    m.next = "fill"
                with m.Elif(room):
                    m.d.comb += self.i.ready.eq(1)
                    with m.If(offered):
                        m.d.sync += self.o.valid.eq(1)
                        m.d.sync += [left.eq(left - 1), final.eq(left == 2)]
                        with m.If(final):
                            m.next = "wait"
            with m.State("fill"):
                m.d.comb += filling.eq(1)
                with m.If(room):
                    m.d.sync += self.o.valid.eq(1)
                    m.d.sync += [left.eq(left - 1), final.eq(left == 2)]
                    with m.If(final):
                        m.next = "wait"
            with m.State("wait"):
                with m.If(self.results.valid):
                    with m.If(dropped):
                        m.next = "drain"
                    with m.Else():
                        m.next = "tell"
            with m.State("drain"):
                m.d.comb += self.results.ready.eq(1)
                with m.If(self.results.valid & self.results.payload.last):
                    m.next = "idle"
            with m.State("tell"):
                m.d.comb += [
                    self.o_results.valid.eq(self.results.valid),
                    self.results.ready.eq(self.o_results.ready),
                ]
                with m.If(self.results.valid & self.o_results.ready & self.results.payload.last):
                    m.next = "idle"
        with m.If(stale):
            m.d.comb += self.i.ready.eq(1)

        return m
