"""The class of a frame: the largest of its sums."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.board.layouts import TAGGED_RESULT, WON_RESULT


class Winner(wiring.Component):
    """Passes results on, with the class whose sum is the largest so far.

    A word is offered three cycles after it was taken, the next one taken when it is gone.

    Members
    -------
    i : ``In(stream.Signature(TAGGED_RESULT))``
    o : ``Out(stream.Signature(WON_RESULT))``
    """

    i: In(stream.Signature(TAGGED_RESULT))
    o: Out(stream.Signature(WON_RESULT))

    def elaborate(self, platform):
        m = Module()

        word = self.o.payload.result
        count = Signal(16)
        better = Signal()
        winner = self.o.payload.winner
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
                m.d.sync += better.eq((count == 0) | (word.data > winner.best))
                m.next = "judge"
            with m.State("judge"):
                with m.If(~word.last):
                    m.d.sync += count.eq(count + 1)
                    with m.If(better):
                        m.d.sync += [winner.index.eq(count), winner.best.eq(word.data)]
                m.next = "give"
            with m.State("give"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    with m.If(word.last):
                        m.d.sync += count.eq(0)
                    m.next = "take"

        return m
