"""Registers of one value stay as many as they are told to be, which synthesis of itself undoes."""

import json
import subprocess
from pathlib import Path

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Cat, Fragment, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw import flow
from hw.ecp5.copies import PARTS, copies
from sim.on_ecp5 import Ecp5Platform

WIDTH = 3


class Registers(wiring.Component):
    """A value in registers of its own, one in each part, or all written alike."""

    def __init__(self, *, apart: bool):
        self._apart = apart
        super().__init__({"i": In(WIDTH), "o": Out(WIDTH * PARTS)})

    def elaborate(self, platform):
        m = Module()
        if self._apart:
            parts = copies(m, self.i, "i")
        else:
            parts = [Signal(WIDTH, name=f"part_{k}", reset_less=True) for k in range(PARTS)]
            m.d.sync += [part.eq(self.i) for part in parts]
        m.d.comb += self.o.eq(Cat(parts))
        return m


def flip_flops(component, work: Path) -> int:
    fragment = Fragment.get(component, Ecp5Platform())
    ports = [component.i, component.o]
    (work / "top.il").write_text(rtlil.convert(fragment, name="top", ports=ports))
    script = "read_rtlil top.il; synth_ecp5 -top top; write_json top.json"
    yosys = flow.find_tools(native=False)["yosys"]
    subprocess.run([yosys, "-q", "-p", script], cwd=work, check=True)
    cells = json.loads((work / "top.json").read_text())["modules"]["top"]["cells"].values()
    return sum(cell["type"] == "TRELLIS_FF" for cell in cells)


@pytest.mark.parametrize(("apart", "count"), [(True, PARTS * WIDTH), (False, WIDTH)])
def test_synthesis_leaves_copies_apart(apart, count, tmp_path):
    assert flip_flops(Registers(apart=apart), tmp_path) == count
