"""The settings of a study: which, in which order, and refused in words."""

from pathlib import Path

import pytest

from explore.study import (
    AXES,
    Point,
    grid,
    one_at_a_time,
    parse_axis,
    parse_seeds,
    run_settings,
)
from model.settings import Settings

RECIPE = Settings(data=Path("photographs"), output=Path("out"), epochs=7)
REFERENCE = Point.of(RECIPE)


def test_the_reference_is_the_recipes_own():
    settings = Settings(data=Path("d"), output=Path("o"), base_e=16, image=64)
    assert Point.of(settings).changes(REFERENCE) == {"base_e": 16, "image": 64}


def test_one_at_a_time():
    points = one_at_a_time(REFERENCE, {"base_e": (16, 32, 64), "freq": (1,)})
    changes = [point.changes(REFERENCE) for point in points]
    assert changes == [{}, {"base_e": 16}, {"base_e": 64}, {"freq": 1}]


def test_the_usual_axes_hold_the_reference():
    points = one_at_a_time(REFERENCE, AXES)
    assert len(points) == 1 + sum(len(values) - 1 for values in AXES.values())


def test_grid():
    points = grid(REFERENCE, {"image": (64, 96), "squeeze_ratio": (0.25, 0.5)})
    found = [(point.image, point.squeeze_ratio) for point in points]
    assert found == [(64, 0.25), (64, 0.5), (96, 0.25), (96, 0.5)]
    assert {point.base_e for point in points} == {32}


def test_a_folder_for_each_setting():
    points = grid(REFERENCE, AXES)
    assert len({point.slug for point in points}) == len(points)
    assert "/" not in REFERENCE.slug


def test_axes_from_text():
    assert parse_axis("squeeze-ratio=0.25,1") == ("squeeze_ratio", (0.25, 1.0))
    assert parse_axis("base_e=16") == ("base_e", (16,))
    assert parse_seeds("3,1") == (3, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rate=1", "--vary must name one of squeeze_ratio, .*, not rate"),
        ("base_e", "--vary base_e must be like 16,32,48,64, not ''"),
        ("base_e=16,1.5", "--vary base_e must be like 16,32,48,64, not '16,1.5'"),
        ("freq=1,2,1", "--vary freq has 1 twice"),
    ],
)
def test_a_bad_axis(text, message):
    with pytest.raises(ValueError, match=message):
        parse_axis(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "--seeds must be like 0,1,2"), ("-1", "at least 0, not -1"), ("2,2", "has 2 twice")],
)
def test_bad_seeds(text, message):
    with pytest.raises(ValueError, match=message):
        parse_seeds(text)


def test_a_run_is_the_recipe_at_a_point(tmp_path):
    (point,) = grid(REFERENCE, {"pct_3x3": (0.25,)})
    settings = run_settings(RECIPE, point, 3, tmp_path)
    assert Point.of(settings) == point
    assert (settings.epochs, settings.seed, settings.output) == (7, 3, tmp_path)
    assert settings.data == Path("photographs").absolute()
    assert settings.threads == 1
    assert not settings.report
