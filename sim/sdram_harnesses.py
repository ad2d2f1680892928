"""What is proved of the SDRAM's streams: each harness is a part with free inputs and its checks.

The chip is the ideal one here: it keeps no time, and a word holds its own address.
"""

from types import SimpleNamespace

from amaranth.hdl import Array, Assert, Cat, Const, Cover, Module, Mux, ResetInserter, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hw.sdram.bus import ALL_BANKS, Command
from hw.sdram.controller import BURST_COLUMN_BITS, Controller
from hw.sdram.memtest import MemoryTest
from plan.sdram import BANKS, BURST
from sim.formal import InOrder, Steady
from spec import selftest

TIMING = SimpleNamespace(
    t_rcd=1, t_rp=1, t_ras=2, t_rfc=2, t_rrd=1, t_wr=2, t_mrd=1, t_start=2, start_refreshes=1
)
"""Short, so that all of it happens within the depth."""
CAPTURE = 3
PAGE_BURSTS = 2


class StreamedWords(wiring.Component):
    """The stream is its words in order, over and over: a page of two bursts and one of a single
    burst; none is read from a bank that is closed. Where it stops and runs again, it begins anew.

    Parameters
    ----------
    interval
        Cycles from refresh to refresh.
    undisturbed
        It never stops.
    """

    run: In(1)
    ready: In(1)

    LAST = 2
    LONG = 60
    """An interval in which nothing is refreshed but at the start."""

    def __init__(self, interval: int, undisturbed: bool, part: type[Controller] = Controller):
        self._interval = interval
        self._undisturbed = undisturbed
        self._part = part
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        timing = SimpleNamespace(**vars(TIMING), interval=self._interval)
        m.submodules.part = part = self._part(
            timing=timing, capture=CAPTURE, page_bursts=PAGE_BURSTS
        )
        run = Const(1) if self._undisturbed else self.run
        steady = Steady(16)
        m.submodules.steady = ResetInserter(~run)(steady)
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
        around, anew, refreshed = Signal(), Signal(), Signal()
        take = part.o.valid & self.ready & run
        end = place == BURST * (self.LAST + 1) - 1
        with m.If(take):
            m.d.sync += [place.eq(Mux(end, 0, place + 1)), around.eq(around | end)]
        with m.If(~run):
            m.d.sync += [place.eq(0), anew.eq(place != 0)]
        with m.If((bus.command == Command.REFRESH) & (place != 0)):
            m.d.sync += refreshed.eq(1)
        covers = [around & take] if self._undisturbed else [anew & take]
        if self._interval < self.LONG:
            covers.append(refreshed & take)
        m.d.comb += [
            part.run.eq(run),
            part.last.eq(self.LAST),
            part.o.ready.eq(self.ready),
            *steady.watch(part.o),
            Assert(~take | (part.o.payload == place)),
            *(Cover(cover) for cover in covers),
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


class ComparedWords(wiring.Component):
    """A memory test of one burst writes each word once, in order and to its place, then its
    opposite; it reads when all are settled, and counts what comes back wrong and nothing else."""

    start: In(1)
    settled: In(1)
    ready: In(1)
    valid: In(1)
    wrong: In(1)

    FIRST = 2
    BIT = 5
    """The one that comes back wrong."""

    def __init__(self, part: type[MemoryTest] = MemoryTest):
        self._part = part
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.part = part = self._part()
        m.submodules.steady = steady = Steady(40)
        # The self-test's image is the same sequence: a pixel has a state's lower three bytes.
        pixels = selftest.image(1, BURST)[0].tolist()
        noise = [Const(red | green << 8, 16) for red, green, _ in pixels]
        opposite = Signal()
        written, read = Signal(range(BURST + 1)), Signal(range(BURST))
        want = [Array(noise)[place] ^ opposite.replicate(16) for place in (written, read)]
        begins = self.start & ~part.busy
        writes = part.o.valid & self.ready
        reads = part.i.ready & self.valid
        last = reads & (read == BURST - 1)
        running, settled = Signal(), Signal()
        wrong, counted = Signal(range(2 * BURST + 1)), Signal(range(2 * BURST + 1))
        first = Signal(24)
        m.d.sync += [
            written.eq(Mux(begins | last, 0, written + writes)),
            read.eq(Mux(begins | last, 0, read + reads)),
            opposite.eq(~begins & (opposite ^ last)),
            counted.eq(wrong),
            running.eq(part.run),
            settled.eq(part.settled),
        ]
        with m.If(reads & self.wrong):
            m.d.sync += wrong.eq(wrong + 1)
            with m.If(wrong == 0):
                m.d.sync += first.eq(self.FIRST * BURST + read)
        with m.If(begins):
            m.d.sync += [wrong.eq(0), counted.eq(0)]
        place = Signal(24)
        said = Cat(part.wrong, part.bits)
        m.d.comb += [
            place.eq(self.FIRST * BURST + written),
            part.start.eq(self.start),
            part.first.eq(self.FIRST),
            part.last.eq(self.FIRST),
            part.settled.eq(self.settled & (written == BURST)),
            part.o.ready.eq(self.ready),
            *steady.watch(part.o),
            part.i.valid.eq(part.run & self.valid),
            part.i.payload.eq(want[1] ^ (self.wrong << self.BIT)),
            Assert(~writes | ((written != BURST) & ~part.run)),
            Assert(~writes | (part.o.payload.as_value() == Cat(place, want[0]))),
            Assert(~part.run | running | settled),
            Assert(said == Cat(counted, Const(0, 20), (counted != 0) << self.BIT)),
            Assert((counted == 0) | (part.address == first)),
            Cover(opposite & writes & (counted == 2)),
        ]
        return m
