"""Everything on the board but its pads and clock: wires in, wires out, one clock domain."""

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out, connect

from hw.board.link import Link
from hw.board.uart import Receiver, Transmitter
from spec.replies import Identity


class Shell(wiring.Component):
    """The core behind a UART, with lamps and a button.

    ``rx`` and ``button`` are the only inputs that no clock rules; each passes two flip-flops before
    it is looked at. Everything else is in the domain ``sync``, which needs no reset: every register
    begins with its initial value.

    Parameters
    ----------
    core : wiring.Component
        A :class:`hw.core.Core`.
    identity : Identity
        What the board says it is.
    sums : sequence of int
        The class sums of the self-test's image.
    divisors : sequence of int
        Clock cycles a bit of the line, for each of its rates.
    tick : int
        Cycles for which the activity lamp stays on, and a button must be quiet, at least;
        about 50 ms. An image is dropped after 32 ticks without its next chunk.
    leds : int
        How many lamps: the class (one lamp each if there are enough, else in binary), the
        self-test passed, activity.

    Members
    -------
    rx : ``In(1)``, tx : ``Out(1)``
        The serial line.
    button : ``In(1)``
        Runs the self-test when pressed.
    leds : ``Out(leds)``
        The lamps, lit by ones.
    """

    PATIENCE = 32
    """Ticks."""

    def __init__(
        self,
        *,
        core: wiring.Component,
        identity: Identity,
        sums: Sequence[int],
        divisors: Sequence[int],
        tick: int,
        leds: int,
    ):
        self._core = core
        self._divisors = tuple(divisors)
        self._tick = tick
        self._link = Link(identity=identity, sums=sums, patience=self.PATIENCE * tick)
        self._classes = len(sums)
        super().__init__(
            {"rx": In(1, init=1), "tx": Out(1, init=1), "button": In(1), "leds": Out(leds)}
        )

    def elaborate(self, platform):
        m = Module()

        m.submodules.core = core = self._core
        m.submodules.link = link = self._link
        connect(m, link.pixels, core.i)
        connect(m, core.o, link.results)

        # The line. A break makes it go on at the next rate.
        rate = Signal(range(len(self._divisors)))
        m.submodules.receiver = receiver = Receiver(
            divisors=self._divisors, break_cycles=20 * max(self._divisors)
        )
        m.submodules.transmitter = transmitter = Transmitter(divisors=self._divisors)
        rx = Signal(init=1)
        m.submodules.rx_synchronizer = FFSynchronizer(self.rx, rx, init=1)
        connect(m, receiver.o, link.i)
        connect(m, link.o, transmitter.i)
        m.d.comb += [
            receiver.rx.eq(rx),
            receiver.rate.eq(rate),
            transmitter.rate.eq(rate),
            link.cut.eq(receiver.cut),
        ]
        with m.If(receiver.cut):
            m.d.sync += rate.eq(Mux(rate == len(self._divisors) - 1, 0, rate + 1))
        m.d.sync += self.tx.eq(transmitter.tx)

        # The button counts when it has been released for a tick.
        button = Signal()
        m.submodules.button_synchronizer = FFSynchronizer(self.button, button)
        quiet = Signal(range(self._tick))
        armed = Signal()
        m.d.sync += link.selftest.eq(armed & button)
        with m.If(button):
            m.d.sync += [quiet.eq(0), armed.eq(0)]
        with m.Elif(quiet == self._tick - 1):
            m.d.sync += armed.eq(1)
        with m.Else():
            m.d.sync += quiet.eq(quiet + 1)

        # The lamps.
        lit = Signal(range(self._tick))
        with m.If(link.busy | receiver.o.valid):
            m.d.sync += lit.eq(self._tick - 1)
        with m.Elif(lit != 0):
            m.d.sync += lit.eq(lit - 1)
        lamps = [link.tested & link.passed, lit != 0]
        # From the near end the class, one lamp each or in binary; at the far end these two.
        shown = max(0, len(self.leds) - len(lamps))
        if shown >= self._classes:
            classes = [link.known & (link.winner == index) for index in range(self._classes)]
        else:
            classes = [link.known & bit for bit in link.winner]
        lamps = (classes + [0] * shown)[:shown] + lamps
        for led, lamp in zip(self.leds, lamps[len(lamps) - len(self.leds) :], strict=True):
            m.d.sync += led.eq(lamp)

        return m
