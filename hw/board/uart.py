"""Bytes to and from two wires: 8 data bits, no parity, one stop bit."""

from collections.abc import Sequence

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.board.layouts import BYTE


def divisors(clock_hz: float, rates: Sequence[int]) -> tuple[int, ...]:
    """Clock cycles a bit for each rate.

    Raises
    ------
    ValueError
        If whole cycles miss a rate by more than 2 %: with the other side's error, the last bit of
        a byte would be sampled too near its edge.
    """
    result = []
    for rate in rates:
        divisor = round(clock_hz / rate)
        if divisor < 2 or abs(clock_hz / divisor / rate - 1) > 0.02:
            raise ValueError(f"{rate} bit/s must divide the clock of {clock_hz / 1e6:g} MHz to 2 %")
        result.append(divisor)
    return tuple(result)


class Receiver(wiring.Component):
    """A wire's bytes, each sampled in the middle of its bits.

    A byte appears on ``o`` half a bit before its end. A break is told once, while it lasts.

    Parameters
    ----------
    divisors
        Clock cycles a bit, at least 2, for each value of ``rate``.
    break_cycles
        How long the line must be low, after a byte's time, for a break.

    Members
    -------
    rx : ``In(1)``
        The wire, synchronized; high when idle.
    rate : ``In(range(len(divisors)))``
        Takes effect with the next bit.
    o : ``Out(stream.Signature(BYTE, always_ready=True))``
        What was received.
    cut : ``Out(1)``
        High for one cycle in every break.
    """

    def __init__(self, *, divisors: Sequence[int], break_cycles: int):
        if min(divisors) < 2:
            raise ValueError(f"a bit must last at least 2 cycles, not {min(divisors)}")
        self._divisors = tuple(divisors)
        self._break_cycles = break_cycles
        super().__init__(
            {
                "rx": In(1, init=1),
                "rate": In(range(len(self._divisors))),
                "o": Out(stream.Signature(BYTE, always_ready=True)),
                "cut": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()

        bit = Signal(range(max(self._divisors)), init=self._divisors[0] - 1)
        half = Signal.like(bit, init=self._divisors[0] // 2 - 1)
        lasts = Array(Const(divisor - 1, len(bit)) for divisor in self._divisors)
        halves = Array(Const(divisor // 2 - 1, len(bit)) for divisor in self._divisors)
        m.d.sync += [bit.eq(lasts[self.rate]), half.eq(halves[self.rate])]

        timer = Signal.like(bit)
        count = Signal(range(10))
        low = Signal(range(self._break_cycles + 1))
        m.d.sync += [self.o.valid.eq(0), self.cut.eq(0)]

        with m.FSM():
            with m.State("idle"):
                m.d.sync += [timer.eq(half), count.eq(0), low.eq(0)]
                with m.If(~self.rx):
                    m.next = "bits"
            with m.State("bits"):
                m.d.sync += timer.eq(Mux(timer == 0, bit, timer - 1))
                with m.If(timer == 0):
                    m.d.sync += count.eq(count + 1)
                    with m.If((count == 0) & self.rx):
                        m.next = "idle"
                    with m.Elif(count == 9):
                        m.d.sync += [self.o.valid.eq(1), self.o.payload.broken.eq(~self.rx)]
                        with m.If(self.rx):
                            m.next = "idle"
                        with m.Else():
                            m.next = "low"
                    with m.Elif(count != 0):
                        m.d.sync += self.o.payload.data.eq(Cat(self.o.payload.data[1:], self.rx))
            with m.State("low"):
                with m.If(self.rx):
                    m.next = "idle"
                with m.Elif(low != self._break_cycles):
                    m.d.sync += low.eq(low + 1)
                    m.d.sync += self.cut.eq(low == self._break_cycles - 1)

        return m


class Transmitter(wiring.Component):
    """Bytes onto a wire.

    Parameters
    ----------
    divisors
        Clock cycles a bit, at least 2, for each value of ``rate``.

    Members
    -------
    i : ``In(stream.Signature(8))``
        Bytes; ready when the last one's stop bit is over.
    rate : ``In(range(len(divisors)))``
        Takes effect with the next bit.
    tx : ``Out(1)``
        The wire; high when idle.
    """

    def __init__(self, *, divisors: Sequence[int]):
        self._divisors = tuple(divisors)
        super().__init__(
            {
                "i": In(stream.Signature(8)),
                "rate": In(range(len(self._divisors))),
                "tx": Out(1, init=1),
            }
        )

    def elaborate(self, platform):
        m = Module()

        bit = Signal(range(max(self._divisors)), init=self._divisors[0] - 1)
        lasts = Array(Const(divisor - 1, len(bit)) for divisor in self._divisors)
        m.d.sync += bit.eq(lasts[self.rate])

        timer = Signal.like(bit)
        rest = Signal(9)
        count = Signal(range(11))
        m.d.comb += self.i.ready.eq(count == 0)
        with m.If(count == 0):
            with m.If(self.i.valid):
                m.d.sync += [self.tx.eq(0), rest.eq(Cat(self.i.payload, 1))]
                m.d.sync += [timer.eq(bit), count.eq(10)]
        with m.Elif(timer != 0):
            m.d.sync += timer.eq(timer - 1)
        with m.Else():
            m.d.sync += [self.tx.eq(rest[0]), rest.eq(Cat(rest[1:], 1))]
            m.d.sync += [timer.eq(bit), count.eq(count - 1)]

        return m
