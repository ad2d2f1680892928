"""The write side alone: each beat with its pooling and its destination."""

import pytest

from hw.fire.writer import Writer
from plan.instruction import Format
from sim import runner
from sim.networks import chosen

ENGINES = ("6x2", "6x2x2-lut7")


@pytest.mark.parametrize(
    ("network", "engine"),
    [
        (network, engine)
        for network in ("rings", "oblong", "two blocks", "pairs")
        for engine in ENGINES
    ],
)
def test_every_beat(network, engine):
    plan = chosen(network, engine)
    writer = Writer(
        format=Format.of(plan.engine, plan.needs()),
        slots=plan.program.pool_slots,
        address_bits=plan.needs().address_bits,
        lanes=plan.engine.lanes,
        groups=plan.engine.groups(plan.network.classes),
    )
    given = {"network": network, "engine": engine, "seed": 1}
    runner.run(writer, "sim.bench_writer", parameters=given)
