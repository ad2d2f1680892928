# amaranth: UnusedElaboratable=no
"""What copies of a register refuse, and which part of the engine a place belongs to."""

import pytest

from hw.ecp5.copies import Copies, part_of


def test_parts_are_as_wide_as_can_be():
    assert [part_of(place, 6) for place in range(6)] == [0, 0, 1, 2, 2, 3]
    assert [part_of(place, 2, 1) for place in range(2)] == [0, 0]


@pytest.mark.parametrize("size", [{"width": 0, "count": 1}, {"width": 1, "count": 0}])
def test_nothing_to_copy(size):
    with pytest.raises(ValueError, match="must be at least 1"):
        Copies(**size)
