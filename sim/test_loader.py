"""The loaders bring the right words, in the very cycles on which plan and array rely."""

import pytest
from amaranth.lib import data

from hw.fire.loader import ParamLoader, WeightLoader
from plan.engine import Engine
from sim import runner
from sim.bench_weights import contents


def test_weights():
    size = {"rows": 5, "width": 9, "delay": Engine(rows=4, columns=2).load_delay}
    init = contents(rows=60, width=size["width"])
    runner.run(WeightLoader(**size, init=init), "sim.bench_weights", parameters=size | {"seed": 1})


@pytest.mark.parametrize("columns", [2, 6])
def test_parameters(columns):
    param = data.StructLayout({"bias": 6, "multiplier": 3, "relu": 1})
    init = contents(rows=7 * columns, width=param.size)
    runner.run(
        ParamLoader(columns=columns, param=param, init=init),
        "sim.bench_params",
        parameters={"columns": columns, "width": param.size, "groups": 7, "seed": 1},
    )
