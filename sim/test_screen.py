"""What a monitor shows is what the specification says, value for value."""

import numpy as np
import pytest

from hw.display.screen import Panel
from sim import screens, tmds
from spec import screen
from spec.screen import Shown

LABELS = ("Caracal", "a class of a very long name", "Löwe", "P-4/5 & (x)", "none")
HEIGHT, WIDTH = 23, 21
SHIFT = 3
SECOND = 5000


@pytest.fixture(scope="module")
def program():
    return screens.model(
        Panel(height=HEIGHT, width=WIDTH, labels=LABELS, classes=4, shift=SHIFT, second=SECOND),
        bank=128,  # four of them, the last one not full
    )


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


def wanted(shown: Shown, pixels: np.ndarray | None = None) -> np.ndarray:
    return screen.screen(screen.panel(LABELS, shown, SHIFT), pixels)


def check(got: np.ndarray, expected: np.ndarray) -> None:
    wrong = np.argwhere((got != expected).any(axis=-1))
    assert not len(wrong), f"{len(wrong)} pixels differ, the first at {wrong[0]}"


def test_before_the_first_frame(program):
    check(screens.show(program, b""), screen.screen(screen.still(LABELS[:4])))


@pytest.mark.parametrize(
    "shown",
    [
        # Bars: full, one pixel less, of a whole cell, empty, and beyond both ends.
        Shown(
            number=0,
            winner=1,
            sums=(1000 - 8, 1000, 1000 - 8 * 152, 1000 - 8 * 160),
            best=1000,
            cycles=0,
            rate=0,
        ),
        Shown(
            number=65535,
            winner=4,
            sums=(-(2**31), 2**31 - 1, 5, -5),
            best=-5,
            cycles=123_456_789,
            rate=0,
        ),
        Shown(number=10203, winner=9, sums=(0, 0, 0, 0), best=0, cycles=10_000_000, rate=0),
    ],
)
def test_the_panel(program, shown):
    check(screens.show(program, screens.words_of(shown), seed=shown.winner), wanted(shown))


def test_the_last_frame_is_shown_with_its_picture(program):
    first = Shown(number=7, winner=0, sums=(9, 8, 7, 6), best=9, cycles=77, rate=0)
    second = Shown(number=8, winner=3, sums=(1, 2, 3, 400), best=400, cycles=88, rate=0)
    records = b"".join(
        screens.pixels_of(picture(shown.number)) + screens.words_of(shown) + screens.idle(1500)
        for shown in (first, second)
    )
    check(screens.show(program, records), wanted(second, picture(8)))


def test_a_picture_of_another_size_is_not_shown(program):
    shown = Shown(number=1, winner=0, sums=(9, 8, 7, 6), best=9, cycles=77, rate=0)
    records = screens.pixels_of(picture(1)) + screens.pixels_of(picture(2), fits=False)
    check(screens.show(program, records + screens.words_of(shown)), wanted(shown, picture(1)))


def test_frames_a_second(program):
    """Three in one second; the fourth, in the next, tells of them."""
    shown = Shown(number=1, winner=0, sums=(9, 8, 7, 6), best=9, cycles=77, rate=3)
    word = screens.words_of(shown)
    records = b"".join(word + screens.idle(SECOND // 5 - 5) for _ in range(3))
    records += screens.idle(SECOND - len(records) // 16) + screens.idle(200) + word
    check(screens.show(program, records), wanted(shown))


def test_what_is_no_picture_is_refused():
    with pytest.raises(tmds.SignalError, match="one period in ten bits"):
        tmds.picture(bytes(1000))
