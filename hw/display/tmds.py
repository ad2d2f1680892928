"""TMDS: bytes and pulses as words of ten bits, and these as bits on a wire (DVI 1.0, chapter 3)."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

BITS = 10
"""Of a word; the lowest goes first."""
LANES = 3
"""Blue with the pulses, green, red; the clock is a fourth pair."""
CONTROL = (0b1101010100, 0b0010101011, 0b0101010100, 0b1010101011)
"""Words of two bits beside the picture."""
CLOCK = 0b0000011111
"""The word of the clock's pair."""


class Encoder(wiring.Component):
    """A byte becomes the word of two with fewer transitions, turned so that ones and zeros balance.

    A word is given three cycles after its byte.

    Members
    -------
    picture : ``In(1)``
        There is a byte; otherwise the two bits of ``control``.
    data : ``In(8)``, control : ``In(2)``
    o : ``Out(10)``
    """

    picture: In(1)
    data: In(8)
    control: In(2)
    o: Out(BITS)

    def elaborate(self, platform):
        m = Module()

        # The first stage: which of the two words.
        ones = sum(self.data[bit] for bit in range(8))
        invert = Signal()
        data = Signal(8)
        early, early_control = Signal(), Signal(2)
        m.d.sync += [
            invert.eq((ones > 4) | ((ones == 4) & ~self.data[0])),
            data.eq(self.data),
            early.eq(self.picture),
            early_control.eq(self.control),
        ]

        # The second stage: nine bits, and how many ones among the eight more than zeros.
        bits = [data[0]]
        for bit in range(1, 8):
            bits.append(bits[-1] ^ data[bit] ^ invert)
        word = Signal(9)
        picture, control = Signal(), Signal(2)
        excess = Signal(signed(5))
        m.d.sync += [
            word.eq(Cat(*bits, ~invert)),
            excess.eq(2 * sum(bits) - 8),
            picture.eq(early),
            control.eq(early_control),
        ]

        # The third stage: the balance so far decides whether the eight are turned.
        balance = Signal(signed(6))
        turn = Signal()
        kept = word[8]
        even = (balance == 0) | (excess == 0)
        with m.If(even):
            m.d.comb += turn.eq(~kept)
        with m.Else():
            m.d.comb += turn.eq((balance > 0) == (excess > 0))
        gain = Signal(signed(6))
        with m.If(even):
            m.d.comb += gain.eq(Mux(kept, excess, -excess))
        with m.Elif(turn):
            m.d.comb += gain.eq(Mux(kept, 2, 0) - excess)
        with m.Else():
            m.d.comb += gain.eq(excess - Mux(kept, 0, 2))
        with m.If(picture):
            m.d.sync += [
                self.o.eq(Cat(Mux(turn, ~word[:8], word[:8]), kept, turn)),
                balance.eq(balance + gain),
            ]
        with m.Else():
            m.d.sync += [
                self.o.eq(Array(Const(word, BITS) for word in CONTROL)[control]),
                balance.eq(0),
            ]

        return m


class Serializer(wiring.Component):
    """Words as two bits a cycle, five cycles a word, at five times the pixels' clock.

    ``flag`` changes with every word, in the cycle in which the words do. It passes two flip-flops;
    then the words have been steady for two cycles or three, and are for two more.

    Members
    -------
    words : ``In(30)``
        Of the three lanes, blue first; of the pixels' clock.
    flag : ``In(1)``
    o : ``Out(8)``
        Two bits of each lane, the earlier one first, and of the clock's pair.
    """

    words: In(LANES * BITS)
    flag: In(1)
    o: Out(2 * (LANES + 1))

    def elaborate(self, platform):
        m = Module()

        flag, was = Signal(), Signal()
        m.submodules.synchronizer = FFSynchronizer(self.flag, flag)
        rest = [Signal(BITS, name=f"lane_{lane}") for lane in range(LANES + 1)]
        m.d.sync += was.eq(flag)
        with m.If(flag != was):
            for lane, word in enumerate(rest[:LANES]):
                m.d.sync += word.eq(self.words.word_select(lane, BITS))
            m.d.sync += rest[LANES].eq(CLOCK)
        with m.Else():
            m.d.sync += [word.eq(word >> 2) for word in rest]
        m.d.sync += self.o.eq(Cat(word[:2] for word in rest))

        return m
