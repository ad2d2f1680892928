"""The max-pool against NumPy."""

from amaranth.hdl import unsigned

from hw.engine.pair_pool import PairMaxPool
from hw.engine.pool import MaxPool
from sim import runner
from sim.bench_pool import META_BITS


def test_max_pool_equals_numpy():
    sizes = {"columns": 3, "depth": 40}
    component = MaxPool(**sizes, meta=unsigned(META_BITS))
    runner.run(component, "sim.bench_pool", parameters={"seed": 1, **sizes})


def test_max_pool_of_pairs_equals_numpy():
    sizes = {"columns": 3, "depth": 40}
    component = PairMaxPool(**sizes, meta=unsigned(META_BITS))
    runner.run(component, "sim.bench_pair_pool", parameters={"seed": 1, **sizes})
