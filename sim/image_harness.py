"""What is proved of the way of images: from chunks on the line to pixels for the core."""

from amaranth.hdl import Array, Assert, Assume, Cat, Const, Cover, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hw.board.chunks import ChunkStore
from hw.board.feeder import Feeder
from sim.formal import InOrder, Steady


class FedImages(wiring.Component):
    """Images that were committed, chunk by chunk, are what the core is fed.

    With ``undisturbed``: each once, pixel by pixel, in order. Without it, images are dropped and
    abandoned at any moment, and self-tests begin: still every frame has all its pixels.

    Neither part looks at a byte's value, so it is the byte's number in its image, and which of two
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

    def __init__(self, part: type[Feeder] = Feeder, *, undisturbed: bool):
        self._part = part
        self._undisturbed = undisturbed
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        size = 3 * self.PIXELS
        m.submodules.store = store = ChunkStore(places=2, size=self.CHUNK)
        m.submodules.feeder = feeder = self._part(pixels=self.PIXELS, patience=3, chunk=self.CHUNK)
        m.submodules.steady = steady = Steady(24)
        pixel = feeder.o.payload.as_value()
        take = feeder.o.valid & self.ready

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

        # What the core does: takes a frame's pixels, and some time later its results are taken.
        taken = Signal(range(self.PIXELS + 1))
        done = self.finish & (taken == self.PIXELS)
        m.d.sync += taken.eq(Mux(done, 0, taken + take))
        m.d.comb += Assert(~take | (taken != self.PIXELS))
        m.d.comb += [
            store.commit.eq(commit),
            store.flush.eq(drop),
            store.free.eq(feeder.free),
            store.address.eq(feeder.address),
            feeder.available.eq(store.available),
            feeder.data.eq(store.data),
            feeder.drop.eq(drop),
            feeder.done.eq(done),
            feeder.o.ready.eq(self.ready),
            feeder.selftest.eq(self.selftest),
            *steady.watch(feeder.o),
            Assert(~feeder.free | store.available),
        ]
        if self._undisturbed:
            m.submodules.order = order = InOrder(1, room=2, reach=1)
            coming = Signal()  # the parity of the frame
            m.d.sync += coming.eq(coming ^ done)
            frame = [
                Cat(
                    Cat(Const(index, len(number)), coming, Const(0, 7 - len(number)))
                    for index in range(first, first + 3)
                )
                for first in range(0, size, 3)
            ]
            m.d.comb += [
                Assume(~self.drop & ~self.selftest & ~feeder.abandoned),
                Assert(~take | (pixel == Array(frame)[taken])),
                order.i_take.eq(commit & second),
                order.i.eq(parity),
                order.o_take.eq(take & (taken == self.PIXELS - 1)),
                order.o.eq(pixel[len(number)]),
            ]
        else:
            m.d.comb += [
                Cover(feeder.abandoned),
                Cover(done & feeder.discard),
                Cover(done & feeder.testing),
            ]
        return m
