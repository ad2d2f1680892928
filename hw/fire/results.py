"""Frames: when one may begin, how long it took, and its results, a word at a time."""

from amaranth.hdl import Module, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.ecp5.copies import copies, part_of
from hw.engine.sums import ClassSums
from hw.streams import Result


class Results(wiring.Component):
    """Lets a frame begin, counts its cycles, and sends its class sums and the count.

    Parameters
    ----------
    classes : int
        Most class sums to send.
    columns : int
        Class sums read at a time.
    bits : int
        Width of a class sum, signed; 32 at most.

    Members
    -------
    count : ``In(range(1, classes + 1))``
        Class sums to send; steady.
    idle : ``In(1)``
        Nothing is unfinished, and the first step of a frame could start.
    start : ``Out(1)``
        The window generator may take a frame's pixels from now on.
    taken : ``In(1)``
        A pixel is taken.
    starved : ``In(1)``
        The engine stands still for want of a pixel: such a cycle does not count.
    done : ``In(1)``
        The last word of the last convolution leaves the max-pool.
    group : ``Out``
        The group of classes to read.
    reading : ``Out(1)``
        Sums are complete, and may be read.
    sums : ``In``
        Its sums, ``ClassSums.READ_LATENCY`` cycles later.
    o : ``Out(stream)``
        The class sums in order, then the frame's cycles with ``last``; every other cycle one.
    """

    def __init__(self, *, classes: int, columns: int, bits: int):
        if classes < 1 or columns < 1 or not 1 < bits <= 32:
            raise ValueError(
                "classes and columns must be at least 1, bits from 2 to 32, not "
                f"{classes}, {columns} and {bits}"
            )
        self._classes = classes
        self._columns = columns
        groups = -(-classes // columns)
        super().__init__(
            {
                "count": In(range(1, classes + 1)),
                "idle": In(1),
                "start": Out(1),
                "taken": In(1),
                "starved": In(1),
                "done": In(1),
                "group": Out(range(groups)),
                "reading": Out(1),
                "sums": In(data.ArrayLayout(signed(bits), columns)),
                "o": Out(stream.Signature(Result)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        counting = Signal()
        cycles = Signal(32)
        sent = Signal(range(self._classes + 1))
        column = Signal(range(self._columns))
        pause = Signal(range(ClassSums.READ_LATENCY + 2))
        held = Signal.like(self.sums, reset_less=True)
        # The word to send is the last sum, or the count, known when it is its turn.
        last, over = Signal(), Signal()
        single = Signal()
        before_last = Signal.like(self.count)
        m.d.sync += [single.eq(self.count == 1), before_last.eq(self.count - 2)]

        # A cycle late, which nobody sees: the count is sent long after it is complete.
        counts = Signal()
        m.d.sync += counts.eq(counting & ~self.starved)
        with m.If(counts):
            m.d.sync += cycles.eq(cycles + 1)

        # A group's sums, which move up as they go: a cycle after each, and nothing is sent then.
        sending, moving = Signal(), Signal()
        taken = self.o.valid & self.o.ready & ~over
        m.d.comb += self.o.valid.eq(sending & ~moving)
        m.d.sync += moving.eq(taken)
        loads, moves = copies(m, ~sending, "loads"), copies(m, taken, "moves")
        for place in range(self._columns):
            part = part_of(place, self._columns)
            with m.If(loads[part]):
                m.d.sync += held[place].eq(self.sums[place])
            with m.Elif(moves[part]):
                m.d.sync += held[place].eq(held[place + 1] if place + 1 < self._columns else 0)

        with m.FSM():
            with m.State("IDLE"):
                with m.If(self.idle):
                    m.d.comb += self.start.eq(1)
                    m.next = "FIRST"
            with m.State("FIRST"):
                m.d.sync += [sent.eq(0), self.group.eq(0), cycles.eq(1)]
                m.d.sync += [last.eq(single), over.eq(0), self.reading.eq(0)]
                with m.If(self.taken):
                    m.d.sync += counting.eq(1)
                    m.next = "RUN"
            with m.State("RUN"):
                m.d.sync += pause.eq(ClassSums.READ_LATENCY + 1)
                with m.If(self.done):
                    m.next = "COMPLETE"
            with m.State("COMPLETE"):
                m.d.sync += [counting.eq(0), self.reading.eq(1)]
                m.next = "READ"
            with m.State("READ"):
                m.d.sync += [pause.eq(pause - 1), column.eq(0)]
                with m.If(pause == 0):
                    m.d.sync += sending.eq(1)
                    m.next = "SEND"
            with m.State("SEND"):
                with m.If(over):
                    m.d.comb += [self.o.p.data.eq(cycles), self.o.p.last.eq(1)]
                    with m.If(self.o.valid & self.o.ready):
                        m.d.sync += sending.eq(0)
                        m.next = "IDLE"
                with m.Else():
                    m.d.comb += self.o.p.data.eq(held[0])
                    with m.If(taken):
                        m.d.sync += [
                            sent.eq(sent + 1),
                            last.eq(sent == before_last),
                            over.eq(last),
                            column.eq(column + 1),
                        ]
                        with m.If((column == self._columns - 1) & ~last):
                            m.d.sync += [
                                self.group.eq(self.group + 1),
                                pause.eq(ClassSums.READ_LATENCY + 1),
                                sending.eq(0),
                            ]
                            m.next = "READ"
        return m
