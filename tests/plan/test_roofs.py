"""No plan is faster than a roof of its chip, and each roof can be the one that limits."""

from dataclasses import replace

import pytest

from plan.engine import ENGINES
from plan.planner import plan
from plan.roofs import lowest, roofs
from plan.search import plan_within
from spec.squeezenet import published, squeezenet, tiny

CLOCK_HZ = 100_000_000


def by_name(made):
    return {one.name: one.frames for one in roofs(made, CLOCK_HZ)}


@pytest.mark.parametrize("engine", ["16x16", "16x16x2-lut17", "16x8x2", "4x4"])
@pytest.mark.parametrize("network", [squeezenet(), tiny(image_size=33)], ids=["reference", "tiny"])
def test_no_plan_is_faster_than_its_roofs(network, engine):
    made = plan(network, ENGINES[engine])
    found = roofs(made, CLOCK_HZ)
    assert CLOCK_HZ / made.cycles <= lowest(found).frames
    assert made.cycles / (CLOCK_HZ / by_name(made)["multipliers"]) == pytest.approx(
        1 / made.utilization
    )


def test_the_multipliers_limit_the_reference_network():
    made = plan(squeezenet(), ENGINES["16x16"])
    assert lowest(roofs(made, CLOCK_HZ)).name == "multipliers"
    assert "SDRAM" not in by_name(made)
    # A camera or a line is not of the chip, however slow.
    assert by_name(made)["serial line"] < by_name(made)["camera"] < CLOCK_HZ / made.cycles


def test_the_window_limits_a_network_of_little_but_pixels():
    made = plan(tiny(image_size=128), ENGINES["16x16x2-lut17"])
    limit = lowest(roofs(made, CLOCK_HZ))
    assert limit.name == "window" and limit.frames == pytest.approx(CLOCK_HZ / 128**2, rel=0.01)


def test_the_sdram_limits_large_weights_on_two_pixels_a_cycle():
    network = published("1.1", classes=40, image_size=127)
    engine = ENGINES["16x16x2-lut17"]
    room = replace(plan(network, engine).needs(), weight_rows=600, steps=1000)
    room = replace(room, stream_rows=1_000_000, activation_words=100_000)
    made = plan_within(network, engine, room, clock_hz=CLOCK_HZ)
    limit = lowest(roofs(made, CLOCK_HZ))
    assert limit.name == "SDRAM" and CLOCK_HZ / made.cycles <= limit.frames
    # 16 bytes a row, of two bytes a cycle less what refreshes take.
    assert limit.frames == pytest.approx(1.95 * CLOCK_HZ / (16 * made.stream_rows), rel=0.02)
