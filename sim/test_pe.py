"""Both processing elements are two exact products, on the ECP5's cells and as twins."""

import pytest

from hw.engine.array import SystolicArray
from sim import runner
from sim.on_ecp5 import CELLS, TwinAndCells


@pytest.mark.parametrize(("kind", "lut_rows"), [("dsp", 0), ("lut", 1)])
def test_a_processing_element_is_two_products(kind, lut_rows):
    element = TwinAndCells(*(SystolicArray(rows=1, columns=2, lut_rows=lut_rows) for _ in range(2)))
    given = {"seed": 1, "count": 10_000, "lut_rows": lut_rows}
    runner.run(element, "sim.bench_pe", name=f"pe_{kind}", cells=CELLS, parameters=given)
