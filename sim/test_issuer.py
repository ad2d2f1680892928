"""The issue side alone: what it says, and the very cycle in which it says it."""

import pytest

from plan.instruction import Format
from sim import runner
from sim.networks import chosen
from sim.stored import StoredProgram


@pytest.mark.parametrize(
    ("network", "engine"),
    [("rings", "6x2"), ("oblong", "8x8-lut3"), ("rings", "6x2x2-lut7"), ("oblong", "8x4x2")],
)
def test_every_cycle(network, engine):
    plan = chosen(network, engine)
    format = Format.of(plan.engine, plan.needs())
    issuer = StoredProgram(
        format=format,
        program=[format.encode(step.fields) for step in plan.program.steps],
        address_bits=plan.needs().address_bits,
        patch_rows=plan.program.window.ring_rows,
        param_groups=plan.param_groups,
    )
    given = {"network": network, "engine": engine, "seed": 1}
    runner.run(issuer, "sim.bench_issuer", parameters=given)
