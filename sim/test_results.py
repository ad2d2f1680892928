"""A frame's results: the sums in order, then the cycles that count."""

import pytest

from hw.fire.results import Results
from sim import runner


@pytest.mark.parametrize(("classes", "columns"), [(5, 2), (4, 4)])
def test_results(classes, columns):
    size = {"classes": classes, "columns": columns, "bits": 12}
    runner.run(Results(**size), "sim.bench_results", parameters=size | {"seed": 1})
