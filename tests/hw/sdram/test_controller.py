# amaranth: UnusedElaboratable=no
"""What the controller asks of its arguments."""

import pytest
from amaranth.hdl import Fragment

from hw.sdram.controller import Controller
from plan.sdram import Sdram


class Slow(Sdram):
    t_ras = 8


@pytest.mark.parametrize("clock_hz", (25_000_000, 100_000_000, 133_000_000, 142_857_142))
def test_every_clock_of_the_chip(clock_hz):
    Fragment.get(Controller(timing=Sdram(clock_hz=clock_hz), capture=4), None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"timing": Slow(clock_hz=100_000_000)}, "t_ras must be from 1 to 7 cycles, not 8"),
        ({"capture": 2}, "capture must be at least 3, not 2"),
        ({"page_bursts": 3}, "page_bursts must be a power of two from 2, not 3"),
    ],
)
def test_what_it_refuses(arguments, message):
    right = {"timing": Sdram(clock_hz=100_000_000), "capture": 4}
    with pytest.raises(ValueError, match=message):
        Controller(**right | arguments)
