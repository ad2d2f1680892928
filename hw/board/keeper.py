"""When the weights stream out of the SDRAM, and when that is tested instead."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.board.layouts import ASKED


class MemoryKeeper(wiring.Component):
    """Lets the core compute while a network is held, and tests the memory between two frames.

    A board without an SDRAM has a memory that is always settled, and never busy.

    Members
    -------
    held : ``In(1)``
        A network is held.
    quiet : ``In(1)``
        Nothing is under way.
    test : ``In(ASKED)``
        Test the memory as soon as all is quiet, and tell that it was.
    pressed : ``In(1)``
        Pulse: test the memory as soon as all is quiet, then run the self-test.
    drop : ``In(1)``
        Pulse: forget who asked for a test.
    busy : ``Out(1)``
        It begins, or is under way: nothing else may begin.
    told : ``Out(ASKED)``
        A test that was asked for is over.
    selftest : ``Out(1)``
        Pulse: run the self-test.
    right : ``Out(1)``
        The last test of the memory found nothing wrong, or there was none.
    running : ``Out(1)``
        The core may compute, and the rows stream.
    settled, testing, wrong : ``In(1)``, start : ``Out(1)``
        The memory's ``settled``, ``busy``, ``wrong != 0`` and ``test``, see
        :class:`hw.sdram.source.SdramSource`.
    """

    held: In(1)
    quiet: In(1)
    test: In(ASKED)
    pressed: In(1)
    drop: In(1)
    busy: Out(1)
    told: Out(ASKED)
    selftest: Out(1)
    right: Out(1, init=1)
    running: Out(1)
    settled: In(1)
    testing: In(1)
    wrong: In(1)
    start: Out(1)

    STEADY = 8
    """Cycles from the last word of a network to the first row's being asked for: the source wants
    to know for so long how many there are."""

    def elaborate(self, platform):
        m = Module()

        asked, pressed = Signal(), Signal()  # a test is due
        telling, following = Signal(), Signal()  # what comes after the one under way
        wanted = asked | pressed
        # All who may begin are far from here: in the cycle after ``due`` none of them has.
        due = wanted & self.quiet
        ready = Signal()
        m.d.sync += ready.eq(due)
        steady = Signal(range(self.STEADY))
        m.d.sync += [self.told.valid.eq(0), self.selftest.eq(0)]

        with m.FSM() as fsm:
            with m.State("rest"):
                m.d.sync += steady.eq(0)
                with m.If(ready & wanted & self.settled):
                    m.d.sync += [telling.eq(asked), following.eq(pressed)]
                    m.d.sync += [asked.eq(0), pressed.eq(0)]
                    m.next = "begin"
                with m.Elif(self.held & self.settled & ~(ready & wanted)):
                    m.d.sync += steady.eq(steady + 1)
                    with m.If(steady == self.STEADY - 1):
                        m.d.sync += self.running.eq(1)
                        m.next = "run"
            with m.State("run"):
                with m.If(~self.held | (ready & wanted)):
                    m.d.sync += self.running.eq(0)
                    m.next = "rest"
            with m.State("begin"):
                m.d.comb += self.start.eq(1)
                m.next = "test"
            with m.State("test"):
                with m.If(~self.testing):
                    m.d.sync += [
                        self.told.valid.eq(telling & ~self.drop),
                        self.selftest.eq(following & self.held),
                        self.right.eq(~self.wrong),
                    ]
                    m.next = "rest"
        m.d.comb += self.busy.eq(due | ready | fsm.ongoing("begin") | fsm.ongoing("test"))

        # After the state machine: what comes while a test begins is due again.
        with m.If(self.drop):
            m.d.sync += [asked.eq(0), telling.eq(0)]
        with m.If(self.test.valid):
            m.d.sync += [asked.eq(1), self.told.payload.eq(self.test.payload)]
        with m.If(self.pressed):
            m.d.sync += pressed.eq(1)

        return m
