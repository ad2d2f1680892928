# amaranth: UnusedElaboratable=no

"""How many clock cycles a bit lasts."""

import pytest

from hw.board.uart import Receiver, divisors
from spec.protocol import RATES


@pytest.mark.parametrize("clock_mhz", [80, 100, 112.5, 125, 137.5, 140, 150, 200])
def test_every_rate_is_met_to_two_percent(clock_mhz):
    for rate, divisor in zip(RATES, divisors(clock_mhz * 1e6, RATES), strict=True):
        assert abs(clock_mhz * 1e6 / divisor / rate - 1) <= 0.02


def test_a_clock_that_misses_a_rate_is_refused():
    with pytest.raises(ValueError, match="3000000 bit/s must divide the clock of 40 MHz to 2 %"):
        divisors(40e6, RATES)
    with pytest.raises(ValueError, match="must divide the clock of 3 MHz"):
        divisors(3e6, RATES)


def test_a_bit_of_one_cycle_is_refused():
    with pytest.raises(ValueError, match="at least 2 cycles, not 1"):
        Receiver(divisors=[4, 1], break_cycles=100)
