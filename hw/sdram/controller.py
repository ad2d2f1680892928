"""The SDRAM's controller: words written anywhere, and a stream that is read over and over."""

from amaranth.hdl import Module, Mux, ResetInserter, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.sdram.bus import ALL_BANKS, BANK_BITS, MODE, WORD_BITS, Bus, Command
from plan import sdram

WORD_ADDRESS_BITS = (sdram.WORDS - 1).bit_length()
BURST_ADDRESS_BITS = (sdram.WORDS // sdram.BURST - 1).bit_length()
BURST_COLUMN_BITS = (sdram.BURST - 1).bit_length()

Write = data.StructLayout({"address": WORD_ADDRESS_BITS, "data": WORD_BITS})
"""A word, and where it goes. Column lowest, then bank, then row: pages lie bank after bank."""


class Controller(wiring.Component):
    """Writes words while ``run`` is low, reads a stream while it is high; refreshes all the while.

    The stream is the bursts ``first … last``, each of :data:`plan.sdram.BURST` words, over and
    over. Within it the next page is opened while one is read, so that it brings a word in every
    cycle but for :attr:`plan.sdram.Sdram.refresh_gap` cycles at each refresh and at most as many
    where it begins anew. Words that were taken are written before the stream begins.

    Parameters
    ----------
    timing : Sdram
        The chip's rules in cycles.
    capture : int
        Clock edges from a command's leaving the pads to its first word's being registered there;
        see :meth:`plan.sdram.Sdram.capture`.
    page_bursts : int
        Bursts of a page.

    Members
    -------
    run : ``In(1)``
        Read. Low for a cycle or more, it drops what has been read, and the stream begins anew.
    first, last : ``In(21)``
        Bursts of the stream, the first one at the beginning of a page; steady while ``run``.
    i : ``In(stream.Signature(Write))``
        Words to write; taken while ``run`` is low.
    o : ``Out(stream.Signature(16))``
        The stream.
    settled : ``Out(1)``
        The chip is initialized, and every word that was taken is written.
    bus : ``Out(Bus)``
        To the pads, which register it.
    """

    ROOM = 4 * sdram.BURST
    """Words that have been asked for and not been taken, at most: more than are on their way."""

    SLOT = 2
    """Cycles from a burst's read command to the next page's being opened, or the last one's being
    closed."""

    TURN_ROUND = 3
    """Cycles from the precharge after a burst to the first word's being written, at least: in two
    of them the chip still drives the bus, in one nobody does."""

    def __init__(
        self,
        *,
        timing: sdram.Sdram,
        capture: int,
        page_bursts: int = sdram.COLUMNS // sdram.BURST,
    ):
        after_slot = sdram.BURST - self.SLOT
        for rule, most in {
            "t_rcd": after_slot,
            "t_rp": sdram.BURST,
            "t_ras": after_slot + 1,
            "t_rrd": timing.t_rcd + self.SLOT,
        }.items():
            if not 1 <= getattr(timing, rule) <= most:
                raise ValueError(
                    f"{rule} must be from 1 to {most} cycles, not {getattr(timing, rule)}"
                )
        if capture < sdram.CAS_LATENCY:
            raise ValueError(f"capture must be at least {sdram.CAS_LATENCY}, not {capture}")
        if page_bursts < 2 or page_bursts & page_bursts - 1:
            raise ValueError(f"page_bursts must be a power of two from 2, not {page_bursts}")
        self._timing = timing
        self._capture = capture
        self._page_bits = (page_bursts - 1).bit_length()
        super().__init__(
            {
                "run": In(1),
                "first": In(BURST_ADDRESS_BITS),
                "last": In(BURST_ADDRESS_BITS),
                "i": In(stream.Signature(Write)),
                "o": Out(stream.Signature(WORD_BITS)),
                "settled": Out(1),
                "bus": Out(Bus()),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        timing = self._timing
        bus = self.bus
        page_bits = self._page_bits

        def command(which: Command, *, bank=0, address=0):
            return [bus.command.eq(which), bus.bank.eq(bank), bus.address.eq(address)]

        # What is to be done besides: refreshes, and a word to write.
        left = Signal(range(timing.interval), init=timing.interval - 1)
        due = Signal()
        refreshed = Signal()
        m.d.sync += left.eq(Mux(left == 0, timing.interval - 1, left - 1))
        with m.If(left == 0):
            m.d.sync += due.eq(1)
        with m.Elif(refreshed):
            m.d.sync += due.eq(0)

        held = Signal()
        word = Signal(Write)
        word_page = word.address[BURST_COLUMN_BITS + page_bits :]
        written = Signal()
        m.d.comb += self.i.ready.eq(~self.run & ~held)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [held.eq(1), word.eq(self.i.payload)]
        with m.Elif(written):
            m.d.sync += held.eq(0)

        # Where the stream is: the next burst, its page and the one after that.
        page = Signal(BURST_ADDRESS_BITS - page_bits)
        column = Signal(page_bits)
        final = Signal()  # the stream ends in this page
        end = Signal.like(column)  # the last column of the stream in this page
        next_page = Signal.like(page)
        m.d.sync += [
            final.eq(page == self.last[page_bits:]),
            end.eq(Mux(final, self.last[:page_bits], ~0)),
            next_page.eq(Mux(final, self.first[page_bits:], page + 1)),
        ]
        stale = Signal(init=1)  # ``page`` is not the stream's
        opened = Signal()  # ``page`` is open
        begun = Signal()  # and has been for ``t_ras``, when the next burst may be read
        opened_next = Signal()
        opened_before = Signal()
        before = Signal(BANK_BITS)

        # Words on their way: asked for, captured, kept until they are taken.
        fifo = SyncFIFO(width=WORD_BITS, depth=self.ROOM)
        m.submodules.words = ResetInserter(~self.run)(fifo)
        asked = Signal(range(self.ROOM + 1))
        gone = Signal()  # a word was taken, a cycle ago
        room = Signal()
        read = Signal()
        arrive = self._capture + 1
        coming = Signal(arrive + sdram.BURST)
        m.d.sync += [
            gone.eq(self.o.valid & self.o.ready),
            asked.eq(asked + Mux(read, sdram.BURST, 0) - gone),
            room.eq(asked <= self.ROOM - sdram.BURST),
            coming.eq(coming[1:] | Mux(read, (1 << sdram.BURST) - 1 << arrive, 0)),
        ]
        with m.If(~self.run):
            m.d.sync += [asked.eq(0), gone.eq(0), room.eq(1), coming.eq(0)]
        m.d.comb += [fifo.w_data.eq(bus.i), fifo.w_en.eq(coming[0])]
        connect(m, fifo.r_stream, flipped(self.o))

        # One command a cycle at most, and none unless it says so here.
        starting = Signal(range(timing.t_start), init=timing.t_start - 1)
        refreshes = Signal(range(timing.start_refreshes + 1), init=timing.start_refreshes)
        programmed = Signal()
        longest = max(timing.t_rfc, timing.t_ras + timing.t_wr, sdram.BURST)
        wait = Signal(range(longest))
        slot = Signal(range(sdram.BURST))
        m.d.sync += [*command(Command.NOTHING), bus.drive.eq(0), bus.mask.eq(~programmed)]
        with m.If(wait != 0):
            m.d.sync += wait.eq(wait - 1)

        with m.FSM():
            with m.State("START"):
                m.d.sync += starting.eq(starting - 1)
                with m.If(starting == timing.t_start // 2):
                    m.d.sync += bus.enable.eq(1)
                with m.If(starting == 0):
                    m.next = "CLOSE"
            with m.State("CLOSE"):
                with m.If(wait == 0):
                    m.d.sync += command(Command.PRECHARGE, address=ALL_BANKS)
                    m.d.sync += wait.eq(timing.t_rp - 1)
                    m.next = "CLOSED"
            with m.State("CLOSED"):
                m.d.sync += [begun.eq(0), opened_next.eq(0), opened_before.eq(0)]
                with m.If(wait != 0):
                    pass
                with m.Elif(refreshes != 0):
                    m.d.sync += command(Command.REFRESH)
                    m.d.sync += [refreshes.eq(refreshes - 1), wait.eq(timing.t_rfc - 1)]
                with m.Elif(~programmed):
                    m.d.sync += command(Command.MODE, address=MODE)
                    m.d.sync += [programmed.eq(1), wait.eq(timing.t_mrd - 1)]
                with m.Elif(due):
                    m.d.comb += refreshed.eq(1)
                    m.d.sync += command(Command.REFRESH)
                    m.d.sync += wait.eq(timing.t_rfc - 1)
                with m.Elif(held):
                    m.d.sync += command(
                        Command.ACTIVATE,
                        bank=word_page[:BANK_BITS],
                        address=word_page[BANK_BITS:],
                    )
                    until_write = max(timing.t_rcd, self.TURN_ROUND - timing.t_rp)
                    m.d.sync += [page.eq(word_page), wait.eq(until_write - 1)]
                    m.next = "WRITE"
                with m.Elif(self.run & ~stale):
                    m.d.sync += command(
                        Command.ACTIVATE, bank=page[:BANK_BITS], address=page[BANK_BITS:]
                    )
                    m.d.sync += [opened.eq(1), wait.eq(timing.t_rcd - 1)]
                    m.next = "READ"
                with m.Else():
                    m.d.sync += [page.eq(self.first[page_bits:]), column.eq(0), stale.eq(0)]
            with m.State("WRITE"):
                with m.If(wait != 0):
                    pass
                with m.Elif(due | (held & (word_page != page)) | (self.run & ~held)):
                    m.d.sync += wait.eq(max(timing.t_wr, timing.t_ras - timing.t_rcd + 1) - 2)
                    m.next = "CLOSE"
                with m.Elif(held):
                    m.d.comb += written.eq(1)
                    m.d.sync += command(
                        Command.WRITE,
                        bank=word_page[:BANK_BITS],
                        address=word.address[: BURST_COLUMN_BITS + page_bits],
                    )
                    m.d.sync += [bus.o.eq(word.data), bus.drive.eq(1)]
            with m.State("READ"):
                with m.If(slot != 0):
                    m.d.sync += slot.eq(slot + 1)
                with m.Elif(wait != 0):
                    pass
                with m.Elif(due | stale | ~opened):
                    m.d.sync += wait.eq(Mux(begun, 0, max(0, timing.t_ras - timing.t_rcd - 1)))
                    m.next = "CLOSE"
                with m.Elif(room):
                    m.d.comb += read.eq(1)
                    m.d.sync += begun.eq(1)
                    m.d.sync += command(
                        Command.READ,
                        bank=page[:BANK_BITS],
                        address=column << BURST_COLUMN_BITS,
                    )
                    m.d.sync += slot.eq(1)
                with m.If(slot == self.SLOT):
                    with m.If(opened_before):
                        m.d.sync += command(Command.PRECHARGE, bank=before)
                        m.d.sync += opened_before.eq(0)
                    with m.Elif(~opened_next & (next_page[:BANK_BITS] != page[:BANK_BITS])):
                        m.d.sync += command(
                            Command.ACTIVATE,
                            bank=next_page[:BANK_BITS],
                            address=next_page[BANK_BITS:],
                        )
                        m.d.sync += opened_next.eq(1)
                with m.If(slot == sdram.BURST - 1):
                    m.d.sync += column.eq(column + 1)
                    with m.If(column == end):
                        m.d.sync += [column.eq(0), page.eq(next_page), opened.eq(opened_next)]
                        m.d.sync += [opened_next.eq(0)]
                        m.d.sync += [opened_before.eq(1), before.eq(page[:BANK_BITS])]
        with m.If(~self.run):
            m.d.sync += stale.eq(1)
        m.d.comb += self.settled.eq(programmed & ~held)
        return m
