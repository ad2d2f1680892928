"""The max-pool against NumPy."""

from amaranth.hdl import unsigned

from hw.engine.pool import MaxPool
from sim import runner
from sim.bench_pool import META_BITS


def test_max_pool_equals_numpy():
    sizes = {"columns": 3, "depth": 40}
    component = MaxPool(**sizes, meta=unsigned(META_BITS))
    runner.run(component, "sim.bench_pool", parameters={"seed": 1, **sizes})
