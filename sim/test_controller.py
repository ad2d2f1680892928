"""The Fire controller alone: issuer and writer, in surroundings of any speed."""

import pytest

from sim import runner
from sim.fire_controller import FireController
from sim.networks import CASES, OF_TWO_PIXELS, chosen, drawn

#: What :mod:`sim.expected` says nothing of: a border of nothing but padding.
PADDED = "padded"

TWO = [case for case in OF_TWO_PIXELS if case[0] != PADDED]


@pytest.mark.parametrize(("network", "engine"), [*CASES, *TWO, ("pairs", "6x2x2-lut7")])
def test_chosen_plans(network, engine):
    component = FireController(chosen(network, engine))
    bench = {"chosen": [network, engine], "frames": 2, "seed": 1}
    runner.run(component, "sim.bench_controller", parameters=bench)


@pytest.mark.parametrize(
    ("number", "pairs"),
    [(1, False), (4, False), (15, False), (22, False), (5, True), (21, True), (33, True)],
)
def test_drawn_plans(number, pairs):
    plan = drawn(number, pairs=pairs)
    bench = {"drawn": number, "pairs": pairs, "frames": 2, "seed": number}
    runner.run(FireController(plan), "sim.bench_controller", parameters=bench)
