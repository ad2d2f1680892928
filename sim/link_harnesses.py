"""What is proved of the link's streams: each harness is a part with free inputs and its checks.

Sizes are the smallest at which every path of the part is taken. Where data only pass through, all
bits of a byte do alike, and the proof follows some of them.
"""

from amaranth.hdl import Assert, Cat, Cover, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hw.board.cobs import Stuffer, Unstuffer
from hw.board.frames import FrameSender
from hw.board.responder import Responder
from hw.board.uart import Receiver, Transmitter
from sim.formal import InOrder, Steady
from spec.protocol import Reply
from spec.replies import NETWORK_WORDS, Identity


def some(datum: Value) -> Value:
    """The lowest bit of every byte."""
    return Cat(datum[bit] for bit in range(0, len(datum), 8))


class StuffedBytes(wiring.Component):
    """What a stuffer takes, an unstuffer gives; every frame on the line is whole."""

    valid: In(1)
    data: In(2)
    last: In(1)
    ready: In(1)

    LONGEST = 2

    def __init__(self, part: type[Stuffer] = Stuffer):
        self._part = part
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.part = part = self._part(longest=self.LONGEST)
        m.submodules.unstuffer = unstuffer = Unstuffer(longest=self.LONGEST)
        m.submodules.steady = steady = Steady(8)
        m.submodules.order = order = InOrder(len(self.data), room=self.LONGEST + 1)
        take = part.o.valid & self.ready
        m.d.comb += [
            part.i.valid.eq(self.valid),
            part.i.payload.data.eq(self.data),
            part.i.payload.last.eq(self.last),
            part.o.ready.eq(self.ready),
            *steady.watch(part.o),
            unstuffer.i.valid.eq(take),
            unstuffer.i.payload.data.eq(part.o.payload),
            order.i_take.eq(self.valid & part.i.ready),
            order.i.eq(self.data),
            order.o_take.eq(unstuffer.o.bytes.valid),
            order.o.eq(unstuffer.o.bytes.payload),
            Assert(~unstuffer.o.end | unstuffer.o.whole),
            Cover(unstuffer.o.end),
        ]
        return m


class SentWords(wiring.Component):
    """The words a sender takes are, in order, the bytes it gives, but for a frame's last four."""

    valid: In(1)
    data: In(32)
    last: In(1)
    ready: In(1)

    def __init__(self, part: type[FrameSender] = FrameSender):
        self._part = part
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.part = part = self._part()
        m.submodules.steady = steady = Steady(9)
        m.submodules.order = order = InOrder(4, room=1)
        take = part.o.valid & self.ready
        count = Signal(2)
        word = Signal(32)
        whole = Cat(word[8:], part.o.payload.data)
        final = Signal()  # of the word that was taken last
        sealing = Signal()  # the next four bytes are the CRC
        frames = Signal()  # there was one
        with m.If(self.valid & part.i.ready):
            m.d.sync += final.eq(self.last)
        with m.If(take):
            m.d.sync += [word.eq(whole), count.eq(count + 1)]
            with m.If(count == 3):
                m.d.sync += sealing.eq(final & ~sealing)
            m.d.comb += Assert(part.o.payload.last == (sealing & (count == 3)))
            m.d.sync += frames.eq(frames | part.o.payload.last)
        m.d.comb += [
            part.i.valid.eq(self.valid),
            part.i.payload.data.eq(self.data),
            part.i.payload.last.eq(self.last),
            part.o.ready.eq(self.ready),
            *steady.watch(part.o),
            order.i_take.eq(self.valid & part.i.ready),
            order.i.eq(some(self.data)),
            order.o_take.eq(take & (count == 3) & ~sealing),
            order.o.eq(some(whole)),
            Cover(frames & order.o_take),
        ]
        return m


class WiredBytes(wiring.Component):
    """What a transmitter takes, a receiver at the other end of the wire gives, and nothing else."""

    valid: In(1)
    data: In(8)

    def __init__(self, part: type[Transmitter] = Transmitter):
        self._part = part
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.sender = sender = self._part(divisors=[2])
        m.submodules.receiver = receiver = Receiver(divisors=[2], break_cycles=8)
        m.submodules.order = order = InOrder(8, room=1)
        m.d.comb += [
            sender.i.valid.eq(self.valid),
            sender.i.payload.eq(self.data),
            receiver.rx.eq(sender.tx),
            order.i_take.eq(self.valid & sender.i.ready),
            order.i.eq(self.data),
            order.o_take.eq(receiver.o.valid),
            order.o.eq(receiver.o.payload.data),
            Assert(~(receiver.o.valid & receiver.o.payload.broken)),
            Assert(~receiver.cut),
        ]
        return m


class ToldResults(wiring.Component):
    """A frame's results are, in order, the payload of the frame that tells them.

    Other replies are due at any moment.
    """

    valid: In(1)
    data: In(32)
    ready: In(1)
    events: In(6)

    CLASSES = 1

    def __init__(self, part: type[Responder] = Responder):
        self._part = part
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        identity = Identity(
            **dict.fromkeys(("height", "width", "classes", "chunk_bytes", "window"), 1),
            **dict.fromkeys(("none", "threshold", "lut_rows", "tile_pixels"), 1),
            **dict.fromkeys(("rows", "columns", "pixels", "clock_hz", "cycles"), 1),
            **dict.fromkeys(("model", "labels", "build", "engine"), bytes(8)),
            capacities=(),
            name="",
        )
        m.submodules.part = part = self._part(
            identity=identity.pack(), network=NETWORK_WORDS, classes=self.CLASSES
        )
        m.submodules.steady = steady = Steady(33)
        m.submodules.order = order = InOrder(4, room=1)

        # The core: sums and the frame's cycles; what it offers, it holds.
        offered = Signal()
        held = Signal(32)
        valid = offered | self.valid
        data = Mux(offered, held, self.data)
        word = Signal(range(self.CLASSES + 1))
        i_take = valid & part.i.ready
        m.d.sync += [offered.eq(valid & ~i_take), held.eq(data)]
        with m.If(i_take):
            m.d.sync += word.eq(Mux(word == self.CLASSES, 0, word + 1))

        # The line: which word of which frame it is.
        place = Signal(8)
        told = Signal()
        take = part.o.valid & self.ready
        with m.If(take):
            m.d.sync += place.eq(Mux(part.o.payload.last, 0, place + 1))
            with m.If(place == 0):
                m.d.sync += told.eq(part.o.payload.data[8:16] == Reply.RESULT)
            with m.If((place == 1) & told):
                m.d.comb += Assert(part.o.payload.data[16:] == 4 * (self.CLASSES + 2))
            with m.If(told & (place != 0)):
                m.d.comb += Assert(part.o.payload.last == (place == self.CLASSES + 3))
        m.d.comb += [
            part.i.valid.eq(valid),
            part.i.payload.result.data.eq(data),
            part.i.payload.result.last.eq(word == self.CLASSES),
            part.o.ready.eq(self.ready),
            part.idle.eq(1),
            part.classes.eq(self.CLASSES),
            Cat(
                part.identify.valid,
                part.counters.valid,
                part.reset.valid,
                part.taken.valid,
                part.loaded.valid,
                part.error.valid,
            ).eq(self.events),
            *steady.watch(part.o),
            order.i_take.eq(i_take),
            order.i.eq(some(data)),
            order.o_take.eq(take & told & (place >= 2) & (place < self.CLASSES + 3)),
            order.o.eq(some(part.o.payload.data)),
        ]
        return m
