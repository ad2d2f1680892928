# amaranth: UnusedElaboratable=no
"""What a queue asks of its arguments; what it keeps is proved in ``sim/test_formal.py``."""

import pytest

from hw.store import Store


@pytest.mark.parametrize("depth", (2, 12))
def test_a_store_is_a_power_of_two(depth):
    with pytest.raises(ValueError, match=f"depth must be a power of two from 4, not {depth}"):
        Store(width=4, depth=depth)
