"""What a person at the board sees and presses."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from hw.board.layouts import JUDGED_RESULT


class Lamps(wiring.Component):
    """Shows the last class, whether the self-test passed, and activity.

    From the first lamp on the class, one lamp each if there are enough, else in binary; then, at
    the far end, the self-test and activity. The first ones are left out if lamps are few.

    ``FLASH`` ticks are from one flash to the next.

    Parameters
    ----------
    leds : int
        How many lamps.
    classes : int
        The most classes.
    tick : int
        Cycles for which activity is shown at least.

    Members
    -------
    classes : ``In(16)``
        How many classes.
    told : ``In(stream.Signature(JUDGED_RESULT, always_ready=True))``
        The last word of a frame's results.
    memory_right : ``In(1)``
        The last test of the memory found nothing wrong; part of the self-test.
    forget : ``In(1)``
        What was told is of another network.
    fallen : ``In(1)``
        Pulse: the network of the flash memory was not right. While nothing is under way, the lamp
        of activity then flashes.
    busy : ``In(1)``
    o : ``Out(leds)``
    """

    FLASH = 32

    def __init__(self, *, leds: int, classes: int, tick: int):
        self._classes = classes
        self._tick = tick
        super().__init__(
            {
                "classes": In(16),
                "told": In(stream.Signature(JUDGED_RESULT, always_ready=True)),
                "memory_right": In(1, init=1),
                "forget": In(1),
                "fallen": In(1),
                "busy": In(1),
                "o": Out(leds),
            }
        )

    def elaborate(self, platform):
        m = Module()

        lit = Signal(range(self._tick))
        with m.If(self.busy):
            m.d.sync += lit.eq(self._tick - 1)
        with m.Elif(lit != 0):
            m.d.sync += lit.eq(lit - 1)

        winner = Signal(range(self._classes + 1))  # that is none, where it is no class
        known = Signal()  # there was an image
        passed = Signal()  # the last self-test
        told = self.told.payload
        with m.If(self.told.valid):
            with m.If(told.tag.testing):
                m.d.sync += passed.eq(told.wrong == 0)
            with m.Else():
                m.d.sync += [winner.eq(told.winner.index), known.eq(1)]

        with m.If(self.forget):
            m.d.sync += [known.eq(0), passed.eq(0)]

        alarm = Signal()
        flash = Signal(range(self.FLASH * self._tick))
        m.d.sync += alarm.eq(alarm | self.fallen)
        m.d.sync += flash.eq(Mux(flash == self.FLASH * self._tick - 1, 0, flash + 1))
        status = [passed & self.memory_right, (lit != 0) | (alarm & (flash < self._tick))]
        shown = max(0, len(self.o) - len(status))
        each = Signal(shown)
        few = Signal()
        m.d.sync += [few.eq(self.classes <= shown), each.eq(0)]
        with m.If(known & few):
            m.d.sync += [lamp.eq(winner == index) for index, lamp in enumerate(each)]
        with m.Elif(known):
            m.d.sync += each.eq(winner)
        lamps = [*each, *status]
        for led, lamp in zip(self.o, lamps[len(lamps) - len(self.o) :], strict=True):
            m.d.sync += led.eq(lamp)

        return m


class Button(wiring.Component):
    """A pulse when a button is pressed, however it bounces.

    It counts once it has been released for ``tick`` cycles on end.

    Parameters
    ----------
    tick : int

    Members
    -------
    pin : ``In(1)``
        The button, high when pressed; no clock rules it.
    o : ``Out(1)``
    """

    def __init__(self, *, tick: int):
        self._tick = tick
        super().__init__({"pin": In(1), "o": Out(1)})

    def elaborate(self, platform):
        m = Module()

        pressed = Signal()
        m.submodules.synchronizer = FFSynchronizer(self.pin, pressed)
        quiet = Signal(range(self._tick))
        armed = Signal()
        m.d.sync += self.o.eq(armed & pressed)
        with m.If(pressed):
            m.d.sync += [quiet.eq(0), armed.eq(0)]
        with m.Elif(quiet == self._tick - 1):
            m.d.sync += armed.eq(1)
        with m.Else():
            m.d.sync += quiet.eq(quiet + 1)

        return m
