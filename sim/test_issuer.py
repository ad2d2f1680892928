"""The issue side alone: what it says, and the very cycle in which it says it."""

import pytest

from hw.fire.issuer import Issuer
from sim import runner
from sim.networks import chosen


@pytest.mark.parametrize(("network", "engine"), [("rings", "6x2"), ("oblong", "8x8-lut3")])
def test_every_cycle(network, engine):
    plan = chosen(network, engine)
    issuer = Issuer(
        format=plan.program.format,
        program=plan.program.words,
        address_bits=plan.program.format.widths["i_base"],
        patch_rows=plan.program.window.ring_rows,
        param_groups=plan.param_groups,
    )
    given = {"network": network, "engine": engine, "seed": 1}
    runner.run(issuer, "sim.bench_issuer", parameters=given)
