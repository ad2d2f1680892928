"""The SDRAM's rules in cycles: none too short, none a cycle longer than it must be."""

from fractions import Fraction

import pytest

from plan import sdram
from plan.sdram import Sdram

CLOCKS_HZ = (3_000_000, 25_000_000, 100_000_000, 112_500_000, 125_000_000, 133_000_000, 142_857_142)


@pytest.mark.parametrize("clock_hz", CLOCKS_HZ)
@pytest.mark.parametrize("rule", sdram.NANOSECONDS)
def test_cycles_are_the_fewest_that_last_long_enough(rule, clock_hz):
    cycles = Sdram(clock_hz=clock_hz).cycles(rule)
    cycle_ns = Fraction(10**9, clock_hz)
    assert (cycles - 1) * cycle_ns < sdram.NANOSECONDS[rule] <= cycles * cycle_ns


@pytest.mark.parametrize("clock_hz", CLOCKS_HZ)
def test_derived_rules(clock_hz):
    made = Sdram(clock_hz=clock_hz)
    cycle_ns = Fraction(10**9, clock_hz)
    assert (made.t_ras + made.t_rp) * cycle_ns >= sdram.NANOSECONDS["t_rc"]
    assert made.t_ras * cycle_ns >= sdram.NANOSECONDS["t_ras"]
    # Every row once in 64 ms, with no row to spare.
    assert sdram.ROWS * made.interval * cycle_ns <= 64_000_000
    assert sdram.ROWS * (made.interval + 1) * cycle_ns > 64_000_000


def test_the_stream_at_100_mhz():
    made = Sdram(clock_hz=100_000_000)
    assert (made.t_rcd, made.t_rp, made.t_ras, made.t_rfc) == (3, 3, 5, 7)
    assert made.refresh_gap == 14
    assert made.bytes_per_cycle == 2 * Fraction(781 - 14, 781)
    assert round(float(made.bytes_per_cycle), 2) == 1.96
    assert sdram.row_cycles(made, 144) == 9 * Fraction(781, 781 - 14)


@pytest.mark.parametrize("clock_hz", (2_999_999, 142_857_143))
def test_a_clock_out_of_range(clock_hz):
    with pytest.raises(ValueError, match=r"clock must be from 3 to 142.86 MHz"):
        Sdram(clock_hz=clock_hz)


@pytest.mark.parametrize("clock_hz", CLOCKS_HZ)
def test_some_phase_meets_the_data(clock_hz):
    made = Sdram(clock_hz=clock_hz)
    met = 0
    for phase in sdram.PHASES:
        opens, closes = made.window(phase)
        try:
            edge = made.capture(phase)
        except ValueError as error:
            assert "try " in str(error)
            assert not any(opens < edge < closes for edge in range(10))
        else:
            assert opens < edge < closes
            met += 1
    assert met >= 3


def test_half_a_cycle_is_right_where_others_ran_it():
    # 100 and 112 MHz; and at the board's own 25.
    assert Sdram(clock_hz=100_000_000).capture(180) == 4
    assert Sdram(clock_hz=112_500_000).capture(180) == 4
    assert Sdram(clock_hz=25_000_000).capture(180) == 3
    with pytest.raises(ValueError, match="with a phase of 45; try 135, 180, 225"):
        Sdram(clock_hz=100_000_000).capture(45)
    with pytest.raises(ValueError, match="must be one of"):
        Sdram(clock_hz=100_000_000).capture(0)


def test_rows_and_words():
    assert (sdram.words(144), sdram.words(145), sdram.words(72)) == (9, 10, 5)
    assert sdram.capacity(144) == 32 * 2**20 // 18
    assert sdram.last_burst(16, 144) == 17
    assert sdram.last_burst(1, 144) == 1
    with pytest.raises(ValueError, match="the SDRAM holds from 1 to 1864135"):
        sdram.last_burst(1_864_136, 144)
