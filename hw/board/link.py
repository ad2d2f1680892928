"""The serial link: bytes in, pixels out; results in, bytes out. See docs/protocol.md."""

from collections.abc import Mapping, Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.board.checker import SumChecker
from hw.board.chunks import ChunkStore
from hw.board.cobs import Stuffer, Unstuffer
from hw.board.feeder import Feeder
from hw.board.frames import FrameReceiver, FrameSender
from hw.board.guard import FrameGuard
from hw.board.intake import ImageIntake
from hw.board.judge import Judge
from hw.board.keeper import MemoryKeeper
from hw.board.layouts import BYTE, JUDGED_RESULT, LAST_BYTE, TESTED
from hw.board.network import HeldNetwork
from hw.board.parser import write_layout
from hw.board.responder import Responder
from hw.board.winner import Winner
from hw.live.live import Eye, Live, outside
from hw.stage import Stage
from hw.streams import Pixel, Result
from plan.image import SHELL, Memory
from spec.live import LiveRequest
from spec.protocol import COUNTERS, HELD_BITS, Held, Refusal
from spec.replies import NETWORK_WORDS, Identity


class Link(wiring.Component):
    """Speaks :mod:`spec.protocol` with a computer, feeds the core, answers for it.

    It never waits for the line: whatever bytes come, in whatever order, every frame that is whole
    is acted upon, and every part returns to where it can take the next.

    Parameters
    ----------
    identity : Identity
        What to answer; ``window`` is how many chunks are kept, a power of two.
    held : Held
        Which network is in the memories to begin with.
    memory, flash : bool
        There is an SDRAM that weights may come from, a flash memory with a network.
    eye : Eye or None
        The camera, if there is one.
    sums : sequence of int
        Its class sums of :func:`spec.selftest.image`.
    pixels : int
        The most pixels an image can have.
    memories : mapping of str to Memory
        What a network image fills, ``plan.image.SHELL`` first.
    patience : int
        Cycles after which an image without its next chunk is dropped.

    Members
    -------
    i : ``In(stream.Signature(BYTE, always_ready=True))``, o : ``Out(stream.Signature(8))``
        The line.
    pixels : ``Out(stream.Signature(Pixel))``, results : ``In(stream.Signature(Result))``
        The core.
    load : ``Out(stream.Signature(write_layout(memories)))``, running : ``Out(1)``
        Words for the memories, while the core is not running, nor weights streaming.
    settled, testing : ``In(1)``, tested : ``In(TESTED)``, test : ``Out(1)``
        The SDRAM and its test, see :class:`hw.board.keeper.MemoryKeeper`.
    flash : ``In(stream.Signature(32))``, flash_run : ``Out(1)``, flash_idle : ``In(1)``
        The flash memory, see :class:`hw.board.powerup.PowerUp`.
    selftest : ``In(1)``
        Pulse: test the memory, then run the self-test, as the requests do.
    cut : ``In(1)``
        Pulse: there was a break on the line.
    told : ``Out(stream.Signature(JUDGED_RESULT, always_ready=True))``
        A frame's results have gone to the line; their last word.
    classes : ``Out(16)``
        Of the network.
    changed : ``Out(1)``
        Another network is held than before, or none.
    fallen : ``Out(1)``
        Pulse: the network of the flash memory was not right.
    memory_right : ``Out(1)``
        The last test of the memory found nothing wrong, or there was none.
    busy : ``Out(1)``
        A frame, a network image or a test of the memory is under way.
    wires, driven, pin, screen_words, screen_flag
        The camera, its trigger, and a screen; see :class:`hw.live.live.Live`. Only with an ``eye``.
    """

    def __init__(
        self,
        *,
        identity: Identity,
        held: Held,
        memory: bool,
        flash: bool,
        eye: Eye | None = None,
        sums: Sequence[int],
        pixels: int,
        memories: Mapping[str, Memory],
        patience: int,
    ):
        self._identity = identity
        self._held = held
        self._memory = memory
        self._flash = flash
        self._eye = eye
        self._memories = memories
        self._patience = patience
        self._pixels = pixels
        self._sums = tuple(sums)
        super().__init__(
            {
                "i": In(stream.Signature(BYTE, always_ready=True)),
                "o": Out(stream.Signature(8)),
                "pixels": Out(stream.Signature(Pixel)),
                "results": In(stream.Signature(Result)),
                "load": Out(stream.Signature(write_layout(memories))),
                "running": Out(1),
                "settled": In(1, init=1),
                "testing": In(1),
                "tested": In(TESTED),
                "test": Out(1),
                "flash": In(stream.Signature(32)),
                "flash_run": Out(1),
                "flash_idle": In(1),
                "selftest": In(1),
                "cut": In(1),
                "told": Out(stream.Signature(JUDGED_RESULT, always_ready=True)),
                "classes": Out(16),
                "memory_right": Out(1),
                "changed": Out(1),
                "fallen": Out(1),
                "busy": Out(1),
                **(outside(eye) if eye else {}),
            }
        )

    def elaborate(self, platform):
        m = Module()
        identity = self._identity
        classes = self._memories[SHELL].depth - NETWORK_WORDS

        live = None
        if self._eye:
            live = Live(self._eye, classes=classes)

        def pass_on(source, place: str, sink) -> None:
            """Connect two streams, by way of the camera's place between them."""
            if live:
                connect(m, source, getattr(live, f"i_{place}"))
                connect(m, getattr(live, f"o_{place}"), sink)
            else:
                connect(m, source, sink)

        # From the line to the core.
        m.submodules.unstuffer = unstuffer = Unstuffer()
        m.submodules.receiver = receiver = FrameReceiver()
        m.submodules.judge = judge = Judge(memory=self._memory, live=self._requests())
        m.submodules.store = store = ChunkStore(places=identity.window)
        m.submodules.feeder = feeder = Feeder(pixels=self._pixels, patience=self._patience)
        m.submodules.guard = guard = FrameGuard(pixels=self._pixels)
        connect(m, flipped(self.i), unstuffer.i)
        connect(m, unstuffer.o, receiver.i)
        connect(m, receiver.o, judge.i)
        connect(m, receiver.payload, store.i)
        pass_on(feeder.o, "pixels", guard.i)
        connect(m, guard.o, flipped(self.pixels))

        # From the line, or from flash, to the memories.
        m.submodules.intake = intake = ImageIntake(
            engine=identity.engine,
            memories=self._memories,
            patience=self._patience,
            flash=self._flash,
        )
        connect(m, flipped(self.flash), intake.flash)
        m.d.comb += [
            intake.flash_idle.eq(self.flash_idle),
            self.flash_run.eq(intake.flash_run),
            self.fallen.eq(intake.fallen),
        ]

        # Whose a chunk is, it says itself.
        oldest = store.o
        for taker, wanted in ((feeder, ~oldest.chunk.load), (intake, oldest.chunk.load)):
            m.d.comb += [
                taker.chunks.available.eq(oldest.available & wanted),
                taker.chunks.chunk.eq(oldest.chunk),
                taker.chunks.data.eq(oldest.data),
            ]
        m.d.comb += [
            oldest.address.eq(Mux(oldest.chunk.load, intake.chunks.address, feeder.chunks.address)),
            oldest.free.eq(intake.chunks.free | feeder.chunks.free),
        ]

        # From the core to the line.
        m.submodules.winner = winner = Winner()
        m.submodules.checker = checker = SumChecker(depth=classes, sums=self._sums)
        m.submodules.judged = judged = Stage(JUDGED_RESULT)
        m.submodules.responder = responder = Responder(
            identity=identity.pack(), network=NETWORK_WORDS, classes=classes
        )
        m.submodules.sender = sender = FrameSender()
        m.submodules.sent = sent = Stage(LAST_BYTE)
        m.submodules.stuffer = stuffer = Stuffer()
        pass_on(flipped(self.results), "results", guard.results)
        pass_on(guard.o_results, "told", winner.i)
        connect(m, winner.o, checker.i)
        connect(m, checker.o, judged.i)
        pass_on(judged.o, "judged", responder.i)
        connect(m, feeder.taken, responder.taken)
        pass_on(responder.o, "words", sender.i)
        connect(m, sender.o, sent.i)
        connect(m, sent.o, stuffer.i)
        connect(m, stuffer.o, flipped(self.o))
        word = judged.o.payload
        gone = judged.o.ready if live else responder.i.ready
        m.d.sync += [
            self.told.payload.eq(word),
            self.told.valid.eq(judged.o.valid & gone & word.result.last),
        ]

        # The network.
        words = identity.pack_network()
        m.submodules.network = network = HeldNetwork(
            memories=self._memories,
            words=[int.from_bytes(words[at : at + 4], "little") for at in range(0, len(words), 4)],
            held=self._held,
        )
        facts = network.facts
        m.submodules.keeper = keeper = MemoryKeeper()
        connect(m, intake.o, network.i)
        connect(m, network.load, flipped(self.load))
        connect(m, network.identity, responder.write)
        connect(m, network.sums, checker.write)
        m.d.comb += [
            network.begun.eq(intake.begun),
            network.done.eq(intake.done),
            network.origin.eq(intake.origin),
            self.changed.eq(network.done | ~network.running),
            keeper.held.eq(network.running),
            keeper.settled.eq(self.settled),
            keeper.testing.eq(self.testing),
            keeper.wrong.eq(self.tested.wrong != 0),
            self.running.eq(keeper.running),
            self.test.eq(keeper.start),
            self.memory_right.eq(keeper.right),
            self.classes.eq(facts.classes),
            winner.none.eq(facts.none),
            winner.threshold.eq(facts.threshold),
            judge.last_chunk.eq(facts.last_chunk),
            judge.rest.eq(facts.rest),
            judge.held.eq(network.running),
            feeder.frame.eq(facts.pixels),
            guard.frame.eq(facts.pixels),
            responder.classes.eq(facts.classes),
        ]

        # What is asked for.
        good, head = judge.good, judge.o.payload.head
        refused = judge.o.valid & (judge.o.payload.refusal != 0)
        abandoned = feeder.abandoned | intake.abandoned
        # What ends frames and images ends all of them in the same cycle, from registers: many parts
        # listen, and none is in a hurry.
        drop, halt = Signal(), Signal()
        quiet = feeder.idle & guard.idle & intake.idle
        first = guard.idle & intake.idle & network.running & ~keeper.busy  # an image may begin
        load = feeder.idle & guard.idle & ~keeper.busy  # so may a network image
        ruined = drop
        if live:
            # The camera begins a frame only if nothing waited a cycle ago, the others only if they
            # did: so never two in one cycle, and nobody waits for anybody within it.
            waits, free = Signal(), Signal()
            alone = feeder.idle & guard.idle & intake.idle & ~keeper.busy
            m.d.sync += [
                waits.eq(oldest.available | ~feeder.idle),
                free.eq(alone & ~oldest.available & ~keeper.pressed & ~good.memtest),
            ]
            still = ~live.under_way
            quiet, first, load = quiet & still, first & still & waits, load & still & waits
            ruined = drop | live.o_drop
        m.d.sync += [
            halt.eq(good.reset | abandoned),
            drop.eq(good.reset | abandoned | intake.ended.valid),
        ]
        m.d.comb += [
            judge.room.eq(store.room),
            judge.drop.eq(drop),
            store.begin.eq(receiver.begin),
            store.flush.eq(drop),
            store.commit.eq(good.chunk | good.load),
            store.chunk.sequence.eq(head.sequence),
            store.chunk.load.eq(good.load),
            store.chunk.length.eq(head.length),
            feeder.drop.eq(drop),
            keeper.quiet.eq(quiet),
            keeper.test.valid.eq(good.memtest),
            keeper.test.payload.eq(head.sequence),
            keeper.pressed.eq(self.selftest & network.running & ~judge.loading),
            keeper.drop.eq(good.reset),
            feeder.begin.eq(first),
            feeder.selftest.valid.eq(keeper.selftest | good.selftest),
            feeder.selftest.payload.eq(Mux(good.selftest, head.sequence, 0)),
            guard.drop.eq(ruined),
            intake.drop.eq(halt),
            intake.begin.eq(load),
            responder.identify.valid.eq(good.identify),
            responder.counters.valid.eq(good.counters),
            responder.reset.valid.eq(good.reset),
            responder.identify.payload.sequence.eq(head.sequence),
            responder.identify.payload.index.eq(
                Cat(network.held | Const(0, HELD_BITS), intake.came_to)
            ),
            responder.counters.payload.eq(head.sequence),
            responder.reset.payload.eq(head.sequence),
            responder.error.valid.eq(refused | abandoned),
            responder.error.payload.sequence.eq(
                Mux(abandoned, judge.place.sequence, head.sequence)
            ),
            responder.error.payload.index.eq(
                Mux(abandoned, Refusal.ABANDONED, judge.o.payload.refusal)
            ),
            responder.place.eq(judge.place),
            responder.tested.eq(self.tested),
            self.busy.eq(~responder.idle),
        ]
        m.d.sync += responder.idle.eq(keeper.quiet & ~keeper.busy)
        connect(m, intake.ended, responder.loaded)
        connect(m, keeper.told, responder.memtest)
        m.d.comb += responder.taken.valid.eq(feeder.taken.valid | intake.taken.valid)
        m.d.comb += responder.taken.payload.eq(
            Mux(intake.taken.valid, intake.taken.payload, feeder.taken.payload)
        )

        told_own = Signal()  # what was told was of the camera's
        if live:
            m.submodules.live = live
            connect(m, receiver.payload, live.payload)
            m.d.sync += told_own.eq(live.own)
            m.d.comb += [
                live.wires.eq(self.wires),
                *(
                    getattr(self, name).eq(getattr(live, name))
                    for name in outside(self._eye)
                    if name != "wires"
                ),
                live.facts.eq(facts),
                live.running.eq(network.running),
                live.free.eq(free),
                live.drop.eq(drop),
                live.forget.eq(self.changed),
                live.arrival.eq(judge.o.payload),
                *(
                    getattr(live, request.name.lower()).eq(good[request.name.lower()])
                    for request in LiveRequest
                    if request in self._requests()
                ),
            ]

        refusal = judge.o.payload.refusal
        counts = Signal(ArrayLayout(32, len(COUNTERS)))
        m.d.comb += responder.counts.eq(counts)
        results = self.told.valid & ~self.told.payload.tag.testing
        if live:
            results &= ~told_own
        events = {
            "frames": judge.o.valid & (refusal == 0),
            "broken": refused & (refusal == Refusal.BROKEN),
            "refused": refused & (refusal != Refusal.BROKEN),
            "overruns": refused & (refusal == Refusal.OVERRUN),
            "results": results,
            "selftests": self.told.valid & self.told.payload.tag.testing,
            "resets": good.reset,
            "abandoned": abandoned,
            "breaks": self.cut,
            "loads": network.done & (intake.origin == Held.LOADED),
            "fallbacks": intake.fallen,
        }
        for index, name in enumerate(COUNTERS):
            with m.If(events[name]):
                m.d.sync += counts[index].eq(counts[index] + 1)

        return m

    def _requests(self) -> list[LiveRequest]:
        """What a board with this camera, if it has one, is asked besides."""
        if not self._eye:
            return []
        return [
            request for request in LiveRequest if self._eye.keeps or request != LiveRequest.VIEW
        ]
