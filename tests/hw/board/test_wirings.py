"""A camera's pads against a table typed in from the board's documents; off, it costs nothing."""

import re

import pytest

from hw.board.boards import BOARDS
from hw.board.clocks import Pll
from hw.board.top import Top
from hw.camera.ov7670 import Times
from hw.live.live import Eye
from spec.camera import Sensor

HZ = 100_000_000
# emard/ulx3s, doc/constraints/ulx3s_v20.lpf: gp and gn of the pairs, and which pairs the camera's
# two rows of pins stand on. The rows: 3.3V SIOC VSYNC PCLK … and GND SIOD HREF XCLK …
GP = {
    **{0: "B11", 1: "A10", 2: "A9", 3: "B9", 7: "A6", 8: "A4", 9: "A2", 10: "C4"},
    **{14: "U18", 15: "N17", 16: "N16", 17: "L16", 21: "C18", 22: "B15", 23: "B17", 24: "C16"},
}
GN = {
    **{0: "C11", 1: "A11", 2: "B10", 3: "C10", 7: "B6", 8: "A5", 9: "B1", 10: "B4"},
    **{14: "U17", 15: "P16", 16: "M17", 17: "L17", 21: "D17", 22: "C15", 23: "C17", 24: "D16"},
}
STRAIGHT = (
    "siod sioc",
    "href vsync",
    "pclk xclk",
    "pwdn reset",
    "d6 d7",
    "d4 d5",
    "d2 d3",
    "d0 d1",
)
PAIRS = {"j1": (0, 1, 2, 3, 7, 8, 9, 10), "j2": (14, 15, 16, 17, 21, 22, 23, 24)}


def eye() -> Eye:
    return Eye(sensor=Sensor(), times=Times.of(HZ, Sensor()))


def prepared(make_shell, camera=None, **more):
    board = BOARDS["ulx3s"]
    platform = board.variants["85F"]()
    shell = make_shell(len(board.leds), flash=True, eye=camera)
    pll = Pll.of(25_000_000, HZ)
    return platform.prepare(Top(board=board, shell=shell, pll=pll, clock_hz=HZ, **more), "top")


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("header", PAIRS)
def test_the_pads_are_those_of_the_documents(header, turned, make_shell):
    wiring = BOARDS["ulx3s"].cameras[header]
    rows = (GN, GP) if turned else (GP, GN)
    wanted = {
        wire: row[pair]
        for pair, wires in zip(PAIRS[header], STRAIGHT, strict=True)
        for wire, row in zip(wires.split(), rows, strict=True)
    }
    files = prepared(make_shell, eye(), wiring=wiring, turned=turned).files
    text = files["top.lpf"] if isinstance(files["top.lpf"], str) else files["top.lpf"].decode()
    sites = dict(re.findall(r'LOCATE COMP "camera_0__(\S+?)__io\S*" SITE "(\w+)";', text))
    data = dict(re.findall(r'LOCATE COMP "camera_0__data__io\[(\d)\]" SITE "(\w+)";', text))
    sites.pop("data", None)
    found = sites | {f"d{bit}": site for bit, site in data.items()}
    assert found == wanted
    assert 'LOCATE COMP "trigger_0__io" SITE "D13";' in text
    told = dict(re.findall(r'IOBUF PORT "camera_0__(\S+?)__io\S*" (.*);', text))
    for name, words in told.items():
        assert ("PULLMODE=UP" in words) == (name in ("sioc", "siod")), name
    keys = {pair.split("=")[0] for words in told.values() for pair in words.split()}
    assert keys <= {"IO_TYPE", "PULLMODE", "DRIVE", "SLEWRATE"}


def test_a_board_without_a_camera_has_nothing_of_one(make_shell):
    files = prepared(make_shell).files
    for name in ("top.il", "top.lpf"):
        text = files[name] if isinstance(files[name], str) else files[name].decode()
        assert not re.search(r"camera|trigger|\blive\b|sccb", text)
