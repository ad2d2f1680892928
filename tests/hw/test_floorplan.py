"""Each multiplier of the large engine has a site of its own; others are left to nextpnr."""

import re

import pytest

from hw.floorplan import GRIDS, floorplan, script
from plan.engine import ENGINES

LARGE = ENGINES["16x16"]


def test_every_multiplier_has_a_site_of_its_own():
    plan = floorplan("85F", LARGE)
    assert len(plan) == LARGE.rows * LARGE.columns // 2 + LARGE.columns
    assert len(set(plan.values())) == len(plan)
    grid = GRIDS["85F"]
    sites = {f"X{x}/Y{y}/{name}" for x, name in grid.sites for y in grid.rows}
    assert len(sites) == 156 and sites > set(plan.values())


def test_neighbours_stand_side_by_side():
    """Sums go a site on or a strip down, activations as far as a pair is wide: 15 columns."""
    found = {
        tuple(map(int, re.findall(r"\d+", cell))): tuple(map(int, re.findall(r"[XY](\d+)", site)))
        for cell, site in floorplan("85F", LARGE).items()
        if "element" in cell
    }
    for (row, pair, *_), (x, y) in found.items():
        if row + 1 < LARGE.rows:
            below = found[row + 1, pair]
            assert below[1] - y in (0, 24) and abs(below[0] - x) <= (6 if below[1] == y else 15)
        if pair + 1 < LARGE.columns // 2:
            right = found[row, pair + 1]
            assert right[1] == y and 0 < right[0] - x <= 16


@pytest.mark.parametrize(("variant", "engine"), [("45F", "16x8"), ("85F", "16x8"), ("85F", "4x4")])
def test_others_are_left_to_nextpnr(variant, engine):
    assert floorplan(variant, ENGINES[engine]) == {}


def test_yosys_is_told_that_a_name_means_one_cell():
    lines = script({"a.multiplier*.cell": "X1/Y2/MULT18_0"})
    assert lines == [
        "select -assert-count 1 top/c:a.multiplier*.cell;",
        'setattr -set BEL "X1/Y2/MULT18_0" top/c:a.multiplier*.cell;',
    ]
