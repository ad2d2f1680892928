"""The requantizer lane, on cells and as a twin, is :func:`spec.arith.requantize`, exactly."""

from hw.engine.requantizer import Requantizer
from sim import runner
from sim.on_ecp5 import CELLS, TwinAndCells


def test_a_lane_equals_the_contract():
    runner.run(
        TwinAndCells(Requantizer(), Requantizer()),
        "sim.bench_requantizer",
        name="requantizer",
        cells=CELLS,
        parameters={"seed": 1, "count": 20_000},
    )
