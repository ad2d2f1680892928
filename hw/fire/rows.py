"""Where weight rows come from: a memory on the chip, or a stream."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.streams import delayed
from plan import latency
from plan.words import PAIR_BITS, SPLIT


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
    """Takes the rows of some passes from a stream, which has them in the order in which the array
    does, and those of the others from a memory.

    Parameters
    ----------
    columns : int
        Weights of a row, an even number.

    Members
    -------
    start : ``In(1)``
        A pass starts in this cycle.
    known : ``In(1)``
        ``streamed`` holds for the next pass.
    streamed : ``In(1)``
        The next pass takes its rows from the stream.
    i : ``In(stream.Signature(8 * columns))``
        The stream: a signed byte a column, the first one lowest.
    memory : ``In(rows_signature(PAIR_BITS * columns // 2))``
        The memory's rows; granted for passes that take none from the stream.
    o : ``Out(rows_signature(PAIR_BITS * columns // 2))``
        The rows, as pairs of weights: see :func:`plan.words.pair`.
    """

    def __init__(self, *, columns: int):
        if columns < 2 or columns % 2:
            raise ValueError(f"columns must be even, not {columns}")
        self._columns = columns
        width = PAIR_BITS * columns // 2
        super().__init__(
            {
                "start": In(1),
                "known": In(1),
                "streamed": In(1),
                "i": In(stream.Signature(8 * columns)),
                "memory": In(rows_signature(width)),
                "o": Out(rows_signature(width)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        asked = Signal(init=1)  # as in :class:`MemoryRows`, whose rows come from the same cycle on
        opened = Signal()
        outside = Signal()
        with m.If(asked & self.known):
            m.d.sync += [asked.eq(0), opened.eq(1), outside.eq(self.streamed)]
        with m.If(self.start):
            m.d.sync += [asked.eq(1), opened.eq(0)]

        m.d.comb += [
            self.o.valid.eq(Mux(outside, opened & self.i.valid, self.memory.valid)),
            self.i.ready.eq(outside & opened & self.o.ready),
            self.memory.ready.eq(~outside & self.o.ready),
        ]
        # On the way that a row of the memory takes: the bytes, the pairs, the choice.
        taken = Signal.like(self.i.payload, reset_less=True)
        pairs = Signal.like(self.o.row, reset_less=True)
        m.d.sync += taken.eq(self.i.payload)
        for place in range(self._columns // 2):
            above, below = (taken.word_select(2 * place + half, 8).as_signed() for half in range(2))
            both = pairs.word_select(place, PAIR_BITS)
            m.d.sync += both.eq((above << SPLIT) + below)
        row = delayed(m, pairs, latency.MEMORY_READ - 2, "row", reset_less=True)
        chosen = delayed(m, outside, latency.MEMORY_READ, "chosen", reset_less=True)
        m.d.comb += self.o.row.eq(Mux(chosen, row, self.memory.row))
        return m
