"""The serial link: bytes in, pixels out; results in, bytes out. See docs/protocol.md."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.board.chunks import ChunkStore
from hw.board.cobs import Stuffer, Unstuffer
from hw.board.feeder import Feeder
from hw.board.frames import FrameReceiver, FrameSender
from hw.board.layouts import BYTE, PLACE
from hw.board.responder import Responder
from hw.core import Pixel, Result
from spec.protocol import CHUNK_BYTES, COUNTERS, Refusal, Request
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
    winner, known, tested, passed : Out
        After :class:`Responder`: the last image's class, whether there was one; whether the
        self-test has run, and was right.
    busy : ``Out(1)``
        A frame is under way.
    """

    def __init__(self, *, identity: Identity, sums: Sequence[int], patience: int):
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
                "winner": Out(range(max(identity.classes, 2))),
                "known": Out(1),
                "tested": Out(1),
                "passed": Out(1),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        identity = self._identity
        last_chunk, rest = divmod(identity.image_bytes - 1, CHUNK_BYTES)

        # From the line to the core.
        m.submodules.unstuffer = unstuffer = Unstuffer()
        m.submodules.receiver = receiver = FrameReceiver()
        m.submodules.store = store = ChunkStore(places=identity.window)
        m.submodules.feeder = feeder = Feeder(
            pixels=identity.height * identity.width, patience=self._patience
        )
        connect(m, flipped(self.i), unstuffer.i)
        connect(m, unstuffer.o, receiver.i)
        connect(m, receiver.payload, store.i)
        connect(m, feeder.o, flipped(self.pixels))
        m.d.comb += [
            receiver.end.eq(unstuffer.end),
            receiver.whole.eq(unstuffer.whole),
            store.begin.eq(receiver.begin),
            feeder.available.eq(store.available),
            feeder.sequence.eq(store.o_sequence),
            feeder.data.eq(store.data),
            store.address.eq(feeder.address),
            store.free.eq(feeder.free),
        ]

        # From the core to the line.
        m.submodules.responder = responder = Responder(identity=identity.pack(), sums=self._sums)
        m.submodules.sender = sender = FrameSender()
        m.submodules.stuffer = stuffer = Stuffer()
        connect(m, flipped(self.results), responder.i)
        connect(m, feeder.taken, responder.taken)
        connect(m, responder.o, sender.i)
        connect(m, sender.o, stuffer.i)
        connect(m, stuffer.o, flipped(self.o))
        m.d.comb += [
            responder.testing.eq(feeder.testing),
            responder.discard.eq(feeder.discard),
            responder.number.eq(feeder.number),
            responder.idle.eq(feeder.idle),
            feeder.done.eq(responder.done),
            self.winner.eq(responder.winner),
            self.known.eq(responder.known),
            self.tested.eq(responder.tested),
            self.passed.eq(responder.passed),
            self.busy.eq(~feeder.idle),
        ]

        # A frame that has come is judged in one cycle and acted upon in the next.
        arrival = receiver.o.payload
        head = arrival.head
        place = Signal(PLACE)  # of the chunk that comes next
        is_type = {request: Signal(name=f"is_{request.name.lower()}") for request in Request}
        final = Signal()
        fits = Signal()
        in_order = Signal()
        come = Signal()
        for request, matches in is_type.items():
            m.d.sync += matches.eq(head.type == request)
        length = Mux(
            head.type == Request.CHUNK, Mux(head.argument == last_chunk, rest + 1, CHUNK_BYTES), 0
        )
        m.d.sync += [
            come.eq(receiver.o.valid),
            final.eq(head.argument == last_chunk),
            fits.eq(head.length == length),
            in_order.eq(
                (head.argument == place.index)
                & ((place.index == 0) | (head.sequence == place.sequence))
            ),
        ]
        refusal = Signal(4)
        known = Cat(*is_type.values()).any()
        chunk = is_type[Request.CHUNK]
        with m.If(arrival.refusal != 0):
            m.d.comb += refusal.eq(arrival.refusal)
        with m.Elif(~known):
            m.d.comb += refusal.eq(Refusal.TYPE)
        with m.Elif(~fits):
            m.d.comb += refusal.eq(Refusal.LENGTH)
        with m.Elif(chunk & ~in_order):
            m.d.comb += refusal.eq(Refusal.ORDER)
        with m.Elif(chunk & ~store.room):
            m.d.comb += refusal.eq(Refusal.OVERRUN)

        good = come & (refusal == 0)
        drop = Signal()
        m.d.comb += [
            drop.eq((good & is_type[Request.RESET]) | feeder.abandoned),
            store.flush.eq(drop),
            feeder.drop.eq(drop),
            store.commit.eq(good & chunk),
            store.sequence.eq(head.sequence),
            feeder.selftest.eq(self.selftest | (good & is_type[Request.SELFTEST])),
            responder.identify.valid.eq(good & is_type[Request.IDENTIFY]),
            responder.counters.valid.eq(good & is_type[Request.COUNTERS]),
            responder.reset.valid.eq(good & is_type[Request.RESET]),
            responder.identify.payload.eq(head.sequence),
            responder.counters.payload.eq(head.sequence),
            responder.reset.payload.eq(head.sequence),
            responder.error.valid.eq((come & (refusal != 0)) | feeder.abandoned),
            responder.error.payload.sequence.eq(
                Mux(feeder.abandoned, place.sequence, head.sequence)
            ),
            responder.error.payload.index.eq(Mux(feeder.abandoned, Refusal.ABANDONED, refusal)),
            responder.place.eq(place),
        ]
        with m.If(good & chunk):
            m.d.sync += place.sequence.eq(head.sequence)
            m.d.sync += place.index.eq(Mux(final, 0, place.index + 1))
        with m.If(drop):
            m.d.sync += place.index.eq(0)
        with m.If(feeder.selftest):
            m.d.sync += responder.test_number.eq(Mux(self.selftest, 0, head.sequence))

        counts = Signal(ArrayLayout(32, len(COUNTERS)))
        m.d.comb += responder.counts.eq(counts)
        events = {
            "frames": good,
            "broken": come & (refusal == Refusal.BROKEN),
            "refused": come & (refusal != 0) & (refusal != Refusal.BROKEN),
            "overruns": come & (refusal == Refusal.OVERRUN),
            "results": responder.finished & ~feeder.testing,
            "selftests": responder.finished & feeder.testing,
            "resets": good & is_type[Request.RESET],
            "abandoned": feeder.abandoned,
            "breaks": self.cut,
        }
        for index, name in enumerate(COUNTERS):
            with m.If(events[name]):
                m.d.sync += counts[index].eq(counts[index] + 1)

        return m
