"""Where weight rows come from: a memory on the chip, or a stream."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.streams import delayed
from plan import latency


def rows_signature(width: int) -> wiring.Signature:
    """Weight rows in consumption order.

    A row is granted in a cycle with ``valid`` and ``ready``; it is on ``row``
    ``latency.MEMORY_READ`` cycles later, as a block RAM gives it. ``valid`` stays until then.
    """
    return wiring.Signature({"valid": Out(1), "ready": In(1), "row": Out(width)})


class MemoryRows(wiring.Component):
    """Reads rows one after the other, and jumps where a step says so.

    The next pass's rows are granted from the cycle after its place is known. After reset the first
    pass's are.

    Parameters
    ----------
    width, depth : int
        Of the weight memory.

    Members
    -------
    start : ``In(1)``
        A pass starts in this cycle.
    jump : ``In(1)``
        The next pass takes its rows from ``place`` on, not from where the last ones ended.
    known : ``In(1)``
        ``jump`` and ``place`` hold for the next pass.
    place : ``In(range(depth))``
        Weight row of the next step's first pass.
    address : ``Out(range(depth))``
        The row to read.
    word : ``In(width)``
        It, ``latency.MEMORY_READ`` cycles later.
    o : ``Out(rows_signature(width))``
        The rows.
    """

    def __init__(self, *, width: int, depth: int):
        if width < 1 or depth < 1:
            raise ValueError(f"width and depth must be at least 1, not {width} and {depth}")
        super().__init__(
            {
                "start": In(1),
                "jump": In(1),
                "known": In(1),
                "place": In(range(depth)),
                "address": Out(range(depth)),
                "word": In(width),
                "o": Out(rows_signature(width)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        # What is known of the next pass holds from the cycle after the last one's start.
        asked = Signal(init=1)
        m.d.comb += self.o.row.eq(self.word)
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += self.address.eq(self.address + 1)
        with m.If(asked & self.known):
            m.d.sync += [
                asked.eq(0),
                self.o.valid.eq(1),
                self.address.eq(Mux(self.jump, self.place, self.address)),
            ]
        with m.If(self.start):
            m.d.sync += [asked.eq(1), self.o.valid.eq(0)]
        return m


class StreamedRows(wiring.Component):
    """Rows of a stream, which has them in consumption order, granted as :class:`MemoryRows` does.

    Parameters
    ----------
    width : int
        Bits of a row.

    Members
    -------
    i : ``In(stream.Signature(unsigned(width)))``
        The rows.
    o : ``Out(rows_signature(width))``
        The same.
    """

    def __init__(self, *, width: int):
        if width < 1:
            raise ValueError(f"width must be at least 1, not {width}")
        super().__init__({"i": In(stream.Signature(width)), "o": Out(rows_signature(width))})

    def elaborate(self, platform) -> Module:
        m = Module()
        m.d.comb += [
            self.o.valid.eq(self.i.valid),
            self.i.ready.eq(self.o.ready),
            self.o.row.eq(delayed(m, self.i.payload, latency.MEMORY_READ, "row")),
        ]
        return m
