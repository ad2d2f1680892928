"""The frontier is what nothing beats; a picture is drawn of whatever there is."""

import io
from pathlib import Path

import pytest
from matplotlib.axes import Axes
from PIL import Image

from explore.plot import NAMED, draw, frontier
from explore.prediction import Prediction
from explore.study import Point
from explore.table import Row
from explore.training import Result
from model.settings import Settings

POINTS = [(1, 0.5), (2, 0.7), (2, 0.6), (3, 0.7), (4, 0.9), (5, 0.8)]
POINT = Point.of(Settings(data=Path("d"), output=Path("o")))


def row(accuracies: list[float], frames_per_second: float | None, series: str = "a_b$") -> Row:
    return Row(
        point=POINT,
        label="",
        series=series,
        tag="$16",
        prediction=Prediction(weights=10, macs=100, frames_per_second=frames_per_second),
        outcomes={
            seed: Result(accuracy=accuracy, loss=1, epoch=1, seconds=1)
            for seed, accuracy in enumerate(accuracies)
        },
    )


def test_the_frontier_of_a_cost():
    assert frontier(POINTS, more=False) == [(1, 0.5), (2, 0.7), (4, 0.9)]


def test_the_frontier_of_a_speed():
    assert frontier(POINTS, more=True) == [(4, 0.9), (5, 0.8)]


@pytest.mark.parametrize("more", [False, True])
def test_the_frontier_of_nothing(more):
    assert frontier([], more) == []


def test_a_picture():
    rows = [
        row([0.1, 0.2, 0.3], 40.0, "reference"),
        row([0.6], None),  # does not fit
        row([], 30.0),  # not trained
    ]
    content = draw(rows, "a board")
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.format == "PNG"
        assert picture.convert("L").getextrema() == (0, 255)
    assert draw(rows[:2], "a board") == content


def test_nothing_fits():
    assert draw([row([0.5], None)], "a board").startswith(b"\x89PNG")


def test_of_many_settings_only_the_best_are_named(monkeypatch):
    named = []
    monkeypatch.setattr(Axes, "annotate", lambda axes, text, xy, **_: named.append(xy))
    rows = [row([number / 100], 100.0 - number) for number in range(NAMED)]
    draw(rows, "few")
    assert len(named) == 3 * NAMED
    named.clear()
    draw([*rows, row([0.9], 200.0)], "many")
    assert named == [(10, 0.9), (100, 0.9), (200.0, 0.9)]
