"""The systolic array is a matrix product, with weights changed as fast as it allows."""

import pytest

from hw.engine.array import SystolicArray
from sim import runner
from sim.on_ecp5 import CELLS, TwinAndCells

PASSES = 24


def parameters(size, outputs, **more):
    return size | {"seed": 1, "passes": PASSES, "outputs": outputs, "impatience": 0} | more


@pytest.mark.parametrize(
    ("rows", "columns", "lut_rows"), [(16, 4, 0), (4, 2, 4), (5, 6, 1)], ids=str
)
def test_the_array_is_a_matrix_product(rows, columns, lut_rows):
    size = {"rows": rows, "columns": columns, "lut_rows": lut_rows}
    runner.run(SystolicArray(**size), "sim.bench_array", parameters=parameters(size, ["o"]))


@pytest.mark.parametrize(
    ("rows", "columns", "lut_rows"),
    [(5, 4, 0), (4, 4, 3), (9, 2, 9), (6, 4, 8), (4, 2, 8)],
    ids=str,
)
def test_two_pixels_meet_the_same_weights(rows, columns, lut_rows):
    size = {"rows": rows, "columns": columns, "lut_rows": lut_rows, "pixels": 2}
    runner.run(SystolicArray(**size), "sim.bench_array", parameters=parameters(size, ["o"]))


@pytest.mark.parametrize("more", [{"lut_rows": 2}, {"lut_rows": 5, "pixels": 2}], ids=str)
def test_on_the_cells_of_the_ecp5(more):
    size = {"rows": 4, "columns": 2} | more
    pair = TwinAndCells(SystolicArray(**size), SystolicArray(**size))
    given = parameters(size, ["twin_o", "cells_o"])
    runner.run(pair, "sim.bench_array", name="array_on_cells", cells=CELLS, parameters=given)


def test_loading_a_cycle_too_early_is_seen():
    size = {"rows": 4, "columns": 2, "lut_rows": 4}
    given = parameters(size, ["o"], impatience=1)
    with pytest.raises(runner.SimulationError, match="AssertionError: o, cycle"):
        runner.run(SystolicArray(**size), "sim.bench_array", parameters=given)
