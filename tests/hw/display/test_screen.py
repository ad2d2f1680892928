# amaranth: UnusedElaboratable=no
"""What a screen asks of its arguments; what it shows is simulated in ``sim/test_screen.py``."""

import pytest

from hw.display.screen import Panel, Screen


@pytest.mark.parametrize("bank", (0, 3))
def test_a_bank_is_a_power_of_two(bank):
    panel = Panel(height=2, width=3, labels=("a", "b"), classes=2, shift=1, second=1000)
    with pytest.raises(ValueError, match=f"bank must be a power of two, not {bank}"):
        Screen(panel, bank=bank)
