"""The max-pool against NumPy."""

import pytest
from amaranth.hdl import unsigned

from hw.engine.pool import MaxPool
from sim import runner
from sim.bench_pool import META_BITS


@pytest.mark.parametrize("sizes", [{"columns": 3, "depth": 40}, {"columns": 2, "depth": 600}])
def test_max_pool_equals_numpy(sizes):
    component = MaxPool(**sizes, meta=unsigned(META_BITS))
    runner.run(component, "sim.bench_pool", parameters={"seed": 1, **sizes})
