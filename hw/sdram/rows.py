"""Weight rows as the SDRAM's words: cut up, and put together again."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.ecp5.copies import copies, part_of
from hw.fire.loader import times
from hw.sdram.bus import WORD_BITS
from hw.sdram.controller import BURST_COLUMN_BITS, Write
from plan import sdram


def placed_row(width: int) -> data.StructLayout:
    """A row and its place among the rows."""
    return data.StructLayout({"address": range(sdram.capacity(width)), "data": width})


class RowCutter(wiring.Component):
    """A row becomes words, the lowest bits first; rows follow each other without a gap.

    A row is taken once the last one's words have been. A word is given in every other cycle.

    Parameters
    ----------
    width : int
        Bits of a row.

    Members
    -------
    i : ``In(stream.Signature(placed_row(width)))``
    o : ``Out(stream.Signature(Write))``
    idle : ``Out(1)``
        Every row that was taken is out.
    """

    def __init__(self, *, width: int):
        if width < 1:
            raise ValueError(f"a row has at least one bit, not {width}")
        self._words = sdram.words(width)
        super().__init__(
            {
                "i": In(stream.Signature(placed_row(width))),
                "o": Out(stream.Signature(Write)),
                "idle": Out(1, init=1),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        words = self._words
        row = Signal.like(self.i.payload)
        bits = Signal(data.ArrayLayout(WORD_BITS, words))
        address = Signal.like(self.o.payload.address)
        left = Signal(range(words))
        m.d.comb += [self.o.payload.data.eq(bits[0]), self.o.payload.address.eq(address)]

        # The row is wide: what places it and moves it up goes to registers first.
        place, move = Signal(), Signal()
        places, moves = copies(m, place, "places"), copies(m, move, "moves")
        for word in range(words):
            part = part_of(word, words)
            with m.If(places[part]):
                m.d.sync += bits[word].eq(row.data[word * WORD_BITS : (word + 1) * WORD_BITS])
            with m.Elif(moves[part]):
                m.d.sync += bits[word].eq(bits[word + 1] if word + 1 < words else 0)
        with m.If(places[0]):
            m.d.sync += address.eq(times(row.address, words))
        with m.Elif(moves[0]):
            m.d.sync += address.eq(address + 1)

        with m.FSM():
            with m.State("TAKE"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += row.eq(self.i.payload)
                with m.If(self.i.valid):
                    m.d.sync += self.idle.eq(0)
                    m.next = "PLACE"
            with m.State("PLACE"):
                m.d.comb += place.eq(1)
                m.d.sync += left.eq(words - 1)
                m.next = "MOVE"
            with m.State("MOVE"):
                m.next = "GIVE"
            with m.State("GIVE"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.d.comb += move.eq(1)
                    m.d.sync += left.eq(left - 1)
                    m.next = "MOVE"
                    with m.If(left == 0):
                        m.d.sync += self.idle.eq(1)
                        m.next = "TAKE"
        return m


class RowJoiner(wiring.Component):
    """Words become rows again; what a frame's last burst holds beyond its last row is dropped.

    Parameters
    ----------
    width : int
        Bits of a row.

    Members
    -------
    run : ``In(1)``
        Low for a cycle or more, the next word is a frame's first.
    rows : ``In(range(sdram.capacity(width) + 1))``
        Of a frame, at least one; steady while ``run``.
    i : ``In(stream.Signature(16))``
        Whole bursts.
    o : ``Out(stream.Signature(width))``
    """

    def __init__(self, *, width: int):
        if width < 1:
            raise ValueError(f"a row has at least one bit, not {width}")
        self._words = sdram.words(width)
        super().__init__(
            {
                "run": In(1),
                "rows": In(range(sdram.capacity(width) + 1)),
                "i": In(stream.Signature(WORD_BITS)),
                "o": Out(stream.Signature(width)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        # A word moves on in the cycle after it was taken; the last one of a row makes it whole.
        moves, moved, ends = Signal(), Signal(WORD_BITS), Signal()
        bits = Signal(self._words * WORD_BITS)
        word = Signal(range(self._words))
        place = Signal(BURST_COLUMN_BITS)
        left = Signal.like(self.rows)
        last = Signal()  # one is left
        drop = Signal()
        fresh = Signal(init=1)  # the next word is a frame's first
        whole = Signal()
        one, two = Signal(), Signal()  # of ``rows``
        m.d.sync += [one.eq(self.rows == 1), two.eq(self.rows == 2)]
        # A word that is taken now moves when the row before must have left ``bits``.
        m.d.comb += self.i.ready.eq(~((ends | whole) & self.o.valid) & ~(ends & whole))
        m.d.sync += [moves.eq(0), ends.eq(0), moved.eq(self.i.payload)]
        with m.If(moves):
            m.d.sync += bits.eq(Cat(bits, moved) >> WORD_BITS)
        with m.If(self.o.valid):
            m.d.sync += self.o.valid.eq(~self.o.ready)
        with m.Else():
            m.d.sync += [self.o.valid.eq(whole), self.o.payload.eq(bits)]
        m.d.sync += whole.eq(ends | (whole & self.o.valid))
        with m.If(self.i.valid & self.i.ready):
            last_row = Mux(fresh, one, last)
            m.d.sync += [place.eq(place + 1), fresh.eq(0)]
            with m.If(fresh):
                m.d.sync += [left.eq(self.rows), last.eq(one)]
            with m.If(~drop):
                m.d.sync += [moves.eq(1), word.eq(word + 1)]
                with m.If(word == self._words - 1):
                    m.d.sync += [word.eq(0), ends.eq(1)]
                    m.d.sync += left.eq(Mux(fresh, self.rows, left) - 1)
                    m.d.sync += last.eq(Mux(fresh, two, left == 2))
                    with m.If(last_row):
                        m.d.sync += [drop.eq(~place.all()), fresh.eq(place.all())]
            with m.Elif(place.all()):
                m.d.sync += [drop.eq(0), fresh.eq(1)]
        with m.If(~self.run):
            m.d.sync += [word.eq(0), place.eq(0), drop.eq(0), fresh.eq(1)]
            m.d.sync += [moves.eq(0), ends.eq(0), whole.eq(0), self.o.valid.eq(0)]
        return m
