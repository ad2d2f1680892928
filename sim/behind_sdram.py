"""A core and the SDRAM that its weights come out of, with the ports of a core alone."""

from collections.abc import Iterable
from pathlib import Path

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, connect, flipped

from hw.board.keeper import MemoryKeeper
from hw.core import Core
from hw.sdram.source import SdramSource
from plan import sdram
from plan.capacities import Capacities
from plan.contents import Contents
from plan.engine import Engine
from sim.sdram_chip import Chip

CLOCK_HZ = 100_000_000
START_NS = 1000


class Quick(sdram.Sdram):
    """With no long wait at power-up."""

    @property
    def t_start(self) -> int:
        return START_NS * self.clock_hz // 10**9


class StreamedCore(wiring.Component):
    """It runs once the chip is initialized, which holds the rows from the start (:func:`write`).

    Parameters
    ----------
    core : Core
        With ``i_weights``.
    source : SdramSource
    chip : Chip
    """

    def __init__(self, core: Core, source: SdramSource, chip: Chip):
        self._core = core
        self._source = source
        self._chip = chip
        self._names = [name for name in core.signature.members if name != "i_weights"]
        super().__init__({name: core.signature.members[name] for name in self._names})

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.core = core = self._core
        m.submodules.source = source = self._source
        m.submodules.chip = chip = self._chip
        m.submodules.keeper = keeper = MemoryKeeper()
        connect(m, source.o, core.i_weights)
        connect(m, source.bus, chip.bus)
        for name in self._names:
            outer, inner = getattr(self, name), getattr(core, name)
            member = core.signature.members[name]
            if name == "running":
                continue
            if member.is_signature:
                ends = (flipped(outer), inner) if member.flow is In else (inner, flipped(outer))
                connect(m, *ends)
            else:
                m.d.comb += inner.eq(outer) if member.flow is In else outer.eq(inner)
        m.d.comb += [
            keeper.held.eq(self.running),
            keeper.settled.eq(source.settled),
            core.running.eq(keeper.running),
            source.run.eq(keeper.running),
            source.rows.eq(core.settings.stream_rows),
        ]
        return m


def streamed_core(
    engine: Engine, capacities: Capacities, contents: Contents, clock_hz: int = CLOCK_HZ
) -> StreamedCore:
    """The core of an engine, ready soon after power-up."""
    timing = Quick(clock_hz=clock_hz)
    capture = timing.capture(sdram.PHASE)
    return StreamedCore(
        Core(engine=engine, capacities=capacities, contents=contents),
        SdramSource(timing=timing, capture=capture, width=engine.stream_bits),
        Chip(clock_hz=clock_hz, capture=capture, start_ns=START_NS),
    )


def write(rows: Iterable[int], bits: int, file: Path) -> None:
    """What the chip holds, for ``+sdram=FILE``: rows one after the other, the lowest word first.

    The chip's own address has the bank above the row, the controller's below it.
    """
    size = sdram.words(bits)
    with file.open("w") as out:
        place = 0
        for row in rows:
            for word in range(size):
                if place % sdram.COLUMNS == 0:
                    page, bank = divmod(place // sdram.COLUMNS, sdram.BANKS)
                    out.write(f"@{(bank * sdram.ROWS + page) * sdram.COLUMNS:x}\n")
                out.write(f"{row >> 16 * word & 0xFFFF:x}\n")
                place += 1
