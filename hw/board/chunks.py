"""Chunks of images, kept between the line and the core."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.board.layouts import CHUNK, queue
from hw.ecp5.memory import Memory
from spec.protocol import CHUNK_BYTES


class ChunkStore(wiring.Component):
    """A queue of chunks, each in a place of its own.

    A chunk is written as it comes and belongs to the queue only once it is committed: its CRC is
    known at its end. What is not committed is written over by the next.

    Parameters
    ----------
    places : int
        How many chunks it holds, a power of two.
    size : int
        Bytes of a chunk, a power of two.

    Members
    -------
    begin : ``In(1)``
        A frame begins; its bytes follow on ``i`` later.
    i : ``In(stream.Signature(8, always_ready=True))``
        Its bytes. What comes after ``size`` of them is left out.
    room : ``Out(1)``
        Whether there was a free place when the frame began.
    commit : ``In(1)``
        The chunk that came last is good; only with ``room``. ``chunk`` goes with it.
    chunk : ``In(CHUNK)``
    o : ``Out(queue(size))``
        The oldest chunk, see :func:`hw.board.layouts.queue`.
    flush : ``In(1)``
        Forget all chunks.
    """

    READ_LATENCY = Memory.READ_LATENCY + 1
    """Cycles from an address to its byte: a register on the way, for the memory may be far."""

    def __init__(self, *, places: int, size: int = CHUNK_BYTES):
        for name, value in (("places", places), ("size", size)):
            if value < 2 or value & (value - 1):
                raise ValueError(f"{name} must be a power of two from 2, not {value}")
        self._places = places
        self._size = size
        super().__init__(
            {
                "begin": In(1),
                "i": In(stream.Signature(8, always_ready=True)),
                "room": Out(1),
                "commit": In(1),
                "chunk": In(CHUNK),
                "o": Out(queue(size)),
                "flush": In(1),
            }
        )

    def elaborate(self, platform):
        m = Module()

        m.submodules.bytes = data = Memory(width=8, depth=self._places * self._size)
        m.submodules.notes = notes = memory.Memory(shape=CHUNK, depth=self._places, init=[])
        note = notes.write_port()
        recall = notes.read_port(domain="comb")

        into = Signal(range(self._places))
        out = Signal(range(self._places))
        used = Signal(range(self._places + 1))
        offset = Signal(range(self._size + 1))

        with m.If(self.begin):
            m.d.sync += [self.room.eq(used != self._places), offset.eq(0)]
        with m.Elif(self.i.valid & ~offset[-1]):
            m.d.sync += offset.eq(offset + 1)
        m.d.comb += [
            data.write_address.eq(Cat(offset[:-1], into)),
            data.write_data.eq(self.i.payload),
            data.write_enable.eq(self.i.valid & self.room & ~offset[-1]),
            self.o.data.eq(data.read_data),
        ]
        m.d.sync += data.read_address.eq(Cat(self.o.address, out))

        m.d.comb += [
            note.addr.eq(into),
            note.data.eq(self.chunk),
            note.en.eq(self.commit),
            recall.addr.eq(out),
        ]
        m.d.sync += [
            self.o.available.eq((used != 0) & ~self.o.free & ~self.flush),
            self.o.chunk.eq(recall.data),
        ]
        with m.If(self.flush):
            m.d.sync += [into.eq(0), out.eq(0), used.eq(0), self.room.eq(0)]
        with m.Else():
            m.d.sync += [
                into.eq(into + self.commit),
                out.eq(out + self.o.free),
                used.eq(used + self.commit - self.o.free),
            ]

        return m
