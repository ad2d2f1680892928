"""Where the domains meet: every crossing of the netlist is in docs/board.md, and synchronized."""

import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from amaranth.hdl import _nir
from amaranth.hdl._ir import build_netlist

from hw.board.boards import BOARDS
from hw.board.clocks import Pll
from hw.board.top import Top
from hw.camera.ov7670 import Times
from hw.camera.sampler import WIRES
from hw.design import Design
from hw.display.screen import Panel
from hw.display.tmds import BITS, LANES
from hw.live.live import Eye
from plan.engine import ENGINES
from plan.sdram import PHASE
from spec import artifact, synthetic
from spec.camera import Sensor
from spec.squeezenet import tiny

DOCUMENT = Path(__file__).parent.parent.parent.parent / "docs" / "board.md"
HZ = 100_000_000
CLOCKED = (
    {"MULT18X18D": "CLK0", "DP16KD": "CLKA", "DCCA": "CLKI", "FD1S3AX": "CK", "TRELLIS_FF": "CLK"}
) | dict.fromkeys(("IFS1P3DX", "OFS1P3DX", "ODDRX1F"), "SCLK")
"""Cells of the device that take their inputs at a clock's edge, and the port of that clock."""
CLOCKLESS = {"IB": "O", "BB": "O", "EHXPLLL": "LOCK"}
"""Cells whose outputs obey no clock of the design."""


class Crossings:
    """Every register of a netlist that hears of another clock, or of none.

    ``into`` has the indices of such cells, by their place in the hierarchy, each with what it hears
    of: pairs of a net and its clock, None if it has none. ``readers`` has the cells a net goes to.
    """

    def __init__(self, netlist: _nir.Netlist):
        self.cells = netlist.cells
        self._cones: dict[_nir.Net, frozenset] = {}
        self.into: dict[str, list[tuple[int, frozenset]]] = defaultdict(list)
        self.readers: dict[_nir.Net, list[_nir.Cell]] = defaultdict(list)
        for index, cell in enumerate(netlist.cells):
            for net in cell.input_nets():
                self.readers[net].append(cell)
            clock, nets = self._register(cell)
            if nets:
                heard = frozenset().union(*map(self._cone, nets))
                if any(other != clock for _, other in heard):
                    self.into[self._place(netlist, cell)].append((index, heard))

    @staticmethod
    def _place(netlist, cell) -> str:
        """Where a cell is, below the top; without the numbers that make names unique."""
        names = netlist.modules[cell.module_idx].name[1:]
        if isinstance(cell, _nir.Instance):
            names = (*names, cell.name)
        return re.sub(r"\$\d+", "", ".".join(names))

    def _register(self, cell) -> tuple[_nir.Net | None, set]:
        """A cell's clock and what it stores with that; nothing if it stores nothing."""
        if isinstance(cell, _nir.Instance) and cell.type in CLOCKED:
            (clock,) = _nir.Value(cell.ports_i[CLOCKED[cell.type]])
        else:
            clock = getattr(cell, "clk", None)
        return clock, set() if clock is None else cell.input_nets() - {clock}

    def _cone(self, net) -> frozenset:
        """The registers and pads a net depends on through gates alone, with their clocks."""
        if net.is_const:
            return frozenset()
        if net not in self._cones:
            cell = self.cells[net.cell]
            if isinstance(cell, _nir.Instance) and cell.type in CLOCKLESS:
                self._cones[net] = frozenset({(net, None)})
            elif (clock := self._register(cell)[0]) is not None:
                self._cones[net] = frozenset({(net, clock)})
            elif isinstance(cell, _nir.Instance):
                self._cones[net] = frozenset().union(*map(self._cone, cell.input_nets()))
            else:
                edges = {source for source, _ in cell.comb_edges_to(net.bit)}
                self._cones[net] = frozenset().union(*map(self._cone, edges))
        return self._cones[net]


def crossings(board, shell, phase=PHASE, **more) -> Crossings:
    platform = board.variants[board.default]()
    pll = Pll.of(int(platform.default_clk_frequency), HZ)
    top = Top(board=board, shell=shell, pll=pll, clock_hz=HZ, phase=phase, **more)
    platform.prepare(top, "top")
    return Crossings(build_netlist(platform._design))


def check(found: Crossings, listed: set[str]):
    """They are those listed, and each but the clock's gate and the SDRAM's data, which come at a
    known time, is a pair of flip-flops."""
    bits = {f"sdram.dq.i_ff{bit}" for bit in range(16)} if "sdram.dq" in listed else set()
    assert set(found.into) == listed - {"sdram.dq"} | bits
    for place, registers in found.into.items():
        if place in CAMERA:
            ((index, heard),) = registers
            cell = found.cells[index]
            assert len(heard) == len(cell.data) == WIRES.size
            assert all(clock is None for _, clock in heard)
            for bit in range(WIRES.size):
                (second,) = found.readers[_nir.Net.from_cell(index, bit)]
                assert isinstance(second, _nir.FlipFlop) and second.clk == cell.clk
            continue
        if place in bits:
            assert [found.cells[index].type for index, _ in registers] == ["IFS1P3DX"]
            continue
        ((index, heard),) = registers
        (source,) = heard
        cell = found.cells[index]
        if place in ("clocks.gate", "clocks.lagging_gate"):
            continue
        assert source[1] is None
        assert isinstance(cell, _nir.FlipFlop) and len(cell.data) == 1
        (second,) = found.readers[_nir.Net.from_cell(index, 0)]
        assert isinstance(second, _nir.FlipFlop) and second.clk == cell.clk


def listed() -> set[str]:
    """The first column of the document's table of crossings."""
    section = DOCUMENT.read_text().split("## Where clocks meet")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `([\w.]+)` \|", section, re.MULTILINE))


SDRAM = {"sdram.dq", "clocks.lagging_gate"}
"""Those that only a board with an SDRAM has."""
CAMERA = {"shell.link.live.camera.sampler.synchronizer"}
"""Those that only a board with a camera has: all its wires at once."""
SCREEN = {"serializer.synchronizer", "serializer"}
"""Those that only a board with a screen has: a flag, and the words that it says are steady."""


@pytest.mark.parametrize("name", BOARDS)
def test_every_crossing_is_listed_and_synchronized(name, make_shell):
    board = BOARDS[name]
    wanted = listed() - (set() if board.button else {"shell.button.synchronizer"})
    wanted -= set() if board.flash else {"shell.flash_synchronizer"}
    wanted -= SDRAM | CAMERA | SCREEN
    check(crossings(board, make_shell(len(board.leds), flash=bool(board.flash))), wanted)


def test_the_core_adds_none(tmp_path):
    artifact.save(synthetic.quantized(tiny()), tmp_path / "tiny.onnx")
    design = Design.load(tmp_path / "tiny.onnx", ENGINES["4x2-lut4"], HZ)
    check(
        crossings(BOARDS["ulx3s"], design.shell(divisors=(33,), tick=1000, leds=8, flash=True)),
        listed() - SDRAM - CAMERA - SCREEN,
    )


def test_an_sdram_adds_its_data(tmp_path):
    phase = 225  # with a second clock
    artifact.save(synthetic.quantized(tiny()), tmp_path / "tiny.onnx")
    design = Design.load(tmp_path / "tiny.onnx", ENGINES["4x2-lut4"], HZ)
    design = replace(design, others=replace(design.capacities, stream_rows=100))
    shell = design.shell(divisors=(33,), tick=1000, leds=8, flash=True, phase=phase)
    check(crossings(BOARDS["ulx3s"], shell, phase), listed() - CAMERA - SCREEN)


def test_a_camera_adds_its_wires(make_shell):
    sensor = Sensor()
    eye = Eye(sensor=sensor, times=Times.of(HZ, sensor), keeps=64)
    board = BOARDS["ulx3s"]
    found = crossings(board, make_shell(8, flash=True, eye=eye), wiring=board.cameras["j1"])
    check(found, listed() - SDRAM - SCREEN)


def test_a_screen_adds_its_words_and_their_flag(make_shell):
    sensor = Sensor()
    panel = Panel(height=8, width=8, labels=("a", "b", "none"), classes=2, shift=1, second=HZ)
    eye = Eye(sensor=sensor, times=Times.of(HZ, sensor), panel=panel)
    board = BOARDS["ulx3s"]
    found = crossings(board, make_shell(8, flash=True, eye=eye), wiring=board.cameras["j2"])
    words = found.into.pop("serializer")
    sources = set()
    for index, heard in words:
        cell = found.cells[index]
        assert isinstance(cell, _nir.FlipFlop)
        clocks = {clock for _, clock in heard} - {cell.clk}
        assert len(clocks) == 1 and None not in clocks
        sources |= {net for net, clock in heard if clock != cell.clk}
    assert len(sources) == LANES * BITS
    ((index, heard),) = found.into.pop("serializer.synchronizer")
    ((flag, clock),) = heard
    cell = found.cells[index]
    assert clock in clocks and flag not in sources
    (second,) = found.readers[_nir.Net.from_cell(index, 0)]
    assert isinstance(second, _nir.FlipFlop) and second.clk == cell.clk
    check(found, listed() - SDRAM - SCREEN)
