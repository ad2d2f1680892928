"""A frame's results: the sums in order, then the cycles that count."""

import pytest

from hw.fire.results import Results
from sim import runner


@pytest.mark.parametrize(
    ("most", "classes", "columns"), [(5, 5, 2), (4, 4, 4), (20, 6, 2), (7, 2, 4)]
)
def test_results(most, classes, columns):
    size = {"classes": classes, "columns": columns, "bits": 12}
    runner.run(
        Results(**size | {"classes": most}), "sim.bench_results", parameters=size | {"seed": 1}
    )
