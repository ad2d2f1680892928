"""The loaders bring the right words, in the very cycles on which plan and array rely."""

import pytest

from plan.engine import Engine
from sim import runner
from sim.bench_weights import contents
from sim.stored import StoredParams, StoredWeights


def test_weights():
    size = {"rows": 5, "width": 9, "delay": Engine(rows=4, columns=2).load_delay}
    init = contents(rows=60, width=size["width"])
    runner.run(StoredWeights(**size, init=init), "sim.bench_weights", parameters=size | {"seed": 1})


@pytest.mark.parametrize("columns", [2, 6])
def test_parameters(columns):
    width = Engine().param_bits
    init = contents(rows=7 * columns, width=width)
    runner.run(
        StoredParams(columns=columns, init=init),
        "sim.bench_params",
        parameters={"columns": columns, "width": width, "groups": 7, "seed": 1},
    )
