"""The models of the logic cells of a netlist, against tables typed in from Lattice's documents."""

from amaranth.hdl import ClockSignal, Const, Instance, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from sim import runner
from sim.bench_cells import FLIP_FLOPS, LUTS, WORDS
from sim.on_ecp5 import CELLS


class Cells(wiring.Component):
    """One cell of each kind and use, their pins as ports."""

    def __init__(self):
        super().__init__(
            {
                "pins": In(4),
                "enable": In(1),
                "set": In(1),
                "write": In(1),
                "write_address": In(4),
                "read_address": In(4),
                "mux5": Out(1),
                "mux6": Out(1),
                "word": Out(4),
                **{f"lut_{number}": Out(1) for number in range(len(LUTS))},
                **{f"ff_{number}": Out(1) for number in range(len(FLIP_FLOPS))},
            }
        )

    def elaborate(self, platform):
        m = Module()
        a, b, c, d = self.pins
        for number, (init, _) in enumerate(LUTS):
            m.submodules += Instance(
                "LUT4",
                p_INIT=Const(init, 16),
                i_A=a,
                i_B=b,
                i_C=c,
                i_D=d,
                o_Z=getattr(self, f"lut_{number}"),
            )
        m.submodules += Instance("PFUMX", i_ALUT=a, i_BLUT=b, i_C0=c, o_Z=self.mux5)
        m.submodules += Instance("L6MUX21", i_D0=a, i_D1=b, i_SD=c, o_Z=self.mux6)
        for number, (parameters, _) in enumerate(FLIP_FLOPS):
            m.submodules += Instance(
                "TRELLIS_FF",
                p_GSR="DISABLED",
                **{f"p_{name}": value for name, value in parameters.items()},
                i_CLK=ClockSignal(),
                i_LSR=self.set,
                i_CE=self.enable,
                i_DI=a,
                o_Q=getattr(self, f"ff_{number}"),
            )
        m.submodules += Instance(
            "TRELLIS_DPR16X4",
            p_WCKMUX="WCK",
            p_WREMUX="WRE",
            p_INITVAL=Const(sum(word << 4 * place for place, word in enumerate(WORDS)), 64),
            i_DI=self.pins,
            i_WAD=self.write_address,
            i_RAD=self.read_address,
            i_WRE=self.write,
            i_WCK=ClockSignal(),
            o_DO=self.word,
        )
        return m


def test_each_cell_is_its_document():
    runner.run(Cells(), "sim.bench_cells", name="cells", cells=CELLS)
