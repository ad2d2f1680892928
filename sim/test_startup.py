"""Boards as they are switched on: the line is open, held low, or disturbed before anybody speaks.

What configuration leaves open is in sim/test_netlist.py, where it starts at random.
"""

import random

import pytest

from sim import fuzz
from sim.fuzz import HIGH, LOW, PULSE

REST = bytes((HIGH, 12))
"""A byte's time of a line at rest, and a little more."""


@pytest.fixture(scope="module")
def design(tmp_path_factory):
    return fuzz.make_design(tmp_path_factory.mktemp("model"))


@pytest.fixture
def session(design):
    """A board just switched on; the line is what the test makes it, from the first clock on."""
    session = fuzz.Session(design, random.Random(1))
    yield session
    assert session.close() == 0


def test_a_break_at_power_up(session):
    session.write(bytes((LOW, 255)) * 500 + REST)
    session.check()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_open_line_that_wavers_until_somebody_drives_it(session, seed):
    rng = random.Random(seed)
    for _ in range(5):
        levels = bytes(
            value
            for _ in range(999)
            for value in (rng.choice((LOW, HIGH, PULSE)), rng.choice((1, 1, 2, 3, 9, 40)))
        )
        session.write(levels + REST)
        session.check()


def test_pulses_shorter_than_a_bit_between_frames(session):
    rng = random.Random(1)
    for _ in range(60):
        pulses = bytes((PULSE, 1)) + bytes((HIGH, rng.randrange(1, 4)))
        session.write(pulses * rng.randrange(1, 20) + REST)
        session.check()
    assert session.good_frames > 60
