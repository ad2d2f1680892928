"""Stages pass everything, whoever waits; no wire leads through them."""

import pytest
from amaranth.hdl import unsigned

from hw.stage import Skid, Stage
from sim import runner


@pytest.mark.parametrize("kind", [Stage, Skid])
def test_a_stage_passes_everything(kind):
    runner.run(kind(unsigned(8)), "sim.bench_streams", parameters={"seed": 1})
