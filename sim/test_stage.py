"""A stage passes everything, whoever waits; no wire leads through it."""

from amaranth.hdl import unsigned

from hw.board.stage import Stage
from sim import runner


def test_a_stage_passes_everything():
    runner.run(Stage(unsigned(8)), "sim.bench_streams", parameters={"seed": 1})
