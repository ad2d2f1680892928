"""The serial link: bytes in, pixels out; results in, bytes out. See docs/protocol.md."""

from collections.abc import Sequence

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.board.checker import SumChecker
from hw.board.chunks import ChunkStore
from hw.board.cobs import Stuffer, Unstuffer
from hw.board.feeder import Feeder
from hw.board.frames import FrameReceiver, FrameSender
from hw.board.guard import FrameGuard
from hw.board.judge import Judge
from hw.board.layouts import BYTE, JUDGED_RESULT
from hw.board.responder import Responder
from hw.board.winner import NO_CLASS, Winner
from hw.core import Pixel, Result
from spec.decision import Decision
from spec.protocol import COUNTERS, Refusal
from spec.replies import Identity


class Link(wiring.Component):
    """Speaks :mod:`spec.protocol` with a computer, feeds the core, answers for it.

    It never waits for the line: whatever bytes come, in whatever order, every frame that is whole
    is acted upon, and every part returns to where it can take the next.

    Parameters
    ----------
    identity : Identity
        What to answer; ``window`` is how many chunks are kept, a power of two.
    sums : sequence of int
        Class sums of :func:`spec.selftest.image`.
    decision : Decision
        How the answer follows from the sums.
    patience : int
        Cycles after which an image without its next chunk is dropped.

    Members
    -------
    i : ``In(stream.Signature(BYTE, always_ready=True))``, o : ``Out(stream.Signature(8))``
        The line.
    pixels : ``Out(stream.Signature(Pixel))``, results : ``In(stream.Signature(Result))``
        The core.
    selftest : ``In(1)``
        Pulse: run the self-test, as the request does.
    cut : ``In(1)``
        Pulse: there was a break on the line.
    told : ``Out(stream.Signature(JUDGED_RESULT, always_ready=True))``
        A frame's results have gone to the line; their last word.
    busy : ``Out(1)``
        A frame is under way.
    """

    def __init__(
        self, *, identity: Identity, sums: Sequence[int], decision: Decision, patience: int
    ):
        self._decision = decision
        self._identity = identity
        self._patience = patience
        self._sums = tuple(sums)
        super().__init__(
            {
                "i": In(stream.Signature(BYTE, always_ready=True)),
                "o": Out(stream.Signature(8)),
                "pixels": Out(stream.Signature(Pixel)),
                "results": In(stream.Signature(Result)),
                "selftest": In(1),
                "cut": In(1),
                "told": Out(stream.Signature(JUDGED_RESULT, always_ready=True)),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        identity = self._identity
        pixels = identity.height * identity.width

        # From the line to the core.
        m.submodules.unstuffer = unstuffer = Unstuffer()
        m.submodules.receiver = receiver = FrameReceiver()
        m.submodules.judge = judge = Judge(image_bytes=identity.image_bytes)
        m.submodules.store = store = ChunkStore(places=identity.window)
        m.submodules.feeder = feeder = Feeder(pixels=pixels, patience=self._patience)
        m.submodules.guard = guard = FrameGuard(pixels=pixels)
        connect(m, flipped(self.i), unstuffer.i)
        connect(m, unstuffer.o, receiver.i)
        connect(m, receiver.o, judge.i)
        connect(m, receiver.payload, store.i)
        connect(m, store.o, feeder.chunks)
        connect(m, feeder.o, guard.i)
        connect(m, guard.o, flipped(self.pixels))

        # From the core to the line.
        m.submodules.winner = winner = Winner()
        m.submodules.checker = checker = SumChecker(sums=self._sums)
        m.submodules.responder = responder = Responder(
            identity=identity.pack(), classes=identity.classes
        )
        m.submodules.sender = sender = FrameSender()
        m.submodules.stuffer = stuffer = Stuffer()
        none = self._decision.none
        m.d.comb += [
            winner.none.eq(NO_CLASS if none is None else none),
            winner.threshold.eq(self._decision.threshold),
        ]
        connect(m, flipped(self.results), guard.results)
        connect(m, guard.o_results, winner.i)
        connect(m, winner.o, checker.i)
        connect(m, checker.o, responder.i)
        connect(m, feeder.taken, responder.taken)
        connect(m, responder.o, sender.i)
        connect(m, sender.o, stuffer.i)
        connect(m, stuffer.o, flipped(self.o))
        word = checker.o.payload
        m.d.sync += [
            self.told.payload.eq(word),
            self.told.valid.eq(checker.o.valid & responder.i.ready & word.result.last),
        ]

        # What is asked for.
        good, head = judge.good, judge.o.payload.head
        refused = judge.o.valid & (judge.o.payload.refusal != 0)
        drop = Signal()
        m.d.comb += [
            drop.eq(good.reset | feeder.abandoned),
            judge.room.eq(store.room),
            judge.drop.eq(drop),
            store.begin.eq(receiver.begin),
            store.flush.eq(drop),
            store.commit.eq(good.chunk),
            store.sequence.eq(head.sequence),
            feeder.drop.eq(drop),
            feeder.begin.eq(guard.idle),
            feeder.selftest.valid.eq(self.selftest | good.selftest),
            feeder.selftest.payload.eq(Mux(self.selftest, 0, head.sequence)),
            guard.drop.eq(drop),
            responder.identify.valid.eq(good.identify),
            responder.counters.valid.eq(good.counters),
            responder.reset.valid.eq(good.reset),
            responder.identify.payload.eq(head.sequence),
            responder.counters.payload.eq(head.sequence),
            responder.reset.payload.eq(head.sequence),
            responder.error.valid.eq(refused | feeder.abandoned),
            responder.error.payload.sequence.eq(
                Mux(feeder.abandoned, judge.place.sequence, head.sequence)
            ),
            responder.error.payload.index.eq(
                Mux(feeder.abandoned, Refusal.ABANDONED, judge.o.payload.refusal)
            ),
            responder.place.eq(judge.place),
            responder.idle.eq(feeder.idle & guard.idle),
            self.busy.eq(~responder.idle),
        ]

        refusal = judge.o.payload.refusal
        counts = Signal(ArrayLayout(32, len(COUNTERS)))
        m.d.comb += responder.counts.eq(counts)
        events = {
            "frames": judge.o.valid & (refusal == 0),
            "broken": refused & (refusal == Refusal.BROKEN),
            "refused": refused & (refusal != Refusal.BROKEN),
            "overruns": refused & (refusal == Refusal.OVERRUN),
            "results": self.told.valid & ~self.told.payload.tag.testing,
            "selftests": self.told.valid & self.told.payload.tag.testing,
            "resets": good.reset,
            "abandoned": feeder.abandoned,
            "breaks": self.cut,
        }
        for index, name in enumerate(COUNTERS):
            with m.If(events[name]):
                m.d.sync += counts[index].eq(counts[index] + 1)

        return m
