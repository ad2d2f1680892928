"""What the board says: a frame for each result, answer and error, one after the other."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.board.layouts import (
    ASKED,
    JUDGED_RESULT,
    LAST_WORD,
    PLACE,
    TESTED,
    TOLD,
    write_port,
)
from hw.board.scheduler import Kind, ReplyScheduler
from hw.ecp5.memory import Memory
from spec.protocol import COUNTERS, VERSION, Reply

REPLIES = {
    Kind.RESULT: Reply.RESULT,
    Kind.TAKEN: Reply.TAKEN,
    Kind.LOADED: Reply.LOADED,
    Kind.RESET: Reply.RESET,
    Kind.COUNTERS: Reply.COUNTERS,
    Kind.IDENTITY: Reply.IDENTITY,
    Kind.ERROR: Reply.ERROR,
    Kind.MEMTEST: Reply.MEMTEST,
}


class Responder(wiring.Component):
    """Sends each kind of reply when it is due, see :class:`hw.board.scheduler.ReplyScheduler`.

    Parameters
    ----------
    identity : bytes
        The payload of ``IDENTITY``, whole words, to begin with.
    network : int
        How many of its words, the first ones, are the network's.
    classes : int
        The most class sums of a frame.

    Members
    -------
    write : ``In(write_port(network))``
        Other words of the network's.
    classes : ``In(range(classes + 1))``
        Class sums of a frame.
    i : ``In(stream.Signature(JUDGED_RESULT))``
        A frame's sums, then its cycles with ``last``.
    counters, reset, memtest : ``In(ASKED)``, identify, taken, loaded, error : ``In(TOLD)``
        What to answer. The answer to ``reset`` waits for ``idle``.
    idle : ``In(1)``
        Nothing is under way.
    counts : ``In(ArrayLayout(32, …))``, place : ``In(PLACE)``
        What the counters are, and the next chunk expected.
    tested : ``In(TESTED)``
        What the last test of the memory found.
    o : ``Out(stream.Signature(LAST_WORD))``
        Headers and payloads.
    """

    def __init__(self, *, identity: bytes, network: int, classes: int):
        if len(identity) % 4:
            raise ValueError(f"an identity must be whole words, not {len(identity)} bytes")
        self._identity = [
            int.from_bytes(identity[at : at + 4], "little") for at in range(0, len(identity), 4)
        ]
        self._classes = classes
        super().__init__(
            {
                "write": In(write_port(network)),
                "classes": In(range(classes + 1)),
                "i": In(stream.Signature(JUDGED_RESULT)),
                "identify": In(TOLD),
                "counters": In(ASKED),
                "reset": In(ASKED),
                "taken": In(TOLD),
                "loaded": In(TOLD),
                "error": In(TOLD),
                "memtest": In(ASKED),
                "idle": In(1),
                "counts": In(ArrayLayout(32, len(COUNTERS))),
                "place": In(PLACE),
                "tested": In(TESTED),
                "o": Out(stream.Signature(LAST_WORD)),
            }
        )

    def elaborate(self, platform):
        m = Module()

        m.submodules.identity = held = Memory(
            width=32, depth=len(self._identity), init=self._identity
        )
        m.submodules.scheduler = scheduler = ReplyScheduler()
        for name in ("identify", "counters", "reset", "taken", "loaded", "error", "memtest"):
            connect(m, flipped(getattr(self, name)), getattr(scheduler, name))
        m.d.comb += [
            held.write_address.eq(self.write.payload.address),
            held.write_data.eq(self.write.payload.data),
            held.write_enable.eq(self.write.valid),
        ]
        words = {
            Kind.RESULT: self.classes + 2,
            Kind.COUNTERS: len(COUNTERS) + 1,
            Kind.IDENTITY: len(self._identity),
            Kind.ERROR: 1,
            Kind.MEMTEST: len(TESTED.members),
        }
        order = Signal.like(scheduler.o.payload)
        left = Signal(range(max(self._classes + 2, len(COUNTERS) + 1, len(self._identity)) + 1))
        count = Signal.like(left)
        counts = Array([*self.counts, self.place.as_value()])
        tested = Array(self.tested[name] for name in TESTED.members)
        counted = Signal(32)  # of the counters, and of the test, while the memory is read
        found = Signal(32)
        place = count[: len(COUNTERS).bit_length()]
        m.d.sync += [counted.eq(counts[place]), found.eq(tested[place])]
        settle = Signal(range(Memory.READ_LATENCY + 1))
        m.d.comb += [held.read_address.eq(count), scheduler.idle.eq(self.idle)]

        # A frame's first word makes its reply due; the others follow when it is sent.
        tag = self.i.payload.tag
        fresh = Signal(init=1)
        m.d.comb += [
            scheduler.result.valid.eq(fresh & self.i.valid),
            scheduler.result.payload.eq(tag.number),
        ]
        m.d.sync += fresh.eq(
            Mux(fresh, ~self.i.valid, self.i.valid & self.i.ready & self.i.payload.result.last)
        )

        verdict = Signal(32)
        over = Signal()  # all that is left of a result is its verdict
        word = self.o.payload.data
        with m.FSM():
            with m.State("idle"):
                m.d.comb += scheduler.o.ready.eq(1)
                m.d.sync += [order.eq(scheduler.o.payload), count.eq(0), over.eq(0)]
                with m.If(scheduler.o.valid):
                    m.next = "begin"
            with m.State("begin"):
                kind = Signal(8)
                with m.Switch(order.kind):
                    for choice, reply in REPLIES.items():
                        with m.Case(choice):
                            m.d.comb += kind.eq(reply)
                            m.d.sync += left.eq(words.get(choice, 0))
                with m.If((order.kind == Kind.RESULT) & tag.testing):
                    m.d.comb += kind.eq(Reply.SELFTEST)
                m.d.sync += word.eq(Cat(Const(VERSION, 8), kind, order.place.sequence))
                m.d.sync += self.o.payload.last.eq(0)
                m.next = "head"
            with m.State("head"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.d.sync += word.eq(Cat(order.place.index, Const(0, 2), left))
                    m.d.sync += self.o.payload.last.eq(left == 0)
                    m.next = "put"
            with m.State("put"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    with m.If(left == 0):
                        m.next = "idle"
                    with m.Elif(order.kind == Kind.RESULT):
                        m.next = "take"
                    with m.Else():
                        m.next = "settle"
            with m.State("settle"):
                m.d.sync += settle.eq(settle + 1)
                with m.If(settle == Memory.READ_LATENCY - 1):
                    m.d.sync += settle.eq(0)
                    m.next = "load"
            with m.State("load"):
                with m.Switch(order.kind):
                    with m.Case(Kind.IDENTITY):
                        m.d.sync += word.eq(held.read_data)
                    with m.Case(Kind.COUNTERS):
                        m.d.sync += word.eq(counted)
                    with m.Case(Kind.MEMTEST):
                        m.d.sync += word.eq(found)
                    with m.Default():
                        m.d.sync += word.eq(self.place)
                m.next = "step"
            with m.State("take"):
                m.d.comb += self.i.ready.eq(~over)
                m.d.sync += word.eq(self.i.payload.result.data)
                with m.If(over):
                    m.d.sync += word.eq(verdict)
                    m.next = "step"
                with m.Elif(self.i.valid):
                    m.d.sync += over.eq(self.i.payload.result.last)
                    m.d.sync += verdict.eq(Cat(self.i.payload.winner.index, self.i.payload.wrong))
                    m.next = "step"
            with m.State("step"):
                m.d.sync += [left.eq(left - 1), count.eq(count + 1)]
                m.d.sync += self.o.payload.last.eq(left == 1)
                m.next = "put"

        return m
