"""COBS, into bytes without zeros and back: after :func:`spec.protocol.stuff`.

Runs are of 254 bytes at most; shorter ones make the same circuits small enough to be proved.
"""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.board.layouts import BYTE, LAST_BYTE, body
from hw.ecp5.memory import Memory

LONGEST = 254
"""Bytes of a run, without the one that tells how many."""


class Unstuffer(wiring.Component):
    """Finds the frames in a line of bytes. Every input byte is dealt with in one cycle.

    Whatever came before, a zero byte, or a broken one, ends a frame and begins the next.

    Members
    -------
    i : ``In(stream.Signature(BYTE, always_ready=True))``
        The line.
    o : ``Out(body())``
        Bytes of a frame, as they come; ``end`` never in the same cycle as a byte, never for a frame
        without bytes on the line; ``whole`` if its COBS was complete and no byte was broken.
    """

    i: In(stream.Signature(BYTE, always_ready=True))
    o: Out(body())

    def __init__(self, *, longest: int = LONGEST):
        self._longest = longest
        super().__init__()

    def elaborate(self, platform):
        m = Module()

        data = self.i.payload.data
        begun = Signal()
        left = Signal(8)
        zero = Signal()  # one is due before the next run

        m.d.sync += [self.o.bytes.valid.eq(0), self.o.end.eq(0)]
        with m.If(self.i.valid):
            with m.If(self.i.payload.broken | (data == 0)):
                m.d.sync += [begun.eq(0), left.eq(0), zero.eq(0)]
                m.d.sync += self.o.end.eq(begun | self.i.payload.broken)
                m.d.sync += self.o.whole.eq((left == 0) & ~self.i.payload.broken)
            with m.Elif(left == 0):
                m.d.sync += [begun.eq(1), left.eq(data - 1), zero.eq(data != self._longest + 1)]
                m.d.sync += [self.o.bytes.valid.eq(zero), self.o.bytes.payload.eq(0)]
            with m.Else():
                m.d.sync += left.eq(left - 1)
                m.d.sync += [self.o.bytes.valid.eq(1), self.o.bytes.payload.eq(data)]

        return m


class Stuffer(wiring.Component):
    """Turns the bytes of a frame into ``00 <frame in COBS> 00``.

    Takes a run, up to a zero or 254 bytes, then gives it; takes nothing meanwhile.

    Members
    -------
    i : ``In(stream.Signature(LAST_BYTE))``
        A frame's bytes.
    o : ``Out(stream.Signature(8))``
        The line.
    """

    i: In(stream.Signature(LAST_BYTE))
    o: Out(stream.Signature(8))

    def __init__(self, *, longest: int = LONGEST):
        self._longest = longest
        super().__init__()

    def elaborate(self, platform):
        m = Module()

        m.submodules.run = run = Memory(width=8, depth=self._longest)
        size = Signal(range(self._longest + 1))  # of the run
        at = Signal.like(size)
        over = Signal()  # this run is the frame's last
        tail = Signal()  # an empty run comes after it, as the frame ends with a zero
        settle = Signal(range(run.READ_LATENCY))
        m.d.comb += [
            run.write_address.eq(size),
            run.write_data.eq(self.i.payload.data),
            run.read_address.eq(at),
        ]

        with m.FSM():
            with m.State("wait"):
                m.d.sync += [size.eq(0), at.eq(0), over.eq(0), tail.eq(0)]
                with m.If(self.i.valid):
                    m.d.sync += self.o.payload.eq(0)
                    m.next = "begin"
            with m.State("begin"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.next = "fill"
            with m.State("fill"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += at.eq(0)
                with m.If(self.i.valid):
                    zero = self.i.payload.data == 0
                    m.d.comb += run.write_enable.eq(1)
                    m.d.sync += [over.eq(self.i.payload.last), tail.eq(self.i.payload.last & zero)]
                    with m.If(~zero):
                        m.d.sync += size.eq(size + 1)
                    with m.If(zero | self.i.payload.last | (size == self._longest - 1)):
                        m.next = "count"
            with m.State("count"):
                m.d.sync += self.o.payload.eq(size + 1)
                m.next = "code"
            with m.State("code"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.next = "fetch"
            with m.State("fetch"):
                m.d.sync += settle.eq(0)
                with m.If(at != size):
                    m.next = "load"
                with m.Elif(tail):
                    m.d.sync += [tail.eq(0), size.eq(0), self.o.payload.eq(1)]
                    m.next = "empty"
                with m.Elif(over):
                    m.d.sync += self.o.payload.eq(0)
                    m.next = "end"
                with m.Else():
                    m.d.sync += size.eq(0)
                    m.next = "fill"
            with m.State("empty"):
                m.d.sync += at.eq(0)
                m.next = "code"
            with m.State("load"):
                m.d.sync += [settle.eq(settle + 1), self.o.payload.eq(run.read_data)]
                with m.If(settle == run.READ_LATENCY - 1):
                    m.next = "data"
            with m.State("data"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.d.sync += at.eq(at + 1)
                    m.next = "fetch"
            with m.State("end"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.next = "wait"

        return m
