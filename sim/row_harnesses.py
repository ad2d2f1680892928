"""What is proved of the SDRAM's rows and their queue: each is a part with free inputs, and checks.

Sizes are the smallest at which every path of the part is taken.
"""

from amaranth.hdl import Assert, Cat, Const, Cover, Module, Mux, ResetInserter, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hw.sdram.rows import RowCutter, RowJoiner
from hw.store import Store
from plan.sdram import words
from sim.formal import InOrder, Steady


class JoinedRows(wiring.Component):
    """The words that a cutter makes of rows, a joiner makes rows of again, frame after frame.

    What fills the frame's last burst goes in between, and does not come out. Where the joiner
    stops and runs again, all begins anew.

    Parameters
    ----------
    width
        Bits of a row, more than two; the first and the last one are free.
    rows
        Of a frame, whose words are fewer than a burst's.
    """

    run: In(1)
    valid: In(1)
    data: In(2)
    ready: In(1)

    def __init__(
        self,
        width: int,
        rows: int,
        joiner: type[RowJoiner] = RowJoiner,
        cutter: type[RowCutter] = RowCutter,
    ):
        self._width = width
        self._rows = rows
        self._joiner = joiner
        self._cutter = cutter
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        cutter = self._cutter(width=self._width)
        m.submodules.joiner = joiner = self._joiner(width=self._width)
        i_steady, o_steady = Steady(40), Steady(self._width)
        order = InOrder(3, room=3)
        for name, part in {
            "cutter": cutter,
            "i_steady": i_steady,
            "o_steady": o_steady,
            "order": order,
        }.items():
            m.submodules[name] = ResetInserter(~self.run)(part)
        row = Signal(range(self._rows))
        i_take = self.valid & cutter.i.ready & self.run
        with m.If(i_take):
            m.d.sync += row.eq(Mux(row == self._rows - 1, 0, row + 1))
        # Words that are no row's, after the frame's.
        place = Signal(3)
        around, anew = Signal(), Signal()
        filler = place >= words(self._width) * self._rows
        with m.If(joiner.i.valid & joiner.i.ready):
            m.d.sync += [place.eq(place + 1), around.eq(around | place.all())]
        o_take = joiner.o.valid & self.ready & self.run
        with m.If(~self.run):
            m.d.sync += [row.eq(0), place.eq(0), around.eq(0), anew.eq(place != 0)]
        with m.If(cutter.o.valid & cutter.o.ready):
            m.d.comb += Assert(cutter.o.payload.address == place)
        m.d.comb += [
            cutter.i.valid.eq(self.valid),
            cutter.i.payload.address.eq(row),
            cutter.i.payload.data.eq(self.data[0] | self.data[1] << self._width - 1),
            *i_steady.watch(cutter.o),
            joiner.run.eq(self.run),
            joiner.rows.eq(self._rows),
            joiner.i.valid.eq(cutter.o.valid | filler),
            joiner.i.payload.eq(Mux(filler, 0xFFFF, cutter.o.payload.data)),
            cutter.o.ready.eq(joiner.i.ready & ~filler),
            joiner.o.ready.eq(self.ready),
            *o_steady.watch(joiner.o),
            order.i_take.eq(i_take),
            order.i.eq(Cat(self.data[0], Const(0, 1), self.data[1])),
            order.o_take.eq(o_take),
            order.o.eq(
                Cat(joiner.o.payload[0], joiner.o.payload[1:-1].any(), joiner.o.payload[-1])
            ),
            Cover(o_take & around),
            Cover(o_take & anew),
        ]
        return m


class StoredWords(wiring.Component):
    """What a store takes, it gives, in order; where it stops and runs again, it is empty."""

    run: In(1)
    valid: In(1)
    data: In(1)
    ready: In(1)

    DEPTH = 4

    def __init__(self, part: type[Store] = Store):
        self._part = part
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.part = part = self._part(width=1, depth=self.DEPTH)
        steady = Steady(1)
        order = InOrder(1, room=self.DEPTH, reach=self.DEPTH + 1)
        m.submodules.steady = ResetInserter(~self.run)(steady)
        m.submodules.order = ResetInserter(~self.run)(order)
        stored, anew = Signal(), Signal()
        i_take = self.valid & part.i.ready
        o_take = part.o.valid & self.ready & self.run
        with m.If(~self.run):
            m.d.sync += [stored.eq(0), anew.eq(stored)]
        with m.Elif(i_take):
            m.d.sync += stored.eq(1)
        m.d.comb += [
            part.run.eq(self.run),
            part.i.valid.eq(self.valid),
            part.i.payload.eq(self.data),
            part.o.ready.eq(self.ready),
            *steady.watch(part.o),
            order.i_take.eq(i_take),
            order.i.eq(self.data),
            order.o_take.eq(o_take),
            order.o.eq(part.o.payload),
            Cover(stored & ~part.i.ready & self.ready & self.run),
            Cover(o_take & anew),
        ]
        return m
