"""What the core is fed: images from the line, the self-test's, or zeros to end a broken-off one."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.board.chunks import ChunkStore
from hw.board.layouts import PLACE
from hw.core import Pixel
from spec import selftest
from spec.protocol import CHUNK_BYTES


class Feeder(wiring.Component):
    """Gives the core whole frames, one after the other, whatever happens on the line.

    A frame's pixels are offered only when the frame before has its results taken. An image that is
    dropped is filled up with black pixels, its results are to be discarded.

    Parameters
    ----------
    pixels : int
        Pixels of an image.
    patience : int
        Cycles to wait for the next chunk of an image that has begun.
    chunk : int
        Bytes of a chunk but the last, a power of two.

    Members
    -------
    available, sequence, address, data, free
        To :class:`ChunkStore`, of the same names (``sequence`` is ``o_sequence``).
    selftest : ``In(1)``
        Pulse: feed the self-test's image as soon as no other is under way.
    drop : ``In(1)``
        Pulse: what is under way does not count; the store has been flushed.
    done : ``In(1)``
        Pulse: the results of the frame were taken.
    o : ``Out(stream.Signature(Pixel))``
        To the core.
    taken : ``Out(stream.Signature(PLACE, always_ready=True))``
        A chunk was taken; ``index`` is the next one's.
    testing : ``Out(1)``, discard : ``Out(1)``, number : ``Out(16)``
        Of the frame that is in the core: it is the self-test's; its results do not count; its
        image's sequence number.
    idle : ``Out(1)``
        No frame was under way and no self-test due a cycle ago.
    abandoned : ``Out(1)``
        Pulse: no chunk came in time. Goes on once ``drop`` says so.
    """

    def __init__(self, *, pixels: int, patience: int, chunk: int = CHUNK_BYTES):
        self._pixels = pixels
        self._chunk = chunk
        self._patience = patience
        super().__init__(
            {
                "available": In(1),
                "sequence": In(16),
                "address": Out(range(chunk)),
                "data": In(8),
                "free": Out(1),
                "selftest": In(1),
                "drop": In(1),
                "done": In(1),
                "o": Out(stream.Signature(Pixel)),
                "taken": Out(stream.Signature(PLACE, always_ready=True)),
                "testing": Out(1),
                "discard": Out(1),
                "number": Out(16),
                "idle": Out(1),
                "abandoned": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()

        left = Signal(range(self._pixels + 1))  # pixels of the frame that were not taken
        color = Signal(24)
        part = Signal(range(3))
        settle = Signal(range(ChunkStore.READ_LATENCY + 1))
        index = Signal(16)
        waited = Signal(range(self._patience + 1))
        due = Signal()  # a self-test
        noise = Signal(32, init=selftest.SEED)
        dropped = Signal()

        m.d.sync += [self.free.eq(0), self.taken.valid.eq(0), self.abandoned.eq(0)]
        with m.If(self.selftest):
            m.d.sync += due.eq(1)
        with m.If(self.drop):
            m.d.sync += dropped.eq(1)

        m.d.comb += self.o.payload.as_value().eq(color)
        step = noise
        for shift in selftest.SHIFTS:
            step = step ^ ((step << shift if shift > 0 else step >> -shift)[:32])

        with m.FSM() as fsm:
            with m.State("idle"):
                m.d.sync += [left.eq(self._pixels), part.eq(0), index.eq(0), self.address.eq(0)]
                m.d.sync += [self.discard.eq(0), dropped.eq(0), waited.eq(0)]
                m.d.sync += [noise.eq(selftest.SEED), self.number.eq(self.sequence)]
                m.d.sync += self.testing.eq(due)
                with m.If(due & ~self.drop):
                    m.d.sync += due.eq(0)
                    m.next = "test"
                with m.Elif(self.available & ~self.drop):
                    m.next = "look"
            with m.State("look"):
                m.d.sync += settle.eq(0)
                with m.If(dropped):
                    m.next = "black"
                with m.Elif(self.available & ~self.free):
                    m.d.sync += waited.eq(0)
                    m.next = "read"
                with m.Elif(waited == self._patience):
                    m.d.sync += self.abandoned.eq(1)
                    m.next = "abandon"
                with m.Else():
                    m.d.sync += waited.eq(waited + 1)
            with m.State("abandon"):
                with m.If(dropped):
                    m.next = "black"
            with m.State("read"):
                m.d.sync += settle.eq(settle + 1)
                with m.If(settle == ChunkStore.READ_LATENCY):
                    m.d.sync += color.eq(Cat(color[8:], self.data))
                    m.d.sync += self.address.eq(self.address + 1)
                    m.d.sync += part.eq(Mux(part == 2, 0, part + 1))
                    last = (part == 2) & (left == 1)
                    with m.If((self.address == self._chunk - 1) | last):
                        m.d.sync += [self.free.eq(~dropped & ~self.drop), self.address.eq(0)]
                        m.d.sync += [index.eq(index + 1), self.taken.valid.eq(~dropped)]
                    with m.If(part == 2):
                        m.next = "give"
                    with m.Else():
                        m.next = "look"
            with m.State("give"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.d.sync += left.eq(left - 1)
                    with m.If(left == 1):
                        m.next = "wait"
                    with m.Else():
                        m.next = "look"
            with m.State("black"):
                m.d.sync += [self.discard.eq(1), color.eq(0)]
                m.next = "fill"
            with m.State("test"):
                m.d.sync += [color.eq(noise), noise.eq(step)]
                m.next = "fill"
            with m.State("fill"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.d.sync += left.eq(left - 1)
                    m.d.sync += noise.eq(step)
                    with m.If(self.testing):
                        m.d.sync += color.eq(noise)
                    with m.If(left == 1):
                        m.next = "wait"
            with m.State("wait"):
                m.d.sync += self.discard.eq(self.discard | dropped)
                with m.If(self.done):
                    m.next = "idle"

        m.d.sync += self.idle.eq(fsm.ongoing("idle") & ~due)
        # An image's being abandoned is no reason to forget a self-test.
        with m.If(self.drop & ~fsm.ongoing("abandon")):
            m.d.sync += due.eq(0)
        m.d.comb += [
            self.taken.payload.sequence.eq(self.number),
            self.taken.payload.index.eq(index),
        ]

        return m
