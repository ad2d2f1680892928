"""The board's SPI flash memory, read once at power-up."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

ADDRESS = 0x20_0000
"""Where a network is looked for: behind any ECP5's bitstream, of which the longest, an 85F's, has
1.9 MiB before it is compressed."""

HALF = 3
"""Cycles of half a period of the memory's clock on a board: 22 MHz at 133, where ``03`` allows 33
to 50; and what a pin says is known two cycles later."""

WAKE_US = 30


class FlashPins(wiring.Signature):
    """The reader's side of the memory's pins; ``select`` is high where the pin is low.

    Members
    -------
    clk : ``Out(1)``, select : ``Out(1)``, o : ``Out(1)``, i : ``In(1)``
    """

    def __init__(self):
        super().__init__({"clk": Out(1), "select": Out(1), "o": Out(1), "i": In(1)})


class FlashReader(wiring.Component):
    """Words of an SPI flash memory from an address on, as long as they are wanted.

    It speaks what every such memory does: SPI mode 0, ``03`` and three bytes of address, then all
    that follows. Before the first read it lets the clock run, for the device passes the first
    pulses of its configuration clock's pin on to nobody, and wakes the memory with ``AB``.

    Parameters
    ----------
    address : int
        Of the first byte.
    half : int
        Cycles of half a period of the memory's clock; ``i`` is looked at in the last one in which
        that is high.
    pause : int
        Cycles for which it is not selected between two commands; ``WAKE_US`` wake any memory.

    Members
    -------
    run : ``In(1)``
        Read. Low until ``idle``, the next word is the first again.
    idle : ``Out(1)``
    o : ``Out(stream.Signature(32))``
        The words, their lowest byte first.
    pins : ``Out(FlashPins())``
    """

    READ = 0x03
    WAKE = 0xAB
    DUMMY_BITS = 16

    def __init__(self, *, address: int, half: int, pause: int):
        if not 0 <= address < 1 << 24:
            raise ValueError(f"the address must have 24 bits, not be {address:#x}")
        if half < 1 or pause < 1:
            raise ValueError(f"half and pause must be at least 1, not {half} and {pause}")
        self._address = address
        self._half = half
        self._pause = pause
        super().__init__(
            {
                "run": In(1),
                "idle": Out(1),
                "o": Out(stream.Signature(32)),
                "pins": Out(FlashPins()),
            }
        )

    @classmethod
    def of(cls, clock_hz: int) -> "FlashReader":
        """The one of a board with this clock."""
        return cls(address=ADDRESS, half=HALF, pause=clock_hz * WAKE_US // 10**6 + 1)

    def elaborate(self, platform):
        m = Module()

        # A bit takes two halves, the clock low and then high.
        phase = Signal(range(2 * self._half))
        shifting = Signal()
        end = shifting & (phase == 2 * self._half - 1)
        bits = Signal(range(33))  # left of what is shifted
        out = Signal(32)  # the highest bit first
        into = Signal(32)
        m.d.comb += [
            self.pins.clk.eq(phase >= self._half),
            self.pins.o.eq(out[-1]),
            shifting.eq(bits != 0),
            # Bytes come one after the other, the highest bit of each first.
            self.o.payload.eq(Cat(into.word_select(byte, 8) for byte in reversed(range(4)))),
        ]
        with m.If(shifting):
            m.d.sync += phase.eq(phase + 1)
        with m.If(end):
            m.d.sync += [phase.eq(0), bits.eq(bits - 1), out.eq(out << 1)]
            m.d.sync += into.eq(Cat(self.pins.i, into))

        waited = Signal(range(self._pause))
        pause = waited == self._pause - 1
        with m.FSM():
            with m.State("begin"):
                with m.If(self.run):
                    m.d.sync += bits.eq(self.DUMMY_BITS)
                    m.next = "dummy"
            with m.State("dummy"):
                with m.If(~shifting):
                    m.d.sync += [bits.eq(8), out.eq(self.WAKE << 24), self.pins.select.eq(1)]
                    m.next = "wake"
            with m.State("wake"):
                with m.If(~shifting):
                    m.d.sync += [self.pins.select.eq(0), waited.eq(0)]
                    m.next = "pause"
            with m.State("pause"):
                m.d.sync += waited.eq(waited + 1)
                with m.If(pause):
                    m.next = "rest"
            with m.State("rest"):
                m.d.comb += self.idle.eq(1)
                m.d.sync += [waited.eq(0)]
                with m.If(self.run):
                    m.d.sync += [bits.eq(32), self.pins.select.eq(1)]
                    m.d.sync += out.eq(Const(self.READ << 24 | self._address, 32))
                    m.next = "command"
            with m.State("command"):
                with m.If(~shifting):
                    m.d.sync += bits.eq(32)
                    m.next = "read"
            with m.State("read"):
                m.d.comb += self.o.valid.eq(~shifting & self.run)
                with m.If(~self.run & ~shifting):
                    m.d.sync += self.pins.select.eq(0)
                    m.next = "pause"
                with m.Elif(self.o.valid & self.o.ready):
                    m.d.sync += bits.eq(32)

        return m
