"""The PLL's dividers: exact, inside the limits of the device, or refused with what is near."""

from fractions import Fraction

import pytest

from hw.board import clocks
from hw.board.clocks import Pll

INPUTS = (12_000_000, 25_000_000, 48_000_000, 50_000_000, 100_000_000)


def within(value: Fraction, limits: tuple[Fraction, Fraction]) -> bool:
    return limits[0] <= value <= limits[1]


@pytest.mark.parametrize("reference_hz", INPUTS)
def test_what_is_made_is_exact_and_within_limits(reference_hz):
    made = 0
    for mhz in range(50, 201, 5):
        try:
            pll = Pll.of(reference_hz, mhz * 10**6)
        except ValueError:
            continue
        made += 1
        detector = Fraction(reference_hz, pll.reference)
        assert detector * pll.feedback == mhz * 10**6
        assert within(detector, clocks.PHASE_DETECTOR_HZ)
        assert within(detector * pll.feedback * pll.output, clocks.VCO_HZ)
        for divider, largest in clocks.DIVIDERS.items():
            assert 1 <= getattr(pll, divider) <= largest
    assert made >= 10


@pytest.mark.parametrize(
    ("reference_hz", "mhz"), [(25_000_000, 140), (48_000_000, 100), (100_000_000, 132)]
)
def test_the_limits_are_those_that_ecppll_keeps(reference_hz, mhz):
    # ecppll's answer for 25 to 140 MHz, and its rules (Project Trellis, libtrellis/tools).
    assert Pll.of(25_000_000, 140_000_000) == Pll(reference=5, feedback=28, output=4)
    pll = Pll.of(reference_hz, mhz * 10**6)
    assert 3.125e6 <= reference_hz / pll.reference <= 400e6
    assert 400e6 <= reference_hz / pll.reference * pll.feedback * pll.output <= 800e6


def test_what_cannot_be_made_is_refused_with_what_is_near():
    with pytest.raises(ValueError, match=r"141 MHz from 25 MHz; .* 140\.625 or 141\.667 MHz"):
        Pll.of(25_000_000, 141_000_000)
    with pytest.raises(ValueError, match="no PLL setting makes 1000 MHz"):
        Pll.of(25_000_000, 1_000_000_000)
    with pytest.raises(ValueError, match="no PLL setting makes 0 MHz"):
        Pll.of(25_000_000, 0)
