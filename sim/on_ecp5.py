"""Elaborate a component for the ECP5 inside a simulation, beside its twin.

The cells' models are in :data:`CELLS`::

    pair = TwinAndCells(Memory(width=36, depth=1000), Memory(width=36, depth=1000))
    run(pair, "sim.bench_memory", cells=CELLS)
"""

from pathlib import Path

from amaranth.hdl import Fragment, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import Out
from amaranth.vendor import LatticeECP5Platform

CELLS = tuple(Path(__file__).with_name(f"ecp5_{name}.v") for name in ("cells", "fabric"))


class Ecp5Platform(LatticeECP5Platform):
    """A device with no board around it: enough to elaborate for."""

    device = "LFE5U-85F"
    package = "BG381"
    speed = "6"
    resources = ()
    connectors = ()


class TwinAndCells(wiring.Component):
    """Two equal components, the second one elaborated for the ECP5, with the same inputs.

    Members
    -------
    Every input of the components, and for each output ``x`` both ``twin_x`` and ``cells_x``.
    """

    def __init__(self, twin: wiring.Component, cells: wiring.Component):
        self._parts = {"twin": twin, "cells": cells}
        ports = {}
        for name, member in twin.signature.members.items():
            if member.flow is Out:
                ports |= {f"{part}_{name}": member for part in self._parts}
            else:
                ports[name] = member
        super().__init__(ports)

    def elaborate(self, platform):
        m = Module()
        m.submodules.twin = self._parts["twin"]
        m.submodules.cells = Fragment.get(self._parts["cells"], Ecp5Platform())
        for part_name, part in self._parts.items():
            for name, member in part.signature.members.items():
                port = getattr(part, name)
                if member.flow is Out:
                    m.d.comb += getattr(self, f"{part_name}_{name}").eq(port)
                else:
                    m.d.comb += port.eq(getattr(self, name))
        return m
