"""OmniVision's two-wire bus: writes of a byte to a register."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

WRITE = StructLayout({"register": 8, "value": 8})
"""A register's number, and what is written to it."""


class SccbWriter(wiring.Component):
    """Three phases a write: the chip's address, the register, the value; each eight bits, the
    highest first, and a ninth that nobody looks at (SCCB specification 2.2, 3-phase write).

    The data wire changes while the clock is low, but for a write's begin (falling) and end
    (rising). Each of the 29 steps of a write takes four quarters. Nothing is read: a camera that is
    not there is not noticed here.

    Parameters
    ----------
    address : int
        Of the chip, for writing: even.
    quarter : int
        Cycles of a quarter of a bit.

    Members
    -------
    i : ``In(stream.Signature(WRITE))``
    clock : ``Out(1)``
        SIOC.
    data : ``Out(1)``, drives : ``Out(1)``
        SIOD, and whether it is driven: not in a ninth bit.
    """

    def __init__(self, *, address: int, quarter: int):
        if address & 1 or not 0 <= address < 256:
            raise ValueError(f"an address for writing must be an even byte, not {address:#x}")
        if quarter < 1:
            raise ValueError(f"a quarter of a bit must be at least 1 cycle, not {quarter}")
        self._address = address
        self._quarter = quarter
        super().__init__(
            {
                "i": In(stream.Signature(WRITE)),
                "clock": Out(1, init=1),
                "data": Out(1, init=1),
                "drives": Out(1, init=1),
            }
        )

    def elaborate(self, platform):
        m = Module()

        # Begin, 27 bits, end: a level each, and a first one for the time between two writes.
        rest = Signal(28)
        released = Signal(28)
        step = Signal(range(29))
        quarter = Signal(2)
        timer = Signal(range(self._quarter))
        busy = Signal()
        write = self.i.payload
        ninth = Const(0b1_0000_0000 * (1 | 1 << 9 | 1 << 18), 27)

        m.d.comb += self.i.ready.eq(~busy)
        with m.If(~busy):
            m.d.sync += [step.eq(0), quarter.eq(0), timer.eq(0)]
            with m.If(self.i.valid):
                m.d.sync += busy.eq(1)
                phases = [Const(self._address, 8), write.register, write.value]
                bits = [bit for phase in phases for bit in (*reversed(list(phase)), Const(0))]
                m.d.sync += [rest.eq(Cat(bits, 0)), released.eq(Cat(ninth, 0))]
        with m.Elif(timer != self._quarter - 1):
            m.d.sync += timer.eq(timer + 1)
        with m.Else():
            m.d.sync += [timer.eq(0), quarter.eq(quarter + 1)]
            with m.If(quarter == 3):
                m.d.sync += step.eq(step + 1)
                with m.If(step != 0):
                    m.d.sync += [rest.eq(Cat(rest[1:], 0)), released.eq(Cat(released[1:], 0))]
                with m.If(step == 28):
                    m.d.sync += busy.eq(0)

        m.d.sync += [self.clock.eq(1), self.data.eq(1), self.drives.eq(1)]
        with m.If(busy):
            with m.If(step == 0):  # begin: high, high, low; then the clock falls
                m.d.sync += [self.clock.eq(quarter != 3), self.data.eq(quarter < 2)]
            with m.Elif(step == 28):  # end: low, then the clock rises, then the data
                m.d.sync += [self.clock.eq(quarter != 0), self.data.eq(quarter >= 2)]
            with m.Else():
                m.d.sync += self.clock.eq((quarter == 1) | (quarter == 2))
                m.d.sync += [self.data.eq(rest[0]), self.drives.eq(~released[0])]

        return m
