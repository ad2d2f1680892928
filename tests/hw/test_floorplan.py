"""The large engines' multipliers and block RAMs have sites of their own; others have none."""

import re
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from hw.design import Design
from hw.floorplan import GRIDS, floorplan, script
from plan.device import DEVICES
from plan.engine import ENGINES
from plan.memories import engine_block_rams
from spec.models import packaged

LARGE = ENGINES["16x16"]
PAIRS = ENGINES["16x16x2-lut17"]
GRID = GRIDS["85F"]


@cache
def room(engine):
    model = Path(packaged())
    return Design.load(model, engine, 100_000_000, device=DEVICES["85F"], sdram=True).capacities


@pytest.fixture(scope="module", params=[LARGE, PAIRS], ids=str)
def engine(request):
    return request.param


@pytest.fixture(scope="module")
def plan(engine):
    return floorplan("85F", engine, room(engine))


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


def test_every_cell_has_a_site_of_its_own(plan, engine):
    rams = engine_block_rams(engine, room(engine))
    names = ("weights", "activations", "patches", "accumulators", "pool rows")
    assert len(plan) == engine.multipliers + sum(rams[name] for name in names)
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


def test_multipliers_that_work_together_stand_together(plan, engine):
    """Sums go a site on or a strip down, activations as far as a pair is wide, and to another strip
    once at most."""
    found = places(plan, "element")
    on_luts = max(0, engine.lut_rows - engine.rows * (engine.pixels - 1))
    assert len(found) == (engine.rows - on_luts) * engine.columns // 2
    for (row, pair), (x, y) in found.items():
        if (row + 1, pair) in found:
            below = found[row + 1, pair]
            assert below[1] - y in (0, 24) and abs(below[0] - x) <= (6 if below[1] == y else 20)
        if (row, pair + 1) in found:
            right = found[row, pair + 1]
            assert (right[1] == y and 0 < right[0] - x <= 20) or abs(right[1] - y) == 24
    for row in range(engine.rows - on_luts):
        strips = [found[row, pair][1] for pair in range(engine.columns // 2)]
        assert sum(a != b for a, b in pairwise(strips)) <= 1


def test_requantizers_stand_below_what_they_take(plan, engine):
    sums, last = places(plan, "element"), engine.rows - 1
    while (last, 0) not in sums:
        last -= 1
    for (column,), (x, y) in places(plan, "requantizer").items():
        above = sums[last, column % engine.columns // 2]
        assert y == GRID.multiplier_rows[-1] == above[1] and 0 < x - above[0] <= 12


def test_two_pixels_that_share_weights_share_a_strip():
    plan = floorplan("85F", ENGINES["16x8x2"], room(ENGINES["16x8x2"]))
    first, second = places(plan, "element"), places(plan, "follower")
    assert first.keys() == second.keys() and len(first) == 16 * 4
    for place, (x, y) in first.items():
        assert second[place][1] == y and 0 < second[place][0] - x <= 6


def test_slices_of_a_word_stand_along_the_device(plan, engine):
    for odd in ("", "_odd")[: engine.pixels]:
        for (_, low), (x, _) in places(plan, f"activations{odd}.").items():
            assert abs(x / 124 - low / 128) < 0.15


def test_totals_stand_where_their_columns_do(plan, engine):
    columns, bits = places(plan, "element"), engine.accumulator_bits
    last = engine.pixels * engine.columns * bits - 1
    for (_, low), (x, _) in places(plan, "accumulator").items():
        column = min(low + 18, last) // bits % engine.columns  # in the slice's middle
        assert abs(x - columns[0, column // 2][0]) < 30


@pytest.mark.parametrize(("variant", "name"), [("45F", "16x8"), ("85F", "16x8"), ("85F", "4x4")])
def test_others_are_left_to_nextpnr(variant, name):
    assert floorplan(variant, ENGINES[name], room(LARGE)) == {}


def test_yosys_is_told_that_a_name_means_one_cell():
    lines = script({"a.multiplier*.cell": "X1/Y2/MULT18_0"})
    assert lines == [
        "select -assert-count 1 top/c:a.multiplier*.cell;",
        'setattr -set BEL "X1/Y2/MULT18_0" top/c:a.multiplier*.cell;',
    ]
