"""The screen's circuit in Verilator, from pixels and results to bits on four pairs of wires."""

import struct
import subprocess
from pathlib import Path

import numpy as np
from amaranth.back import rtlil
from amaranth.hdl import ClockDomain, ClockSignal, DomainRenamer, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.display.screen import BANK, PIXEL_DOMAIN, Panel, Screen
from hw.display.tmds import Serializer
from sim import tmds, verilate
from spec.screen import Shown

MAIN = Path(__file__).with_name("screen.cpp")
FRAMES = 2.3
"""So many frames are looked at, for one whole one."""


class Wired(wiring.Component):
    """A screen and its serializer, with three clocks as ports."""

    def __init__(self, panel: Panel, bank: int):
        self._panel = panel
        self._bank = bank
        super().__init__(
            {
                **{"clk": In(1), "pixel_clk": In(1), "bit_clk": In(1), "bits": Out(8)},
                **{"valid": In(1), "first": In(1), "fits": In(1), "pixel": In(24)},
                **{"told": In(1), "last": In(1), "data": In(32), "winner": In(16)},
                **{"number": In(16), "best": In(32)},
            }
        )

    def elaborate(self, platform):
        m = Module()
        for name, clock in (
            ("sync", self.clk),
            (PIXEL_DOMAIN, self.pixel_clk),
            ("bits", self.bit_clk),
        ):
            domain = ClockDomain(name, reset_less=True)
            m.domains += domain
            m.d.comb += ClockSignal(name).eq(clock)
        m.submodules.screen = screen = Screen(self._panel, bank=self._bank)
        m.submodules.serializer = serializer = DomainRenamer("bits")(Serializer())
        told = screen.i.payload
        m.d.comb += [
            screen.valid.eq(self.valid),
            screen.first.eq(self.first),
            screen.fits.eq(self.fits),
            screen.pixel.as_value().eq(self.pixel),
            screen.i.valid.eq(self.told),
            told.result.data.eq(self.data),
            told.result.last.eq(self.last),
            told.winner.index.eq(self.winner),
            told.winner.best.eq(self.best),
            told.tag.number.eq(self.number),
            serializer.words.eq(screen.words),
            serializer.flag.eq(screen.flag),
            self.bits.eq(serializer.o),
        ]
        return m


def model(panel: Panel, *, bank: int = BANK) -> Path:
    """The executable of a screen, built unless it was before; ``bank``: see :class:`Screen`."""
    texts = {"screen.il": rtlil.convert(Wired(panel, bank), name="screen", emit_src=False)}
    return verilate.model("screen", texts, main=MAIN, prefix="Vscreen")


def pixels_of(picture: np.ndarray, *, fits: bool = True) -> bytes:
    """Records of a picture, a pixel a cycle: uint8, (height, width, 3)."""
    flat = picture.reshape(-1, 3)
    return b"".join(
        struct.pack("<B3s12x", 1 | (place == 0) << 1 | fits << 2, bytes(pixel))
        for place, pixel in enumerate(flat)
    )


def words_of(shown: Shown) -> bytes:
    """Records of a frame's results."""
    said = [*shown.sums, shown.cycles]
    return b"".join(
        struct.pack(
            "<B3xIHHi",
            8 | (place == len(said) - 1) << 4,
            value & 0xFFFFFFFF,
            shown.winner,
            shown.number,
            shown.best,
        )
        for place, value in enumerate(said)
    )


def idle(cycles: int) -> bytes:
    return bytes(16 * cycles)


def show(program: Path, records: bytes, *, seed: int = 1) -> np.ndarray:
    """What a monitor shows once all records have been given: uint8, (480, 640, 3).

    Raises
    ------
    sim.tmds.SignalError
        If that is none.
    """
    cycles = int(FRAMES * tmds.LINE * tmds.FRAME * 5)
    done = subprocess.run(
        [program, str(cycles), str(seed)], input=records, stdout=subprocess.PIPE, check=True
    )
    return tmds.picture(done.stdout)
