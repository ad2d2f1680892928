"""What is proved of the way of images: from chunks on the line to pixels for the core."""

from amaranth.hdl import Array, Assert, Assume, Cat, Const, Cover, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, connect

from hw.board.chunks import ChunkStore
from hw.board.feeder import Feeder
from hw.board.guard import FrameGuard
from sim.formal import InOrder, Steady


class FedImages(wiring.Component):
    """Images that were committed, chunk by chunk, are what the core is fed.

    With ``undisturbed``: each once, pixel by pixel, in order. Without it, images are dropped and
    abandoned at any moment, and self-tests begin: still every frame has all its pixels, and a
    frame's results are told only if it was not dropped, and was one image's or the self-test's.

    No part looks at a byte's value, so it is the byte's number in its image, and which of two
    images it is; zeros are offered without ``valid``.
    """

    begin: In(1)
    valid: In(1)
    spoilt: In(1)
    ready: In(1)
    finish: In(1)
    drop: In(1)
    selftest: In(1)

    PIXELS = 2
    CHUNK = 4
    """An image is a whole chunk and half a one."""

    def __init__(
        self,
        part: type[Feeder] = Feeder,
        guard: type[FrameGuard] = FrameGuard,
        *,
        undisturbed: bool,
    ):
        self._part = part
        self._guard = guard
        self._undisturbed = undisturbed
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        size = 3 * self.PIXELS
        m.submodules.store = store = ChunkStore(places=2, size=self.CHUNK)
        m.submodules.feeder = feeder = self._part(pixels=self.PIXELS, patience=3, chunk=self.CHUNK)
        m.submodules.guard = guard = self._guard(pixels=self.PIXELS)
        m.submodules.steady = steady = Steady(24)
        connect(m, store.o, feeder.chunks)
        connect(m, feeder.o, guard.i)
        pixel = guard.o.payload.as_value()
        take = guard.o.valid & self.ready

        # What the link does: chunks come byte by byte, and count if their CRC was right.
        number = Signal(range(size + 1))  # of the byte in its image
        parity = Signal()  # of the image
        second = Signal()  # chunk
        ends = number == Mux(second, size, self.CHUNK)
        open_ = Signal()
        with m.If(~open_ & self.begin):
            m.d.comb += store.begin.eq(1)
            m.d.sync += [open_.eq(1), number.eq(Mux(second, self.CHUNK, 0))]
        with m.If(open_ & ~ends & self.valid):
            m.d.comb += [store.i.valid.eq(1), store.i.payload.eq(Cat(number, parity))]
            m.d.sync += number.eq(number + 1)
        drop = self.drop | feeder.abandoned
        commit = open_ & ends & store.room & ~self.spoilt & ~drop
        with m.If(open_ & ends):
            m.d.sync += open_.eq(0)
        with m.If(commit):
            m.d.sync += [second.eq(~second), parity.eq(parity ^ second)]
        with m.If(drop):
            m.d.sync += [second.eq(0), open_.eq(0)]

        # What the core does: takes a frame's pixels, and some time later gives a result.
        taken = Signal(range(self.PIXELS + 1))
        given = self.finish & (taken == self.PIXELS)
        done = given & guard.results.ready
        m.d.sync += taken.eq(Mux(done, 0, taken + take))
        m.d.comb += Assert(~take | (taken != self.PIXELS))
        told = guard.o_results.valid & guard.o_results.ready
        spoiled = Signal()  # a drop came while the frame had pixels to give
        with m.If(done):
            m.d.sync += spoiled.eq(0)
        with m.Elif(drop & ~guard.idle & (taken != self.PIXELS)):
            m.d.sync += spoiled.eq(1)
        m.d.comb += [
            store.commit.eq(commit),
            store.flush.eq(drop),
            feeder.frame.eq(self.PIXELS),
            feeder.begin.eq(guard.idle),
            feeder.drop.eq(drop),
            feeder.selftest.valid.eq(self.selftest),
            guard.drop.eq(drop),
            guard.frame.eq(self.PIXELS),
            guard.o.ready.eq(self.ready),
            guard.results.valid.eq(given),
            guard.results.payload.last.eq(1),
            guard.o_results.ready.eq(1),
            *steady.watch(guard.o),
            Assert(~feeder.chunks.free | store.o.available),
            Assert(~told | done),
            Assert(~(told & spoiled)),
        ]
        coming = Signal()  # the parity of the frame
        frame = [
            Cat(
                Cat(Const(index, len(number)), coming, Const(0, 7 - len(number)))
                for index in range(first, first + 3)
            )
            for first in range(0, size, 3)
        ]
        right = pixel == Array(frame)[taken]
        if self._undisturbed:
            m.submodules.order = order = InOrder(1, room=2, reach=1)
            m.d.sync += coming.eq(coming ^ done)
            m.d.comb += [
                Assume(~self.drop & ~self.selftest & ~feeder.abandoned),
                Assert(~take | right),
                Assert(told == done),
                order.i_take.eq(commit & second),
                order.i.eq(parity),
                order.o_take.eq(take & (taken == self.PIXELS - 1)),
                order.o.eq(pixel[len(number)]),
            ]
        else:
            m.submodules.offered = offered = Steady(len(feeder.o.payload.as_value()))
            kept = Signal()
            mixed = Signal()
            testing = guard.o_results.payload.tag.testing
            m.d.comb += coming.eq(Mux(taken == 0, pixel[len(number)], kept))
            m.d.sync += [kept.eq(coming), mixed.eq(~done & (mixed | (take & ~right)))]
            m.d.comb += [
                *offered.watch(feeder.o),
                Assert(~told | testing | ~mixed),
                Cover(feeder.abandoned),
                Cover(done & ~told),
                Cover(told & testing),
            ]
        return m


class GuardedFrames(wiring.Component):
    """A source loses pixels, one between two frames' beginnings: what counts is whole all the same.

    The source's pixels bear their place in the frame. Frames are dropped at any moment.
    """

    valid: In(1)
    lost: In(1)
    ready: In(1)
    finish: In(1)
    drop: In(1)

    PIXELS = 3

    def __init__(self, part: type[FrameGuard] = FrameGuard):
        self._part = part
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.guard = guard = self._part(pixels=self.PIXELS)
        m.submodules.steady = steady = Steady(24)

        # The source holds what it offers; what it loses is gone.
        place = Signal(range(self.PIXELS))
        offered = Signal()
        gone = Signal()
        first = place == 0
        lose = self.lost & ~offered & ~gone
        valid = (self.valid | offered) & ~lose
        move = valid & guard.i.ready
        m.d.sync += offered.eq(valid & ~guard.i.ready)
        with m.If(move | lose):
            m.d.sync += place.eq(Mux(place == self.PIXELS - 1, 0, place + 1))
            m.d.sync += gone.eq(lose | (gone & ~first))
        m.d.comb += [
            guard.i.valid.eq(valid),
            guard.i.payload.first.eq(first),
            guard.i.payload.pixel.red.eq(place),
        ]

        # The core.
        taken = Signal(range(self.PIXELS + 1))
        right = Signal(init=1)  # the frame has been the source's so far
        take = guard.o.valid & self.ready
        given = self.finish & (taken == self.PIXELS)
        done = given & guard.results.ready
        told = guard.o_results.valid
        with m.If(done):
            m.d.sync += [taken.eq(0), right.eq(1)]
        with m.Elif(take):
            m.d.sync += taken.eq(taken + 1)
            m.d.sync += right.eq(right & (guard.o.payload.red == taken))
        m.d.comb += [
            guard.frame.eq(self.PIXELS),
            guard.o.ready.eq(self.ready),
            guard.drop.eq(self.drop),
            guard.results.valid.eq(given),
            guard.results.payload.last.eq(1),
            guard.o_results.ready.eq(1),
            *steady.watch(guard.o),
            Assert(~take | (taken != self.PIXELS)),
            Assert(~told | right),
            Cover(told),
            Cover(done & ~told & right),
        ]
        return m
