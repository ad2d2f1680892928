"""The multiplier cell as instantiated, and its twin, are a product three cycles later."""

from hw.ecp5.multiplier import Multiplier
from sim import runner
from sim.on_ecp5 import CELLS, TwinAndCells


def test_cells_and_twin_multiply():
    pair = TwinAndCells(Multiplier(), Multiplier())
    runner.run(pair, "sim.bench_multiplier", name="multiplier", cells=CELLS, parameters={"seed": 1})
