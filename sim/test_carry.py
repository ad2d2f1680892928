"""Adders on carry cells, two bits a cell, of odd widths and even ones."""

from amaranth.hdl import Fragment, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.ecp5.carry import MaskedAdder
from sim import runner
from sim.on_ecp5 import CELLS, Ecp5Platform

WIDTHS = (1, 2, 3, 8, 13, 25)


class Adders(wiring.Component):
    """One of each width, as twin and on cells, with the same operands."""

    def __init__(self):
        operands = {name: In(max(WIDTHS)) for name in "abcd"}
        sums = {f"{kind}_{w}": Out(w) for kind in ("twin", "cells") for w in WIDTHS}
        super().__init__(operands | sums)

    def elaborate(self, platform):
        m = Module()
        for width in WIDTHS:
            for kind, target in (("twin", None), ("cells", Ecp5Platform())):
                adder = MaskedAdder(width)
                m.submodules[f"{kind}_{width}"] = Fragment.get(adder, target)
                m.d.comb += [getattr(adder, name).eq(getattr(self, name)) for name in "abcd"]
                m.d.comb += getattr(self, f"{kind}_{width}").eq(adder.o)
        return m


def test_every_carry_arrives():
    parameters = {"seed": 1, "count": 2000, "widths": WIDTHS}
    runner.run(Adders(), "sim.bench_carry", name="adders", cells=CELLS, parameters=parameters)
