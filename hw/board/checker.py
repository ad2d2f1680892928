"""The self-test's judgement: class sums beside those that are known."""

from collections.abc import Sequence

from amaranth.hdl import Module, Signal
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.board.layouts import JUDGED_RESULT, WON_RESULT


class SumChecker(wiring.Component):
    """Passes results on, with how many of the self-test's sums so far are not as known.

    A word is offered three cycles after it was taken, the next one taken when it is gone.

    Parameters
    ----------
    sums : sequence of int
        The class sums of :func:`spec.selftest.image`.

    Members
    -------
    i : ``In(stream.Signature(WON_RESULT))``
    o : ``Out(stream.Signature(JUDGED_RESULT))``
        ``wrong`` is 0 unless it is the self-test.
    """

    def __init__(self, *, sums: Sequence[int]):
        self._sums = [value & 0xFFFFFFFF for value in sums]
        super().__init__(
            {
                "i": In(stream.Signature(WON_RESULT)),
                "o": Out(stream.Signature(JUDGED_RESULT)),
            }
        )

    def elaborate(self, platform):
        m = Module()

        m.submodules.known = known = memory.Memory(shape=32, depth=len(self._sums), init=self._sums)
        read = known.read_port()
        count = Signal(16)
        m.d.comb += read.addr.eq(count)
        result, wrong = self.o.payload.result, self.o.payload.wrong
        differs = Signal()
        with m.FSM():
            with m.State("take"):
                m.d.comb += self.i.ready.eq(1)
                for name in self.i.payload.shape().members:
                    m.d.sync += self.o.payload[name].eq(self.i.payload[name])
                with m.If(self.i.valid):
                    m.next = "compare"
            with m.State("compare"):
                m.d.sync += differs.eq(result.data.as_unsigned() != read.data)
                m.next = "judge"
            with m.State("judge"):
                with m.If(~result.last & self.o.payload.tag.testing):
                    m.d.sync += [count.eq(count + 1), wrong.eq(wrong + differs)]
                m.next = "give"
            with m.State("give"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    with m.If(result.last):
                        m.d.sync += [count.eq(0), wrong.eq(0)]
                    m.next = "take"

        return m
