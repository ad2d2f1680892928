# amaranth: UnusedElaboratable=no
"""What the parts around the rows ask of their arguments."""

import pytest

from hw.sdram.rows import RowCutter, RowJoiner
from hw.store import Store


@pytest.mark.parametrize("part", (RowCutter, RowJoiner))
def test_a_row_has_bits(part):
    with pytest.raises(ValueError, match="a row has at least one bit, not 0"):
        part(width=0)


@pytest.mark.parametrize("depth", (2, 12))
def test_a_store_is_a_power_of_two(depth):
    with pytest.raises(ValueError, match=f"depth must be a power of two from 4, not {depth}"):
        Store(width=4, depth=depth)
