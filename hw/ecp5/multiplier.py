"""The ECP5's multiplier with all three of its register stages."""

from amaranth.hdl import ClockSignal, Const, Instance, Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.ecp5 import is_ecp5

WIDTH = 18
"""Bits of an operand, signed (Lattice FPGA-TN-02205, MULT18X18D)."""


class Multiplier(wiring.Component):
    """A signed product, :attr:`LATENCY` cycles later, one a cycle.

    Unregistered or partly registered multipliers are slow and not fully timed by nextpnr, so the
    stages are not an option; stall around the multiplier, not in it.

    Members
    -------
    a, b : ``In(signed(18))``
        Operands.
    o : ``Out(signed(36))``
        ``a · b``.
    """

    LATENCY = 3

    a: In(signed(WIDTH))
    b: In(signed(WIDTH))
    o: Out(signed(2 * WIDTH))

    def elaborate(self, platform):
        m = Module()
        if is_ecp5(platform):
            m.submodules.cell = Instance(
                "MULT18X18D",
                p_REG_INPUTA_CLK="CLK0",
                p_REG_INPUTB_CLK="CLK0",
                p_REG_PIPELINE_CLK="CLK0",
                p_REG_OUTPUT_CLK="CLK0",
                p_GSR="DISABLED",
                i_CLK0=ClockSignal(),
                i_CE0=Const(1),
                i_RST0=Const(0),
                i_SIGNEDA=Const(1),
                i_SIGNEDB=Const(1),
                i_SOURCEA=Const(0),
                i_SOURCEB=Const(0),
                **{f"i_A{k}": self.a[k] for k in range(WIDTH)},
                **{f"i_B{k}": self.b[k] for k in range(WIDTH)},
                **{f"o_P{k}": self.o[k] for k in range(2 * WIDTH)},
            )
        else:
            a = Signal.like(self.a, reset_less=True)
            b = Signal.like(self.b, reset_less=True)
            product = Signal.like(self.o, reset_less=True)
            o = Signal.like(self.o, reset_less=True)
            m.d.sync += [a.eq(self.a), b.eq(self.b), product.eq(a * b), o.eq(product)]
            m.d.comb += self.o.eq(o)
        return m
