"""The picture that the network saw, kept for whoever asks."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.ecp5.memory import Memory
from hw.streams import Pixel


def picture_words(pixels: int) -> int:
    """Words of 32 bits that so many pixels take, two at least."""
    return max(2, -(-pixels * Pixel.size // 32))


class PictureStore(wiring.Component):
    """Keeps the pixels of the last frame as words of four bytes, the lowest first.

    Parameters
    ----------
    pixels : int
        The most pixels of a frame.

    Members
    -------
    pixel : ``In(Pixel)``, valid, first, last : ``In(1)``
        A frame's pixels, at most one a cycle; none in the cycle after ``last``.
    number : ``In(16)``
        The frame's, with ``first``.
    counts : ``In(1)``
        Pulse: the frame that came last is whole, and was classified.
    hold : ``In(1)``
        The picture is to stay from the next moment on at which it is whole.
    held : ``Out(1)``
        It stays, and is whole.
    o_number : ``Out(16)``
        Its frame.
    read_address : ``In``, read_data : ``Out(32)``
        As of :class:`hw.ecp5.memory.Memory`.
    """

    READ_LATENCY = Memory.READ_LATENCY

    def __init__(self, *, pixels: int):
        if pixels < 1:
            raise ValueError(f"a picture must have at least 1 pixel, not {pixels}")
        self.words = picture_words(pixels)
        super().__init__(
            {
                "pixel": In(Pixel),
                "valid": In(1),
                "first": In(1),
                "last": In(1),
                "number": In(16),
                "counts": In(1),
                "hold": In(1),
                "held": Out(1),
                "o_number": Out(16),
                "read_address": In(range(self.words)),
                "read_data": Out(32),
            }
        )

    def elaborate(self, platform):
        m = Module()

        m.submodules.words = words = Memory(width=32, depth=self.words)
        at = Signal(range(self.words + 1))
        whole = Signal()
        writing = Signal()  # a frame that is kept has begun
        part = Signal(2)  # pixels of four that have come
        rest = Signal(24)
        word = Signal(32)
        write = Signal()
        tail = Signal()  # what is left after the last pixel
        m.d.comb += [
            words.read_address.eq(self.read_address),
            self.read_data.eq(words.read_data),
            words.write_address.eq(at),
            words.write_data.eq(word),
            words.write_enable.eq(write),
            self.held.eq(self.hold & whole),
        ]
        m.d.sync += tail.eq(0)
        keep = Signal()
        m.d.comb += keep.eq(self.valid & (self.first & ~self.held | ~self.first & writing))
        bits = self.pixel.as_value()
        with m.If(tail):
            m.d.comb += word.eq(rest)
        with m.Else():
            with m.Switch(part):
                with m.Case(1):
                    m.d.comb += word.eq(Cat(rest[:24], bits))
                with m.Case(2):
                    m.d.comb += word.eq(Cat(rest[:16], bits))
                with m.Case(3):
                    m.d.comb += word.eq(Cat(rest[:8], bits))
        now = Signal(2)  # the place of this pixel among four
        m.d.comb += now.eq(part)
        with m.If(self.first):
            m.d.comb += now.eq(0)
        m.d.comb += write.eq(tail | (keep & (now != 0)))
        with m.If(keep):
            m.d.sync += [part.eq(now + 1), writing.eq(~self.last)]
            m.d.sync += tail.eq(self.last & (now != 3))
            with m.If(self.first):
                m.d.sync += [whole.eq(0), at.eq(0), self.o_number.eq(self.number)]
            with m.Switch(now):
                with m.Case(0):
                    m.d.sync += rest.eq(bits)
                with m.Case(1):
                    m.d.sync += rest.eq(bits[8:])
                with m.Case(2):
                    m.d.sync += rest.eq(bits[16:])
        with m.If(write & ~(self.first & keep)):
            m.d.sync += at.eq(at + 1)
        kept = Signal()  # the frame that came last is the one in here
        with m.If(self.valid & self.first):
            m.d.sync += kept.eq(keep)
        with m.If(self.counts & kept):
            m.d.sync += whole.eq(1)

        return m
