"""A screen's pads, clocks and register cells, against the board's own documents."""

import re

import pytest

from hw.board.boards import BOARDS
from hw.board.clocks import Pll
from hw.board.top import Top
from hw.camera.ov7670 import Times
from hw.display.screen import EMPTY, Panel, panel_of
from hw.live.live import Eye
from spec import screen, synthetic
from spec.camera import Sensor
from spec.reference import probabilities
from spec.squeezenet import Metaparameters, squeezenet, tiny

HZ = 100_000_000
# emard/ulx3s, doc/constraints/ulx3s_v20.lpf: gpdi_dp[0] is blue, [3] the clock; _dn follow.
GPDI = {"0": "A16", "1": "A14", "2": "A12", "3": "A17"}


def test_the_pads_and_clocks_are_those_of_the_documents(make_shell):
    board = BOARDS["ulx3s"]
    platform = board.variants["85F"]()
    panel = Panel(height=8, width=8, labels=("a", "none"), classes=1, shift=0, second=HZ)
    eye = Eye(sensor=Sensor(), times=Times.of(HZ, Sensor()), panel=panel)
    shell = make_shell(8, flash=True, eye=eye)
    pll = Pll.of(25_000_000, HZ)
    top = Top(board=board, shell=shell, pll=pll, clock_hz=HZ, wiring=board.cameras["j1"])
    files = platform.prepare(top, "top").files
    text, netlist = (
        file if isinstance(file, str) else file.decode()
        for file in (files["top.lpf"], files["top.il"])
    )
    assert dict(re.findall(r'LOCATE COMP "gpdi_0__io\[(\d)\]" SITE "(\w+)";', text)) == GPDI
    told = dict(re.findall(r'IOBUF PORT "gpdi_0__io\[(\d)\]" (.*);', text))
    assert {words for words in told.values()} == {"IO_TYPE=LVCMOS33D DRIVE=4"}
    assert len(re.findall(r"cell \\ODDRX1F ", netlist)) == 4
    cells = re.findall(r"cell \\EHXPLLL.*?end\n", netlist, re.DOTALL)
    (own,) = [cell for cell in cells if "CLKOS_DIV" in cell]
    numbers = {key: int(value) for key, value in re.findall(r"\\(CLK\w+) (\d+)\n", own)}
    oscillator = 25 * numbers["CLKFB_DIV"] // numbers["CLKI_DIV"] * numbers["CLKOP_DIV"]
    assert oscillator / numbers["CLKOP_DIV"] == 125
    assert oscillator / numbers["CLKOS_DIV"] == 25
    assert 400 <= oscillator <= 800


def test_an_empty_bar_is_about_as_unlikely_as_is_said():
    quantized = synthetic.quantized(tiny())
    panel = panel_of(quantized, HZ)
    assert panel.second == HZ
    assert panel.labels == (*quantized.labels, "none")
    behind = screen.BAR << panel.shift
    assert screen.bar_pixels(0, -behind, panel.shift) == 0
    assert screen.bar_pixels(0, 1 - behind, panel.shift) == 1
    odds = probabilities(quantized, [0, -behind, -(10**9)])
    assert EMPTY**0.5 < odds[0] / odds[1] < EMPTY**2


def test_a_picture_that_is_too_large_is_refused():
    quantized = synthetic.quantized(squeezenet(Metaparameters(image_size=240)))
    with pytest.raises(ValueError, match="at most 224 × 224, not 240 × 240"):
        panel_of(quantized, HZ)
