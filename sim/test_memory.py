"""The memory as instantiated, with every shape of block RAM, equals its twin and a plain list."""

from random import Random

import pytest

from hw.ecp5.memory import Memory
from plan.block_rams import banks
from sim import runner
from sim.on_ecp5 import CELLS, TwinAndCells


@pytest.mark.parametrize(
    ("width", "depth", "lanes", "shapes", "more"),
    [
        (36, 3500, 1, {9, 18, 36}, {}),
        (40, 2500, 2, {9, 36}, {}),
        (7, 5, 1, {36}, {}),
        (40, 2500, 1, {9, 36}, {"parts": 4, "early": True}),
        (36, 3500, 2, {9}, {"parts": 3}),
    ],
)
def test_cells_and_twin_read_back(width, depth, lanes, shapes, more):
    assert {bank.slice_width for bank in banks(width // lanes, depth)} == shapes
    rng = Random(1)
    init = [rng.getrandbits(width) for _ in range(depth - 10)]
    size = {"width": width, "depth": depth, "lanes": lanes, "init": init}
    runner.run(
        TwinAndCells(Memory(**size, **more), Memory(**size, **more)),
        "sim.bench_memory",
        name="memory",
        cells=CELLS,
        parameters=size | {"early": more.get("early", False), "seed": 1, "cycles": 4000},
    )
