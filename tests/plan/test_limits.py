"""What limits each phase."""

from dataclasses import replace

from plan.engine import ENGINES
from plan.limits import limits
from plan.planner import plan
from plan.schedule import phases
from plan.search import plan_within
from spec.squeezenet import published, squeezenet

ENGINE = ENGINES["16x16"]
PAIRS = ENGINES["16x16x2-lut17"]
NETWORK = published("1.1", classes=40, image_size=127)


def test_the_phases_are_the_frame():
    made = plan(squeezenet(), ENGINE)
    found = limits(made)
    assert [one.phase for one in found] == [phase.wide for phase in phases(made.network)]
    assert sum(one.cycles for one in found) == made.cycles
    assert found[1].by == "multipliers" and found[1].busy > 0.95
    assert not any(one.streamed for one in found)


def test_weights_that_come_slowly_and_tiles_that_do_not_fit_are_told_apart():
    usual = plan(NETWORK, ENGINE)
    room = replace(usual.needs(), weight_rows=600, steps=1000, stream_rows=1_000_000)
    kinds = {}
    for words in (2700, 100_000):
        some = replace(room, activation_words=words)
        made = plan_within(NETWORK, ENGINE, some, clock_hz=100_000_000)
        assert some.shortages(made.needs()) == []
        kinds[words] = [one.by for one in limits(made)]
    assert "memory" in kinds[2700] and "memory" not in kinds[100_000]
    # Twice the pixels a cycle, and no more weights.
    made = plan_within(NETWORK, PAIRS, replace(room, activation_words=100_000), clock_hz=10**8)
    assert "SDRAM" in [one.by for one in limits(made) if one.streamed]
    assert "SDRAM" not in [one.by for one in limits(made) if not one.streamed]


def test_patches_that_are_waited_for_are_told_from_results():
    """Two pixels a cycle are more than the window generator makes."""
    one, two = (limits(plan(squeezenet(), engine))[0] for engine in (ENGINE, PAIRS))
    assert (one.by, two.by) == ("multipliers", "window")
