"""The answer of a frame: the class with the largest of its sums, or none."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.board.layouts import TAGGED_RESULT, WON_RESULT
from hw.streams import greater
from spec.replies import NO_CLASS


class Winner(wiring.Component):
    """Passes results on, with the class whose sum is the largest so far; the last word decides.

    With ``last`` the answer is :meth:`spec.decision.Decision.answer` of the frame's sums. A word is
    offered three cycles after it was taken, the next one taken when it is gone.

    Members
    -------
    none : ``In(16)``
        The class for everything else, which does not compete, or ``NO_CLASS``. Steady, as
        ``threshold`` is, while results come.
    threshold : ``In(signed(32))``
        The least lead of the best sum over that class's, or over 0.
    i : ``In(stream.Signature(TAGGED_RESULT))``
    o : ``Out(stream.Signature(WON_RESULT))``
    """

    none: In(16)
    threshold: In(signed(32))
    i: In(stream.Signature(TAGGED_RESULT))
    o: Out(stream.Signature(WON_RESULT))

    def elaborate(self, platform):
        m = Module()

        word = self.o.payload.result
        count = Signal(16)
        winner = self.o.payload.winner
        # A frame's best sum so far, if there is one, and the sum of the class for none.
        found = Signal()
        behind = Signal(signed(32))
        other = Signal()
        larger = greater(m, word.data, winner.best, "larger")
        # Known two cycles after the last sum was judged; the word that needs it comes later.
        lead = Signal(signed(33))
        short = Signal()
        m.d.sync += [lead.eq(winner.best - behind), short.eq(lead < self.threshold)]
        with m.FSM():
            with m.State("take"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += [
                    word.eq(self.i.payload.result),
                    self.o.payload.tag.eq(self.i.payload.tag),
                ]
                with m.If(self.i.valid):
                    m.next = "compare"
            with m.State("compare"):
                m.d.sync += other.eq(count == self.none)
                m.next = "judge"
            with m.State("judge"):
                with m.If(word.last):
                    with m.If(short):
                        m.d.sync += winner.index.eq(Mux(self.none == NO_CLASS, count, self.none))
                with m.Else():
                    m.d.sync += count.eq(count + 1)
                    with m.If(other):
                        m.d.sync += behind.eq(word.data)
                    with m.Elif(larger | ~found):
                        m.d.sync += [
                            found.eq(1),
                            winner.index.eq(count),
                            winner.best.eq(word.data),
                        ]
                m.next = "give"
            with m.State("give"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    with m.If(word.last):
                        m.d.sync += [count.eq(0), found.eq(0), behind.eq(0)]
                    m.next = "take"

        return m
