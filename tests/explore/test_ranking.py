"""The order of settings by a figure, and which of them nothing beats."""

from pathlib import Path

import pytest

from explore.prediction import Prediction
from explore.ranking import ranking
from explore.study import Point
from explore.table import Row
from model.settings import Settings


def setting(label: str, fps: float | None, **figures) -> Row:
    return Row(
        point=Point.of(Settings(data=Path("d"), output=Path("o"))),
        label=label,
        series="",
        tag="",
        prediction=Prediction(frames_per_second=fps),
        measured={0: figures} if figures else {},
    )


ROWS = [
    setting("slow", 100.0, strangers=0.1, auroc=0.9),
    setting("quick", 300.0, strangers=0.2, auroc=0.8),
    setting("poor", 200.0, strangers=0.3, auroc=0.7),
    setting("none fits", None, strangers=0.0, auroc=1.0),
    setting("not measured", 900.0),
]


@pytest.mark.parametrize(
    ("name", "frames", "words"),
    [
        (
            "strangers",
            0,
            "By strangers, the least first: slow* (0.100, 100.0 frames/s); "
            "quick* (0.200, 300.0 frames/s); poor (0.300, 200.0 frames/s). "
            "*: none is both better and faster.",
        ),
        (
            "auroc",
            150,
            "By auroc, the most first, of settings with at least 150 frames a second: "
            "quick* (0.800, 300.0 frames/s); poor (0.700, 200.0 frames/s). "
            "*: none is both better and faster.",
        ),
        (
            "auroc",
            1000,
            "By auroc, the most first, of settings with at least 1,000 frames a second: none.",
        ),
    ],
)
def test_the_order(name, frames, words):
    assert ranking(ROWS, name, frames) == words
