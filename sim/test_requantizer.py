"""The requantizer lane is :func:`spec.arith.requantize`, exactly."""

from hw.engine.requantizer import Requantizer
from sim import runner


def test_a_lane_equals_the_contract():
    parameters = {"seed": 1, "count": 20_000}
    runner.run(Requantizer(), "sim.bench_requantizer", parameters=parameters)
