"""The class sums are sums over positions, whatever the tiles, and are there when they must be."""

import pytest

from hw.engine.sums import ClassSums
from sim import runner


@pytest.mark.parametrize(("groups", "pixels"), [(1, 1), (3, 1), (2, 2)])
def test_sums_over_positions(groups, pixels):
    size = {"columns": 2, "groups": groups, "bits": 18, "pixels": pixels}
    runner.run(ClassSums(**size), "sim.bench_sums", parameters=size | {"seed": 1, "frames": 12})
