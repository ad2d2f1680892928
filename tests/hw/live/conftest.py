"""The simulator around single parts."""

import pytest
from amaranth.sim import Simulator


def run(component, *benches, background=()) -> None:
    simulator = Simulator(component)
    simulator.add_clock(1e-6)
    for bench in benches:
        simulator.add_testbench(bench)
    for bench in background:
        simulator.add_testbench(bench, background=True)
    simulator.run()


@pytest.fixture
def simulate():
    """A function that runs benches on a component until those not in the background end."""
    return run
