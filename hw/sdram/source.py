"""The SDRAM as the source of a network's weight rows: loaded once, streamed frame after frame."""

from amaranth.hdl import Module, Mux, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.fire.loader import times
from hw.sdram.bus import WORD_BITS, Bus
from hw.sdram.controller import (
    BURST_ADDRESS_BITS,
    BURST_COLUMN_BITS,
    WORD_ADDRESS_BITS,
    Controller,
    Write,
)
from hw.sdram.memtest import MemoryTest
from hw.sdram.rows import RowCutter, RowJoiner, placed_row
from hw.stage import Skid, Stage
from hw.store import Store
from plan import sdram


class SdramSource(wiring.Component):
    """A frame's weight rows in the order in which the array takes them, over and over.

    Up to ``depth`` rows are kept ready, so that they come one a cycle until these are used up; in
    the long run one in :func:`plan.sdram.row_cycles` cycles.

    Parameters
    ----------
    timing : Sdram
        The chip's rules in cycles.
    capture : int
        As the controller's.
    width : int
        Bits of a row.
    depth : int
        Rows kept ready, a power of two.
    pages : int
        Pages that are tested, with those that the rows take.

    Members
    -------
    run : ``In(1)``
        Stream. Low for a cycle or more, it drops what has been read; the next row is a frame's
        first.
    rows : ``In(range(sdram.capacity(width) + 1))``
        Rows of a frame, 0 if no network is there; steady for eight cycles before ``run`` and while
        ``run``, and while ``busy``.
    i : ``In(stream.Signature(placed_row(width)))``
        Rows to load, each with its place in the frame; taken while ``run`` is low.
    o : ``Out(stream.Signature(width))``
    settled : ``Out(1)``
        The chip is initialized, and every row that was taken is written. Wait for it before
        ``run``.
    test : ``In(1)``
        Pulse, while ``settled`` and not ``run``: test the pages that the ``rows`` leave free, if
        any. ``busy`` from the next cycle on.
    words : ``Out(25)``
        How many that are: of the test that is under way, or of the last one.
    busy, wrong, bits, address : ``Out``
        Of the test; see :class:`hw.sdram.memtest.MemoryTest`.
    bus : ``Out(Bus)``
    """

    def __init__(
        self,
        *,
        timing: sdram.Sdram,
        capture: int,
        width: int,
        depth: int = sdram.STORE_ROWS,
        pages: int = sdram.PAGES,
    ):
        self._pages = pages
        self._controller = Controller(timing=timing, capture=capture)
        self._cutter = RowCutter(width=width)
        self._joiner = RowJoiner(width=width)
        self._store = Store(width=width, depth=depth)
        self._test = MemoryTest()
        tested = {name: self._test.signature.members[name] for name in self.TESTED}
        super().__init__(
            {
                "run": In(1),
                "rows": In(range(sdram.capacity(width) + 1)),
                "i": In(stream.Signature(placed_row(width))),
                "o": Out(stream.Signature(width)),
                "settled": Out(1),
                "test": In(1),
                "words": Out(WORD_ADDRESS_BITS + 1),
                **tested,
                "bus": Out(Bus()),
            }
        )

    TESTED = ("busy", "wrong", "bits", "address")

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.controller = controller = self._controller
        m.submodules.cutter = cutter = self._cutter
        m.submodules.joiner = joiner = self._joiner
        m.submodules.store = store = self._store
        m.submodules.test = test = self._test
        connect(m, controller.bus, flipped(self.bus))

        # Where the frame's stream ends, and the pages that it leaves free.
        count = Signal(WORD_ADDRESS_BITS + 1)
        bursts = Signal(BURST_ADDRESS_BITS + 1)
        page_bits = (sdram.COLUMNS // sdram.BURST - 1).bit_length()
        pages = Signal(BURST_ADDRESS_BITS + 1 - page_bits)
        last = Signal(BURST_ADDRESS_BITS)
        m.d.sync += [
            count.eq(times(self.rows, sdram.words(len(self.o.payload)))),
            bursts.eq((count + (1 << BURST_COLUMN_BITS) - 1) >> BURST_COLUMN_BITS),
            last.eq(bursts - 1),
            pages.eq((bursts + (1 << page_bits) - 1) >> page_bits),
        ]

        # Whose turn it is, a cycle late: neither is in a hurry, and each waits for the controller.
        testing, run = Signal(), Signal()

        # The controller is at its pads: what is written waits for it, a row's words before that.
        m.submodules.cut = cut = Stage(Write)
        connect(m, cutter.o, cut.i)
        m.submodules.given = given = Skid(Write)
        connect(m, given.o, controller.i)

        # Rows in, rows out; a queue between the controller, at its pads, and the rows.
        connect(m, flipped(self.i), cutter.i)
        connect(m, joiner.o, store.i)
        connect(m, store.o, flipped(self.o))
        m.d.sync += [
            testing.eq(test.busy),
            run.eq(self.run & ~test.busy),
            controller.run.eq(Mux(test.busy, test.run, self.run)),
            controller.first.eq(Mux(test.busy, test.first, 0)),
            controller.last.eq(Mux(test.busy, test.last, last)),
        ]
        m.d.comb += [
            joiner.run.eq(run),
            store.run.eq(run),
            joiner.rows.eq(self.rows),
        ]
        written = Signal()
        settled = controller.settled & ~given.o.valid
        m.d.sync += written.eq(settled & cutter.idle & ~cut.o.valid & ~test.busy)
        m.d.comb += self.settled.eq(written & cutter.idle)

        free = Signal(range(self._pages + 1))
        some = Signal()
        m.d.sync += some.eq(free != 0)
        m.d.comb += free.eq(Mux(pages < self._pages, self._pages - pages, 0))
        with m.If(self.test):
            m.d.sync += self.words.eq(free * sdram.COLUMNS)
        m.d.comb += [
            test.first.eq(pages << page_bits),
            test.last.eq((self._pages << page_bits) - 1),
            test.start.eq(self.test & some),
            self.busy.eq(test.busy),
            self.wrong.eq(Mux(self.words == 0, 0, test.wrong)),
            self.bits.eq(Mux(self.words == 0, 0, test.bits)),
            self.address.eq(test.address),
        ]

        # The controller works for the test while that is under way.
        words = SyncFIFOBuffered(width=WORD_BITS, depth=4)
        m.submodules.words = ResetInserter(~run)(words)
        connect(m, words.r_stream, joiner.i)
        m.d.comb += [
            given.i.valid.eq(Mux(testing, test.o.valid, cut.o.valid)),
            given.i.payload.eq(Mux(testing, test.o.payload, cut.o.payload)),
            test.o.ready.eq(testing & given.i.ready),
            cut.o.ready.eq(~testing & given.i.ready),
            test.i.valid.eq(testing & controller.o.valid),
            test.i.payload.eq(controller.o.payload),
            words.w_stream.valid.eq(~testing & controller.o.valid),
            words.w_stream.payload.eq(controller.o.payload),
            controller.o.ready.eq(Mux(testing, test.i.ready, words.w_stream.ready)),
            test.settled.eq(settled),
        ]
        return m
