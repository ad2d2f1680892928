# amaranth: UnusedElaboratable=no
"""What the walks over passes and pixels refuse; what they do is `sim/test_issuer.py`'s."""

import pytest

from hw.fire.passes import PassWalk
from hw.fire.pixels import PixelWalk
from plan.instruction import ISSUE_FIELDS, WRITE_FIELDS, Format

FORMAT = Format(dict.fromkeys(ISSUE_FIELDS | WRITE_FIELDS, 1))


@pytest.mark.parametrize("part", [PassWalk, PixelWalk])
@pytest.mark.parametrize(("address_bits", "param_groups"), [(0, 1), (1, 0)])
def test_no_memory_is_refused(part, address_bits, param_groups):
    with pytest.raises(ValueError, match=f"at least 1, not {address_bits} and {param_groups}"):
        part(format=FORMAT, address_bits=address_bits, param_groups=param_groups)
