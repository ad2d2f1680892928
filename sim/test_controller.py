"""The Fire controller alone: issuer and writer, in surroundings of any speed."""

import pytest

from sim import runner
from sim.fire_controller import FireController
from sim.networks import CASES, chosen, drawn


@pytest.mark.parametrize(("network", "engine"), CASES)
def test_chosen_plans(network, engine):
    component = FireController(chosen(network, engine))
    bench = {"chosen": [network, engine], "frames": 2, "seed": 1}
    runner.run(component, "sim.bench_controller", parameters=bench)


@pytest.mark.parametrize("number", [1, 4, 15, 22])
def test_drawn_plans(number):
    component = FireController(drawn(number))
    bench = {"drawn": number, "frames": 2, "seed": number}
    runner.run(component, "sim.bench_controller", parameters=bench)
