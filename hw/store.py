"""A queue in block RAM behind registers, for words that come from afar and go far."""

from amaranth.hdl import Cat, Module, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.ecp5.memory import Memory


class Store(wiring.Component):
    """A queue of words in block RAM: one in and one out in every cycle.

    Parameters
    ----------
    width : int
        Bits of a word.
    depth : int
        Words, a power of two.

    Members
    -------
    run : ``In(1)``
        Low for a cycle or more, it is empty.
    i, o : ``stream.Signature(width)``
    level : ``Out``
        Words taken in, less those given out before the last cycle.
    """

    READY = 8
    """Words read ahead: more than are on their way out of the memory."""

    def __init__(self, *, width: int, depth: int):
        if depth < 4 or depth & depth - 1:
            raise ValueError(f"depth must be a power of two from 4, not {depth}")
        self._depth = depth
        super().__init__(
            {
                "run": In(1),
                "i": In(stream.Signature(width)),
                "o": Out(stream.Signature(width)),
                "level": Out(range(depth + 1)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        width = len(self.i.payload)
        m.submodules.memory = memory = Memory(width=width, depth=self._depth)
        ahead = SyncFIFO(width=width, depth=self.READY)
        m.submodules.ahead = ResetInserter(~self.run)(ahead)
        connect(m, ahead.r_stream, flipped(self.o))

        put = self.i.valid & self.i.ready
        take = Signal()  # a cycle late: until then the word counts as not given out
        read = Signal()
        stored = self.level
        readable = Signal(range(self._depth + 1))  # and not read yet
        reserved = Signal(range(self.READY + 1))  # read and not given out
        settled = Signal()  # what was put a cycle ago
        coming = Signal(Memory.READ_LATENCY)
        m.d.comb += [
            self.i.ready.eq(self.run & ~stored[-1]),  # its highest bit is that it is full
            memory.write_data.eq(self.i.payload),
            memory.write_enable.eq(put),
            read.eq((readable != 0) & (reserved != self.READY)),
            ahead.w_data.eq(memory.read_data),
            ahead.w_en.eq(coming[-1]),
        ]
        with m.If(put):
            m.d.sync += memory.write_address.eq(memory.write_address + 1)
        with m.If(read):
            m.d.sync += memory.read_address.eq(memory.read_address + 1)
        m.d.sync += [
            take.eq(self.o.valid & self.o.ready),
            stored.eq(stored + put - take),
            readable.eq(readable + settled - read),
            reserved.eq(reserved + read - take),
            settled.eq(put),
            coming.eq(Cat(read, coming)),
        ]
        with m.If(~self.run):
            m.d.sync += [stored.eq(0), readable.eq(0), reserved.eq(0), settled.eq(0), coming.eq(0)]
            m.d.sync += take.eq(0)
            m.d.sync += [memory.write_address.eq(0), memory.read_address.eq(0)]
        return m
