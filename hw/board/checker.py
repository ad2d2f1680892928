"""The self-test's judgement: class sums beside those that are known."""

from collections.abc import Sequence

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.board.layouts import JUDGED_RESULT, WON_RESULT, write_port
from hw.ecp5.memory import Memory


class SumChecker(wiring.Component):
    """Passes results on, with how many of the self-test's sums so far are not as known.

    A word is offered four cycles after it was taken, the next one taken when it is gone.

    Parameters
    ----------
    depth : int
        The most classes.
    sums : sequence of int
        The class sums of :func:`spec.selftest.image` that are known from the start.

    Members
    -------
    write : ``In(write_port(depth))``
        Other sums, while no frame is under way.
    i : ``In(stream.Signature(WON_RESULT))``
    o : ``Out(stream.Signature(JUDGED_RESULT))``
        ``wrong`` is 0 unless it is the self-test.
    """

    def __init__(self, *, depth: int, sums: Sequence[int] = ()):
        self._depth = depth
        self._sums = [value & 0xFFFFFFFF for value in sums]
        super().__init__(
            {
                "write": In(write_port(depth)),
                "i": In(stream.Signature(WON_RESULT)),
                "o": Out(stream.Signature(JUDGED_RESULT)),
            }
        )

    def elaborate(self, platform):
        m = Module()

        m.submodules.known = known = Memory(width=32, depth=self._depth, init=self._sums)
        count = Signal(16)
        m.d.comb += [
            known.read_address.eq(count),
            known.write_address.eq(self.write.payload.address),
            known.write_data.eq(self.write.payload.data),
            known.write_enable.eq(self.write.valid),
        ]
        result, wrong = self.o.payload.result, self.o.payload.wrong
        differs = Signal()
        with m.FSM():
            with m.State("take"):
                m.d.comb += self.i.ready.eq(1)
                for name in self.i.payload.shape().members:
                    m.d.sync += self.o.payload[name].eq(self.i.payload[name])
                with m.If(self.i.valid):
                    m.next = "read"
            with m.State("read"):  # the last word was given and this one taken meanwhile
                m.next = "compare"
            with m.State("compare"):
                m.d.sync += differs.eq(result.data.as_unsigned() != known.read_data)
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
