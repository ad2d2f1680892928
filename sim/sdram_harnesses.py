"""What is proved of the SDRAM's streams: each harness is a part with free inputs and its checks.

The chip is the ideal one here: it keeps no time, and a word holds its own address.
"""

from types import SimpleNamespace

from amaranth.hdl import Array, Assert, Cat, Const, Cover, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hw.sdram.bus import ALL_BANKS, Command
from hw.sdram.controller import BURST_COLUMN_BITS, Controller
from hw.sdram.rows import RowCutter, RowJoiner, RowStore
from plan.sdram import BANKS, BURST
from sim.formal import InOrder, Steady

TIMING = SimpleNamespace(
    t_rcd=1, t_rp=1, t_ras=2, t_rfc=2, t_rrd=1, t_wr=2, t_mrd=1, t_start=2, start_refreshes=1
)
"""Short, so that all of it happens within the depth."""
CAPTURE = 3
PAGE_BURSTS = 2


class StreamedWords(wiring.Component):
    """The stream is its words in order, over and over: a page of two bursts and one of a single
    burst; none is read from a bank that is closed."""

    ready: In(1)

    LAST = 2
    INTERVAL = 60

    def __init__(self, part: type[Controller] = Controller):
        self._part = part
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        timing = SimpleNamespace(**vars(TIMING), interval=self.INTERVAL)
        m.submodules.part = part = self._part(
            timing=timing, capture=CAPTURE, page_bursts=PAGE_BURSTS
        )
        m.submodules.steady = steady = Steady(16)
        bus = part.bus

        # The chip: which banks are open, and what a burst brings.
        opened = Array(Signal(name=f"open_{bank}") for bank in range(BANKS))
        rows = Array(Signal(2, name=f"row_{bank}") for bank in range(BANKS))
        closes = bus.command == Command.PRECHARGE
        with m.If(bus.command == Command.ACTIVATE):
            m.d.sync += [opened[bus.bank].eq(1), rows[bus.bank].eq(bus.address)]
            m.d.comb += Assert(~opened[bus.bank])
        with m.Elif(closes & (bus.address == ALL_BANKS)):
            m.d.sync += [bank.eq(0) for bank in opened]
        with m.Elif(closes):
            m.d.sync += opened[bus.bank].eq(0)
        with m.Elif((bus.command == Command.REFRESH) | (bus.command == Command.MODE)):
            m.d.comb += [Assert(~bank) for bank in opened]
        reads = bus.command == Command.READ
        burst = Cat(bus.address[BURST_COLUMN_BITS], bus.bank, rows[bus.bank])
        left = Signal(range(BURST + 1))
        word = Signal(8)
        with m.If(reads):
            m.d.comb += [Assert(opened[bus.bank]), Assert(left <= 1)]
            m.d.sync += [word.eq(burst << BURST_COLUMN_BITS), left.eq(BURST)]
        with m.Elif(left != 0):
            m.d.sync += [word.eq(word + 1), left.eq(left - 1)]
        for _ in range(CAPTURE):
            later = Signal.like(word)
            m.d.sync += later.eq(word)
            word = later
        m.d.comb += bus.i.eq(word)

        # What must come out.
        place = Signal(range(BURST * (self.LAST + 1)))
        around = Signal()
        take = part.o.valid & self.ready
        end = place == BURST * (self.LAST + 1) - 1
        with m.If(take):
            m.d.sync += [place.eq(Mux(end, 0, place + 1)), around.eq(around | end)]
        m.d.comb += [
            part.run.eq(1),
            part.last.eq(self.LAST),
            part.o.ready.eq(self.ready),
            *steady.watch(part.o),
            Assert(~take | (part.o.payload == place)),
            Cover(around & take),
        ]
        return m


class WrittenWords(wiring.Component):
    """Every word that is taken is written, once, in order, to its place, and before any read."""

    run: In(1)
    valid: In(1)
    address: In(6)
    data: In(1)

    INTERVAL = 17

    def __init__(self, part: type[Controller] = Controller):
        self._part = part
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        timing = SimpleNamespace(**vars(TIMING), interval=self.INTERVAL)
        m.submodules.part = part = self._part(
            timing=timing, capture=CAPTURE, page_bursts=PAGE_BURSTS
        )
        m.submodules.order = order = InOrder(7, room=2)
        bus = part.bus
        opened = Array(Signal(name=f"open_{bank}") for bank in range(BANKS))
        closes = bus.command == Command.PRECHARGE
        with m.If(bus.command == Command.ACTIVATE):
            m.d.sync += opened[bus.bank].eq(1)
        with m.Elif(closes & (bus.address == ALL_BANKS)):
            m.d.sync += [bank.eq(0) for bank in opened]
        with m.Elif(closes):
            m.d.sync += opened[bus.bank].eq(0)
        writes = bus.command == Command.WRITE
        i_take = self.valid & part.i.ready
        under_way = Signal(2)
        was = Signal()
        m.d.sync += [under_way.eq(under_way + i_take - writes), was.eq(self.run)]
        m.d.comb += [
            part.run.eq(self.run),
            part.i.valid.eq(self.valid),
            part.i.payload.address.eq(self.address),
            part.i.payload.data.eq(self.data),
            order.i_take.eq(i_take),
            order.i.eq(Cat(self.address, self.data)),
            order.o_take.eq(writes),
            order.o.eq(Cat(bus.address[:4], bus.bank, bus.o[0])),
            Assert(~writes | (opened[bus.bank] & bus.drive)),
            Assert(writes | ~bus.drive),
            # A read that the end of ``run`` has overtaken is dropped.
            Assert((bus.command != Command.READ) | ~was | (under_way == 0)),
            Assert(~part.settled | (under_way == writes)),
            Cover(bus.command == Command.READ),
        ]
        return m


class JoinedRows(wiring.Component):
    """The words that a cutter makes of rows, a joiner makes rows of again, frame after frame.

    What fills the frame's last burst goes in between, and does not come out.
    """

    valid: In(1)
    data: In(2)
    ready: In(1)

    WIDTH = 18
    ROWS = 3
    """Six words: two are left over."""

    def __init__(self, joiner: type[RowJoiner] = RowJoiner, cutter: type[RowCutter] = RowCutter):
        self._joiner = joiner
        self._cutter = cutter
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.cutter = cutter = self._cutter(width=self.WIDTH)
        m.submodules.joiner = joiner = self._joiner(width=self.WIDTH)
        m.submodules.i_steady = i_steady = Steady(40)
        m.submodules.o_steady = o_steady = Steady(self.WIDTH)
        m.submodules.order = order = InOrder(4, room=3)
        row = Signal(range(self.ROWS))
        i_take = self.valid & cutter.i.ready
        with m.If(i_take):
            m.d.sync += row.eq(Mux(row == self.ROWS - 1, 0, row + 1))
        # Two words that are no row's, after the frame's.
        place = Signal(3)
        around = Signal()
        filler = place >= 2 * self.ROWS
        with m.If(joiner.i.valid & joiner.i.ready):
            m.d.sync += [place.eq(place + 1), around.eq(around | place.all())]
        o_take = joiner.o.valid & self.ready
        with m.If(cutter.o.valid & cutter.o.ready):
            m.d.comb += Assert(cutter.o.payload.address == place)
        m.d.comb += [
            cutter.i.valid.eq(self.valid),
            cutter.i.payload.address.eq(row),
            cutter.i.payload.data.eq(self.data[0] | self.data[1] << self.WIDTH - 1),
            *i_steady.watch(cutter.o),
            joiner.run.eq(1),
            joiner.rows.eq(self.ROWS),
            joiner.i.valid.eq(cutter.o.valid | filler),
            joiner.i.payload.eq(Mux(filler, 0xFFFF, cutter.o.payload.data)),
            cutter.o.ready.eq(joiner.i.ready & ~filler),
            joiner.o.ready.eq(self.ready),
            *o_steady.watch(joiner.o),
            order.i_take.eq(i_take),
            order.i.eq(Cat(self.data[0], Const(0, 2), self.data[1])),
            order.o_take.eq(o_take),
            order.o.eq(
                Cat(
                    joiner.o.payload[0],
                    joiner.o.payload[1:9].any(),
                    joiner.o.payload[9:17].any(),
                    joiner.o.payload[17],
                )
            ),
            Cover(o_take & around),
        ]
        return m


class StoredRows(wiring.Component):
    """What a store takes, it gives, in order."""

    valid: In(1)
    data: In(1)
    ready: In(1)

    DEPTH = 4

    def __init__(self, part: type[RowStore] = RowStore):
        self._part = part
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.part = part = self._part(width=1, depth=self.DEPTH)
        m.submodules.steady = steady = Steady(1)
        m.submodules.order = order = InOrder(1, room=self.DEPTH, reach=self.DEPTH + 1)
        m.d.comb += [
            part.run.eq(1),
            part.i.valid.eq(self.valid),
            part.i.payload.eq(self.data),
            part.o.ready.eq(self.ready),
            *steady.watch(part.o),
            order.i_take.eq(self.valid & part.i.ready),
            order.i.eq(self.data),
            order.o_take.eq(part.o.valid & self.ready),
            order.o.eq(part.o.payload),
            Cover(~part.i.ready & self.ready),
        ]
        return m
