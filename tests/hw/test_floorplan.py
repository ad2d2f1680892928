"""The large engine's multipliers and block RAMs have sites of their own; others have none."""

import re
from pathlib import Path

import pytest

from hw.design import Design
from hw.floorplan import GRIDS, floorplan, script
from plan.device import DEVICES
from plan.engine import ENGINES
from plan.memories import engine_block_rams
from spec.models import packaged

LARGE = ENGINES["16x16"]
GRID = GRIDS["85F"]


@pytest.fixture(scope="module")
def capacities():
    return Design.load(
        Path(packaged()), LARGE, 100_000_000, device=DEVICES["85F"], sdram=True
    ).capacities


@pytest.fixture(scope="module")
def plan(capacities):
    return floorplan("85F", LARGE, capacities)


def places(plan, name):
    """Numbers in a cell's name → its site's column and row."""
    return {
        tuple(map(int, re.findall(r"\d+", cell))): tuple(map(int, re.findall(r"[XY](\d+)", site)))
        for cell, site in plan.items()
        if name in cell
    }


def test_the_grid_is_the_devices():
    device = DEVICES["85F"]
    assert len(GRID.multiplier_rows) * len(GRID.multipliers) == device.dsp
    assert len(GRID.memory_rows) * len(GRID.memories) == device.ebr


def test_every_cell_has_a_site_of_its_own(plan, capacities):
    multipliers = LARGE.rows * LARGE.columns // 2 + LARGE.columns
    rams = engine_block_rams(LARGE, capacities)
    names = ("weights", "activations", "patches", "accumulators", "pool rows")
    assert len(plan) == multipliers + sum(rams[name] for name in names)
    assert len(set(plan.values())) == len(plan)
    sites = {
        f"X{x}/Y{y}/{name}"
        for rows, row in (
            (GRID.multiplier_rows, GRID.multipliers),
            (GRID.memory_rows, GRID.memories),
        )
        for y in rows
        for x, name in row
    }
    assert sites > set(plan.values())


def test_multipliers_that_work_together_stand_together(plan):
    """Sums go a site on or a strip down, activations as far as a pair is wide."""
    found = places(plan, "element")
    for (row, pair), (x, y) in found.items():
        if row + 1 < LARGE.rows:
            below = found[row + 1, pair]
            assert below[1] - y in (0, 24) and abs(below[0] - x) <= (6 if below[1] == y else 15)
        if pair + 1 < LARGE.columns // 2:
            right = found[row, pair + 1]
            assert right[1] == y and 0 < right[0] - x <= 16


def test_slices_of_a_word_stand_along_the_device(plan):
    for (_, low), (x, _) in places(plan, "activations").items():
        assert abs(x / 124 - low / 128) < 0.15


@pytest.mark.parametrize(("variant", "engine"), [("45F", "16x8"), ("85F", "16x8"), ("85F", "4x4")])
def test_others_are_left_to_nextpnr(variant, engine, capacities):
    assert floorplan(variant, ENGINES[engine], capacities) == {}


def test_yosys_is_told_that_a_name_means_one_cell():
    lines = script({"a.multiplier*.cell": "X1/Y2/MULT18_0"})
    assert lines == [
        "select -assert-count 1 top/c:a.multiplier*.cell;",
        'setattr -set BEL "X1/Y2/MULT18_0" top/c:a.multiplier*.cell;',
    ]
