"""The accumulator is a sum over passes, for every pixel of a tile."""

from hw.engine.accumulator import Accumulator
from plan.engine import Engine
from sim import runner


def test_totals_are_sums_over_passes():
    size = {"columns": 2, "sum_bits": 12, "bits": 16, "depth": 24}
    shortest = min(
        Engine(rows=rows, columns=2).pass_cycles_min for rows in range(4, 33, 2)
    )  # of all engines
    runner.run(
        Accumulator(**size),
        "sim.bench_accumulator",
        parameters=size | {"seed": 1, "groups": 120, "period_min": shortest},
    )
