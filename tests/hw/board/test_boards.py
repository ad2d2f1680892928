"""Every board of the table has what its devices, clocks and programmers want."""

import pytest

from hw.board.boards import BOARDS
from hw.board.clocks import Pll
from hw.board.uart import divisors
from hw.flash import IDCODES
from plan.boards import default_clock_mhz
from plan.device import DEVICES
from plan.engine import ENGINES
from spec.protocol import RATES

VARIANTS = [(name, variant) for name, board in BOARDS.items() for variant in board.variants]


@pytest.mark.parametrize(("name", "variant"), VARIANTS)
def test_the_table_holds_together(name, variant):
    board, device = BOARDS[name], DEVICES[variant]
    platform = board.variants[variant]()
    assert platform.device.endswith(f"-{variant}")
    assert platform.device in IDCODES
    engine = ENGINES[device.engine]
    assert engine.multipliers <= device.dsp
    for other in ({}, {"camera": True}, {"engine": "4x4"}):
        hz = default_clock_mhz(name, variant, **other) * 1e6
        assert hz == device.clock_mhz * 1e6 or not other
        Pll.of(int(platform.default_clk_frequency), int(hz))
        divisors(hz, RATES)
