"""What the core is to be fed: images from the line, or the self-test's."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.board.chunks import ChunkStore
from hw.board.layouts import ASKED, PLACE, TAG, TAGGED_PIXEL, TOLD, queue
from spec import selftest
from spec.protocol import CHUNK_BYTES


class Feeder(wiring.Component):
    """Offers images one after the other, each begun when no frame is under way.

    Parameters
    ----------
    pixels : int
        The most pixels an image can have.
    patience : int
        Cycles to wait for the next chunk of an image that has begun.
    chunk : int
        Bytes of a chunk but the last, a power of two.

    Members
    -------
    frame : ``In(range(pixels + 1))``
        Pixels of an image; may change while ``idle``.
    chunks : ``In(queue(chunk))``
        The chunks that have come.
    selftest : ``In(ASKED)``
        Give the self-test's image as soon as no other is under way.
    begin : ``In(1)``
        The next image may begin.
    drop : ``In(1)``
        Pulse: what is under way does not count; the chunks have been forgotten. A pixel that is
        offered stays until it is taken, the last one of its image.
    o : ``Out(stream.Signature(TAGGED_PIXEL))``
    taken : ``Out(TOLD)``
        A chunk was taken; ``index`` is the next one's.
    idle : ``Out(1)``
        No image is under way and no self-test due.
    abandoned : ``Out(1)``
        Pulse: no chunk came in time. Goes on once ``drop`` says so.
    """

    def __init__(self, *, pixels: int, patience: int, chunk: int = CHUNK_BYTES):
        self._chunk = chunk
        self._patience = patience
        super().__init__(
            {
                "frame": In(range(pixels + 1)),
                "chunks": In(queue(chunk)),
                "selftest": In(ASKED),
                "begin": In(1),
                "drop": In(1),
                "o": Out(stream.Signature(TAGGED_PIXEL)),
                "taken": Out(TOLD),
                "idle": Out(1),
                "abandoned": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()

        chunks = self.chunks
        left = Signal.like(self.frame)  # pixels of the image that were not taken
        final = Signal()  # one is left
        first = Signal()
        color = Signal(24)
        part = Signal(range(3))
        settle = Signal(range(ChunkStore.READ_LATENCY))
        place = Signal(PLACE)
        waited = Signal(range(self._patience + 1))
        late = Signal()
        m.d.sync += late.eq(waited == self._patience - 1)
        edge = Signal()  # the address, steady until its byte has come, is a chunk's last
        m.d.sync += edge.eq(chunks.address == self._chunk - 1)
        due = Signal(TAG)  # a self-test
        tag = Signal(TAG)
        noise = Signal(32, init=selftest.SEED)
        dropped = Signal()

        m.d.sync += [chunks.free.eq(0), self.taken.valid.eq(0), self.abandoned.eq(0)]
        with m.If(self.selftest.valid):
            m.d.sync += [due.testing.eq(1), due.number.eq(self.selftest.payload)]
        with m.If(self.drop):
            m.d.sync += dropped.eq(1)

        m.d.comb += [
            self.o.payload.pixel.eq(Mux(tag.testing, noise[:24], color)),
            self.o.payload.first.eq(first),
            self.o.payload.tag.eq(tag),
            self.taken.payload.eq(place),
            place.sequence.eq(tag.number),
        ]
        step = noise
        for shift in selftest.SHIFTS:
            step = step ^ ((step << shift if shift > 0 else step >> -shift)[:32])

        with m.FSM() as fsm:
            with m.State("idle"):
                m.d.sync += [left.eq(self.frame), final.eq(self.frame == 1)]
                m.d.sync += [first.eq(1), part.eq(0), place.index.eq(0)]
                m.d.sync += [chunks.address.eq(0), dropped.eq(0), waited.eq(0)]
                m.d.sync += [noise.eq(selftest.SEED), tag.testing.eq(due.testing)]
                number = Mux(due.testing, due.number, chunks.chunk.sequence)
                m.d.sync += tag.number.eq(number)
                with m.If(self.begin & ~self.drop):
                    with m.If(due.testing):
                        m.d.sync += due.testing.eq(0)
                        m.next = "test"
                    with m.Elif(chunks.available):
                        m.next = "look"
            with m.State("look"):
                m.d.sync += settle.eq(0)
                with m.If(self.drop):
                    m.next = "idle"
                with m.Elif(chunks.available & ~chunks.free):
                    m.d.sync += waited.eq(0)
                    m.next = "read"
                with m.Elif(late):
                    m.d.sync += self.abandoned.eq(1)
                    m.next = "abandon"
                with m.Else():
                    m.d.sync += waited.eq(waited + 1)
            with m.State("abandon"):
                with m.If(self.drop):
                    m.next = "idle"
            with m.State("read"):
                m.d.sync += settle.eq(settle + 1)
                with m.If(self.drop):
                    m.next = "idle"
                with m.Elif(settle == ChunkStore.READ_LATENCY - 1):  # it was there a cycle ago
                    m.d.sync += color.eq(Cat(color[8:], chunks.data))
                    m.d.sync += chunks.address.eq(chunks.address + 1)
                    m.d.sync += part.eq(Mux(part == 2, 0, part + 1))
                    with m.If(edge | ((part == 2) & final)):
                        m.d.sync += [chunks.free.eq(1), chunks.address.eq(0)]
                        m.d.sync += [place.index.eq(place.index + 1), self.taken.valid.eq(1)]
                    with m.If(part == 2):
                        m.next = "give"
                    with m.Else():
                        m.next = "look"
            with m.State("give"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.d.sync += [left.eq(left - 1), final.eq(left == 2), first.eq(0)]
                    with m.If(final | dropped | self.drop):
                        m.next = "idle"
                    with m.Else():
                        m.next = "look"
            with m.State("test"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.d.sync += [left.eq(left - 1), final.eq(left == 2), first.eq(0)]
                    m.d.sync += noise.eq(step)
                    with m.If(final | dropped | self.drop):
                        m.next = "idle"

        m.d.comb += self.idle.eq(fsm.ongoing("idle") & ~due.testing)
        # An image's being abandoned is no reason to forget a self-test.
        with m.If(self.drop & ~fsm.ongoing("abandon")):
            m.d.sync += due.testing.eq(0)

        return m
