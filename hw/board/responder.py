"""What the board says: a frame for each result, answer and error, one after the other."""

from collections.abc import Sequence

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import enum, memory, stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from hw.board.layouts import LAST_WORD, PLACE
from hw.core import Result
from spec.protocol import COUNTERS, VERSION, Reply


class Kind(enum.Enum, shape=3):
    """A reply that may be due, the most urgent first."""

    RESULT = 0
    TAKEN = 1
    RESET = 2
    COUNTERS = 3
    IDENTITY = 4
    ERROR = 5


ASKED = stream.Signature(16, always_ready=True)
"""A request came; the payload is its sequence number."""

ERROR = stream.Signature(PLACE, always_ready=True)
"""A frame was refused: its sequence number and, as ``index``, why."""


class Responder(wiring.Component):
    """Sends each kind of reply when it is due, the most urgent kind first.

    Of each kind but results the last one counts: a computer has one request of a kind under way at
    a time, and ``TAKEN`` tells a sum. So there is no queue to overflow.

    Parameters
    ----------
    identity : bytes
        The payload of ``IDENTITY``, whole words.
    sums : sequence of int
        The class sums of the self-test's image.

    Members
    -------
    i : ``In(stream.Signature(Result))``
        From the core.
    testing, discard, number, idle
        From the feeder, of the same names; ``test_number`` is the self-test's sequence number.
    done : ``Out(1)``
        Pulse: all results of a frame were taken.
    identify, counters, reset : ``In(ASKED)``, taken : ``In(...)``, error : ``In(ERROR)``
        What to answer. The answer to ``reset`` waits for ``idle``.
    counts : ``In(ArrayLayout(32, …))``, place : ``In(PLACE)``
        What the counters are, and the next chunk expected.
    o : ``Out(stream.Signature(LAST_WORD))``
        Headers and payloads.
    winner : ``Out(...)``, known : ``Out(1)``
        Class of the last image; there was one.
    tested : ``Out(1)``, passed : ``Out(1)``
        The self-test has run; its sums were right.
    finished : ``Out(1)``
        Pulse: a result was sent, of an image or, with ``testing``, of the self-test.
    """

    def __init__(self, *, identity: bytes, sums: Sequence[int]):
        self._rom = [
            int.from_bytes(identity[at : at + 4], "little") for at in range(0, len(identity), 4)
        ]
        self._sums_base = len(self._rom)
        self._rom += [value & 0xFFFFFFFF for value in sums]
        self._classes = len(sums)
        super().__init__(
            {
                "i": In(stream.Signature(Result)),
                "testing": In(1),
                "discard": In(1),
                "number": In(16),
                "test_number": In(16),
                "idle": In(1),
                "done": Out(1),
                "identify": In(ASKED),
                "counters": In(ASKED),
                "reset": In(ASKED),
                "taken": In(stream.Signature(PLACE, always_ready=True)),
                "error": In(ERROR),
                "counts": In(ArrayLayout(32, len(COUNTERS))),
                "place": In(PLACE),
                "o": Out(stream.Signature(LAST_WORD)),
                "winner": Out(range(max(self._classes, 2))),
                "known": Out(1),
                "tested": Out(1),
                "passed": Out(1),
                "finished": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()

        m.submodules.rom = rom = memory.Memory(shape=32, depth=len(self._rom), init=self._rom)
        read = rom.read_port()
        m.d.comb += read.addr.eq(at := Signal(range(len(self._rom) + 1)))

        # What is due.
        due = {kind: Signal(name=f"due_{kind.name.lower()}") for kind in Kind}
        place = {kind: Signal(PLACE, name=f"place_{kind.name.lower()}") for kind in Kind}
        for kind, port in (
            (Kind.IDENTITY, self.identify),
            (Kind.COUNTERS, self.counters),
            (Kind.RESET, self.reset),
        ):
            with m.If(port.valid):
                m.d.sync += place[kind].sequence.eq(port.payload)
        for kind, port in ((Kind.TAKEN, self.taken), (Kind.ERROR, self.error)):
            with m.If(port.valid):
                m.d.sync += place[kind].eq(port.payload)
        m.d.comb += place[Kind.RESULT].sequence.eq(Mux(self.testing, self.test_number, self.number))
        m.d.sync += due[Kind.RESULT].eq(self.i.valid)

        kind = Signal(Kind)
        sequence = Signal(16)
        argument = Signal(16)
        left = Signal(range(max(self._sums_base, len(COUNTERS) + 1, self._classes + 2) + 1))
        count = Signal.like(left)
        test = Signal()
        types = Array(
            Const(reply, 8)
            for reply in (
                Reply.RESULT,
                Reply.TAKEN,
                Reply.RESET,
                Reply.COUNTERS,
                Reply.IDENTITY,
                Reply.ERROR,
            )
        )
        words = (self._classes + 2, 0, 0, len(COUNTERS) + 1, self._sums_base, 1)
        counts = Array([*self.counts, self.place.as_value()])

        best = Signal(signed(32))
        winner = Signal(16)
        wrong = Signal(16)
        final = Signal()
        better, differs = Signal(), Signal()
        m.d.sync += [self.done.eq(0), self.finished.eq(0)]

        word = self.o.payload.data
        with m.FSM():
            with m.State("idle"):
                m.d.sync += [test.eq(self.testing), count.eq(0), wrong.eq(0), final.eq(0)]
                for choice in reversed(Kind):
                    with m.If(due[choice] & (self.idle if choice is Kind.RESET else 1)):
                        m.d.sync += kind.eq(choice)
                        m.next = "choose"
            with m.State("choose"):
                with m.Switch(kind):
                    for number, choice in enumerate(Kind):
                        with m.Case(choice):
                            m.d.sync += [
                                sequence.eq(place[choice].sequence),
                                argument.eq(place[choice].index),
                                left.eq(words[number]),
                            ]
                            if choice is not Kind.RESULT:
                                m.d.sync += due[choice].eq(0)
                m.next = "begin"
            with m.State("begin"):
                reply = Mux((kind == Kind.RESULT) & test, Reply.SELFTEST, types[kind.as_value()])
                m.d.sync += word.eq(Cat(Const(VERSION, 8), reply[:8], sequence))
                m.d.sync += self.o.payload.last.eq(0)
                m.d.sync += at.eq(Mux(kind == Kind.RESULT, self._sums_base, 0))
                with m.If((kind == Kind.RESULT) & self.discard):
                    m.next = "drain"
                with m.Else():
                    m.next = "head"
            with m.State("drain"):
                m.d.comb += self.i.ready.eq(1)
                with m.If(self.i.valid & self.i.payload.last):
                    m.d.sync += self.done.eq(1)
                    m.next = "settle"
            with m.State("settle"):  # until the feeder has heard it
                with m.If(~self.done):
                    m.next = "idle"
            with m.State("head"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.d.sync += word.eq(Cat(argument, Const(0, 2), left))
                    m.d.sync += self.o.payload.last.eq(left == 0)
                    m.next = "put"
            with m.State("put"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    with m.If(left == 0):
                        with m.If(kind == Kind.RESULT):
                            m.d.sync += [self.done.eq(1), self.finished.eq(1)]
                        m.next = "settle"
                    with m.Elif(kind == Kind.RESULT):
                        m.next = "take"
                    with m.Else():
                        m.next = "load"
            with m.State("load"):
                with m.Switch(kind):
                    with m.Case(Kind.IDENTITY):
                        m.d.sync += word.eq(read.data)
                    with m.Case(Kind.COUNTERS):
                        m.d.sync += word.eq(counts[count])
                    with m.Default():
                        m.d.sync += word.eq(self.place)
                m.next = "step"
            with m.State("take"):
                m.d.comb += self.i.ready.eq(~final)
                m.d.sync += word.eq(self.i.payload.data)
                with m.If(final):
                    m.d.sync += word.eq(Cat(winner, wrong))
                    m.next = "step"
                with m.Elif(self.i.valid):
                    m.d.sync += final.eq(self.i.payload.last)
                    m.next = "compare"
            with m.State("compare"):
                m.d.sync += [
                    better.eq((count == 0) | (word.as_signed() > best)),
                    differs.eq(test & (word != read.data)),
                ]
                m.next = "judge"
            with m.State("judge"):
                with m.If(~final):
                    with m.If(better):
                        m.d.sync += [best.eq(word), winner.eq(count)]
                    with m.If(differs):
                        m.d.sync += wrong.eq(wrong + 1)
                m.next = "step"
            with m.State("step"):
                m.d.sync += [left.eq(left - 1), count.eq(count + 1), at.eq(at + 1)]
                m.d.sync += self.o.payload.last.eq(left == 1)
                m.next = "put"

        with m.If(self.finished):
            with m.If(test):
                m.d.sync += [self.tested.eq(1), self.passed.eq(wrong == 0)]
            with m.Else():
                m.d.sync += [self.winner.eq(winner), self.known.eq(1)]

        # After the state machine: what comes while its like is being answered is due again.
        for kind, port in (
            (Kind.IDENTITY, self.identify),
            (Kind.COUNTERS, self.counters),
            (Kind.RESET, self.reset),
            (Kind.TAKEN, self.taken),
            (Kind.ERROR, self.error),
        ):
            with m.If(port.valid):
                m.d.sync += due[kind].eq(1)

        return m
