# amaranth: UnusedElaboratable=no
"""What the parts around the rows ask of their arguments."""

import pytest

from hw.sdram.rows import RowCutter, RowJoiner


@pytest.mark.parametrize("part", (RowCutter, RowJoiner))
def test_a_row_has_bits(part):
    with pytest.raises(ValueError, match="a row has at least one bit, not 0"):
        part(width=0)
