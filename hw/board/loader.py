"""A network image's chunks, as words for the parser."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.board.chunks import ChunkStore
from hw.board.layouts import PLACE, TOLD, queue
from spec.protocol import CHUNK_BYTES, Load


class ImageLoader(wiring.Component):
    """Takes a network image out of its chunks, once no frame is under way.

    Parameters
    ----------
    patience : int
        Cycles to wait for the next chunk of an image that has begun.
    chunk : int
        Bytes of a chunk at most, a power of two.

    Members
    -------
    chunks : ``In(queue(chunk))``
        The chunks of network images that have come; of whole words each.
    begin : ``In(1)``
        No frame is under way, and none begins in this cycle if there is a chunk.
    drop : ``In(1)``
        Pulse: the image under way is given up; its chunks have been forgotten.
    o : ``Out(stream.Signature(32))``
        Its words.
    over : ``In(1)``, outcome : ``In(range(len(Load)))``
        Nothing more is wanted, and why.
    idle : ``Out(1)``
        No image is under way: the parser is to begin afresh.
    taken : ``Out(TOLD)``
        A chunk was taken; ``index`` is the next one's.
    ended : ``Out(TOLD)``
        The image is over; ``index`` is the outcome. Its chunks are to be forgotten.
    abandoned : ``Out(1)``
        Pulse: no chunk came in time. Goes on once ``drop`` says so.
    """

    def __init__(self, *, patience: int, chunk: int = CHUNK_BYTES):
        self._patience = patience
        super().__init__(
            {
                "chunks": In(queue(chunk)),
                "begin": In(1),
                "drop": In(1),
                "o": Out(stream.Signature(32)),
                "over": In(1),
                "outcome": In(range(len(Load))),
                "idle": Out(1),
                "taken": Out(TOLD),
                "ended": Out(TOLD),
                "abandoned": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()

        chunks = self.chunks
        part = Signal(range(4))
        settle = Signal(range(ChunkStore.READ_LATENCY + 1))
        place = Signal(PLACE)
        waited = Signal(range(self._patience + 1))
        late, final = Signal(), Signal()
        m.d.sync += late.eq(waited == self._patience - 1)
        # The address is steady while its byte is on its way.
        m.d.sync += final.eq(chunks.address == chunks.chunk.length - 1)
        dropped = Signal()
        m.d.sync += [chunks.free.eq(0), self.taken.valid.eq(0), self.ended.valid.eq(0)]
        m.d.sync += self.abandoned.eq(0)
        with m.If(self.drop):
            m.d.sync += dropped.eq(1)
        m.d.comb += [
            self.taken.payload.eq(place),
            self.ended.payload.sequence.eq(place.sequence),
            self.ended.payload.index.eq(self.outcome),
        ]

        with m.FSM():
            with m.State("idle"):
                m.d.comb += self.idle.eq(1)
                m.d.sync += [place.sequence.eq(chunks.chunk.sequence), place.index.eq(0)]
                m.d.sync += [chunks.address.eq(0), part.eq(0), waited.eq(0)]
                m.d.sync += dropped.eq(0)
                with m.If(chunks.available & self.begin & ~self.drop):
                    m.next = "look"
            with m.State("look"):
                m.d.sync += settle.eq(0)
                with m.If(self.drop | dropped):
                    m.next = "idle"
                with m.Elif(self.over):
                    m.d.sync += self.ended.valid.eq(1)
                    m.next = "end"
                with m.Elif(chunks.available & ~chunks.free):
                    m.d.sync += waited.eq(0)
                    m.next = "read"
                with m.Elif(late):
                    m.d.sync += self.abandoned.eq(1)
                    m.next = "abandon"
                with m.Else():
                    m.d.sync += waited.eq(waited + 1)
            with m.State("end"):  # while the chunks are being forgotten
                with m.If(~self.ended.valid):
                    m.next = "idle"
            with m.State("abandon"):
                with m.If(self.drop):
                    m.next = "idle"
            with m.State("read"):
                m.d.sync += settle.eq(settle + 1)
                with m.If(self.drop):
                    m.next = "idle"
                with m.Elif(settle == ChunkStore.READ_LATENCY):
                    m.d.sync += self.o.payload.eq(Cat(self.o.payload[8:], chunks.data))
                    m.d.sync += [chunks.address.eq(chunks.address + 1), part.eq(part + 1)]
                    m.d.sync += settle.eq(0)
                    with m.If(part == 3):
                        with m.If(final):
                            m.d.sync += [chunks.free.eq(1), chunks.address.eq(0)]
                            m.d.sync += [place.index.eq(place.index + 1), self.taken.valid.eq(1)]
                        m.next = "give"
            with m.State("give"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.next = "look"

        return m
