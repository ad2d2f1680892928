"""The test of the SDRAM: noise into every word and back, then each bit's opposite."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.sdram.bus import WORD_BITS
from hw.sdram.controller import BURST_ADDRESS_BITS, BURST_COLUMN_BITS, WORD_ADDRESS_BITS, Write
from spec import selftest


class MemoryTest(wiring.Component):
    """Writes and reads back the bursts from ``first`` to ``last``, twice.

    What is written is a pseudorandom sequence (:data:`spec.selftest.SHIFTS`), so that a broken
    line of data or address, a word that is missed and one that arrives late all show: each makes
    some word another's. The second time every bit is the opposite of the first's.

    Members
    -------
    start : ``In(1)``
        Pulse: begin, unless it is under way.
    first, last : ``In(21)``
        Bursts to test, the first one at the beginning of a page; steady while ``busy``.
    busy : ``Out(1)``
        It is under way.
    wrong : ``Out(25)``
        How many words came back wrong: of the test that is under way, or of the last one.
    bits : ``Out(16)``
        Which of their bits did.
    address : ``Out(24)``
        The first wrong word.
    run : ``Out(1)``, o : ``Out(stream.Signature(Write))``, i : ``In(stream.Signature(16))``,
    settled : ``In(1)``
        To a :class:`hw.sdram.controller.Controller`: ``run``, ``i``, ``o``, ``settled``.
    """

    def __init__(self):
        super().__init__(
            {
                "start": In(1),
                "first": In(BURST_ADDRESS_BITS),
                "last": In(BURST_ADDRESS_BITS),
                "busy": Out(1),
                "wrong": Out(WORD_ADDRESS_BITS + 1),
                "bits": Out(WORD_BITS),
                "address": Out(WORD_ADDRESS_BITS),
                "run": Out(1),
                "settled": In(1),
                "o": Out(stream.Signature(Write)),
                "i": In(stream.Signature(WORD_BITS)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        address = Signal(WORD_ADDRESS_BITS)
        noise = Signal(32)
        opposite = Signal()
        step = noise
        for shift in selftest.SHIFTS:
            step = step ^ ((step << shift if shift > 0 else step >> -shift)[:32])
        word = noise[:WORD_BITS] ^ opposite.replicate(WORD_BITS)
        # A burst has more than one word: the last one is known with the one before.
        final = Signal()
        before = (1 << BURST_COLUMN_BITS) - 2
        again = [
            address.eq(self.first << BURST_COLUMN_BITS),
            noise.eq(selftest.SEED),
            final.eq(0),
        ]
        onward = [
            address.eq(address + 1),
            noise.eq(step),
            final.eq(address == (self.last << BURST_COLUMN_BITS | before)),
        ]
        m.d.comb += [self.o.payload.address.eq(address), self.o.payload.data.eq(word)]

        difference = Signal(WORD_BITS)
        place = Signal.like(address)
        m.d.sync += [difference.eq(0), place.eq(address)]
        with m.FSM():
            with m.State("REST"):
                m.d.sync += [*again, opposite.eq(0)]
                with m.If(self.start):
                    m.d.sync += [self.busy.eq(1), self.wrong.eq(0), self.bits.eq(0)]
                    m.next = "WRITE"
            with m.State("WRITE"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.d.sync += onward
                    with m.If(final):
                        m.next = "SETTLE"
            with m.State("SETTLE"):
                m.d.sync += again
                with m.If(self.settled):
                    m.next = "READ"
            with m.State("READ"):
                m.d.comb += [self.run.eq(1), self.i.ready.eq(1)]
                with m.If(self.i.valid):
                    m.d.sync += onward
                    m.d.sync += difference.eq(self.i.payload ^ word)
                    with m.If(final):
                        m.next = "TURN"
            with m.State("TURN"):  # while the last difference is counted
                m.d.sync += [*again, opposite.eq(~opposite)]
                with m.If(opposite):
                    m.d.sync += self.busy.eq(0)
                    m.next = "REST"
                with m.Else():
                    m.next = "WRITE"

        with m.If(difference != 0):
            m.d.sync += [self.wrong.eq(self.wrong + 1), self.bits.eq(self.bits | difference)]
            with m.If(self.wrong == 0):
                m.d.sync += self.address.eq(place)
        return m
