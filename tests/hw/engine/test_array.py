# amaranth: UnusedElaboratable=no
"""What an array refuses, and the times that plans rely on."""

import pytest

from hw.engine.array import SystolicArray
from plan import array_timing


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ({"rows": 0, "columns": 2}, "at least one row, not 0"),
        ({"rows": 4, "columns": 3}, "columns must be even and at least 2, not 3"),
        ({"rows": 4, "columns": 0}, "columns must be even and at least 2, not 0"),
        ({"rows": 4, "columns": 2, "lut_rows": 5}, "from 0 to the rows 4, not 5"),
        ({"rows": 4, "columns": 2, "lut_rows": 9, "pixels": 2}, "from 0 to the rows 8, not 9"),
        ({"rows": 4, "columns": 2, "pixels": 3}, "pixels must be 1 or 2, not 3"),
    ],
)
def test_bad_sizes_are_refused(size, message):
    with pytest.raises(ValueError, match=message):
        SystolicArray(**size)


def test_the_reference_array():
    array = SystolicArray(rows=16, columns=16)
    assert array.LATENCY == array_timing.latency(16, 16, 0) == 31
    assert array.settle == array_timing.settle(16) == 12
