# amaranth: UnusedElaboratable=no
"""The SDRAM's pins, and a register in each pad."""

import re

import pytest
from amaranth.hdl import ClockDomain, ClockSignal, Module
from amaranth.lib import wiring

from hw.board.boards import BOARDS
from hw.board.clocks import Clocks, Pll
from hw.sdram.pads import Pads

#: The pins of the ULX3S' schematic and constraints (v2, v3), lowest bit first.
PINS = {
    "clk": "F19",
    "clk_en": "F20",
    "cs": "P20",
    "we": "T20",
    "ras": "R20",
    "cas": "T19",
    "ba": "P19 N20",
    "dqm": "U19 E20",
    "a": "M20 M19 L20 L19 K20 K19 K18 J20 J19 H20 N19 G20 G19",
    "dq": "J16 L18 M18 N18 P18 T18 T17 U20 E19 D20 D19 C20 E18 F18 J18 J17",
}
HZ = 100_000_000


class Top(wiring.Component):
    def __init__(self, phase: int):
        self._phase = phase
        super().__init__({})

    def elaborate(self, platform):
        m = Module()
        pll = Pll.of(int(platform.default_clk_frequency), HZ)
        lag = self._phase if self._phase % 180 else None
        m.domains.sync = ClockDomain(reset_less=True)
        m.submodules.clocks = clocks = Clocks(pll=pll, hz=HZ, lag=lag)
        m.submodules.pads = pads = Pads(resource=BOARDS["ulx3s"].sdram, phase=self._phase)
        m.d.comb += [ClockSignal().eq(clocks.clk), pads.lagging.eq(clocks.lagging)]
        return m


def prepared(phase: int) -> dict:
    return BOARDS["ulx3s"].variants["85F"]().prepare(Top(phase), "top").files


def test_pins_and_registers():
    files = prepared(180)
    for name, sites in PINS.items():
        sites = sites.split()
        for bit, site in enumerate(sites):
            index = f"[{bit}]" if len(sites) > 1 else ""
            comp = f"sdram_0__{name}__io{index}"
            assert f'LOCATE COMP "{comp}" SITE "{site}";' in files["top.lpf"]
            (attributes,) = re.findall(rf'IOBUF PORT "{re.escape(comp)}" (.*);', files["top.lpf"])
            assert {"SLEWRATE=FAST", "PULLMODE=NONE", "DRIVE=4"} < set(attributes.split())
    outputs = sum(len(sites.split()) for sites in PINS.values())
    assert files["top.il"].count("cell \\IFS1P3DX ") == 16
    # A register for each pin but the clock, and for each pin of data one that lets go of it.
    assert files["top.il"].count("cell \\OFS1P3DX ") >= outputs - 1 + 16
    assert files["top.il"].count("cell \\ODDRX1F ") == 1


@pytest.mark.parametrize(
    ("phase", "coarse", "fine"), [(45, 5, 6), (90, 6, 4), (135, 7, 2), (270, 9, 4), (315, 10, 2)]
)
def test_the_phase_is_the_second_output_of_the_pll(phase, coarse, fine):
    # The oscillator makes six periods of one of 100 MHz; the first output's phase counts from 5.
    assert Pll.of(25_000_000, HZ).output == 6
    netlist = prepared(phase)["top.il"]
    for name, value in {"CPHASE": coarse, "FPHASE": fine, "DIV": 6}.items():
        assert re.search(rf"parameter \\CLKOS_{name} {value}\n", netlist), name
    assert 6 * phase / 360 == coarse - 5 + fine / 8


@pytest.mark.parametrize("phase", (180, 360))
def test_half_a_cycle_needs_no_second_clock(phase):
    assert "CLKOS" not in prepared(phase)["top.il"]


def test_what_is_refused():
    with pytest.raises(ValueError, match="the phase must be one of"):
        Pads(resource=("sdram", 0), phase=0)
    with pytest.raises(ValueError, match="lag must be a multiple of 45 from 45 to 315 degrees"):
        Clocks(pll=Pll.of(25_000_000, HZ), hz=HZ, lag=30)
