"""Adders whose carry cells compute their addends too, which yosys does not find by itself."""

from amaranth.hdl import Cat, Const, Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.ecp5 import is_ecp5

_SUM_OF_PRODUCTS = 0x7888
"""LUT of a carry half: (A and B) xor (C and D). Where it is 0 the carry out is the LUT's lowest
four bits at A, B, that is A and B, which then equals C and D: a full adder of two products."""


class MaskedAdder(wiring.Component):
    """``(a & b) + (c & d)`` modulo 2^width, one LUT a bit, combinational.

    Members
    -------
    a, b, c, d : ``In(width)``
    o : ``Out(width)``
    """

    def __init__(self, width):
        self.width = width
        super().__init__(
            {"a": In(width), "b": In(width), "c": In(width), "d": In(width), "o": Out(width)}
        )

    def elaborate(self, platform):
        m = Module()
        if not is_ecp5(platform):
            m.d.comb += self.o.eq((self.a & self.b) + (self.c & self.d))
            return m
        padded = self.width + self.width % 2
        o = Signal(padded)
        a, b, c, d = (
            Cat(v, Const(0, padded - self.width)) for v in (self.a, self.b, self.c, self.d)
        )
        carry = Const(0, 1)
        for low in range(0, padded, 2):
            carry_out = Signal(name=f"carry_{low}")
            m.submodules[f"cell_{low}"] = Instance(
                "CCU2C",
                p_INIT0=Const(_SUM_OF_PRODUCTS, 16),
                p_INIT1=Const(_SUM_OF_PRODUCTS, 16),
                p_INJECT1_0="NO",
                p_INJECT1_1="NO",
                i_CIN=carry,
                **{f"i_A{k}": a[low + k] for k in range(2)},
                **{f"i_B{k}": b[low + k] for k in range(2)},
                **{f"i_C{k}": c[low + k] for k in range(2)},
                **{f"i_D{k}": d[low + k] for k in range(2)},
                **{f"o_S{k}": o[low + k] for k in range(2)},
                o_COUT=carry_out,
            )
            carry = carry_out
        m.d.comb += self.o.eq(o)
        return m
