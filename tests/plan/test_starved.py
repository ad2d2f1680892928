"""The prediction for late pixels. The proof of the numbers is the circuit, in sim/test_core.py."""

import pytest

from plan.engine import ENGINES
from plan.planner import plan
from plan.starved import _common, frame_time, line_time
from sim.networks import chain
from spec.protocol import CHUNK_BYTES


def test_pixels_in_time_are_the_plan(made):
    on_time = frame_time(made.program, [0] * made.network.image.pixels)
    assert (on_time.elapsed, on_time.starved) == (made.cycles, 0)


def test_when_the_first_pixel_comes_changes_nothing(made):
    count = made.network.image.pixels
    late = frame_time(made.program, [1000] * count)
    assert (late.elapsed, late.cycles) == (made.cycles, made.cycles)


def test_a_frame_that_waits_for_every_pixel_ends_after_the_last_one(made):
    count = made.network.image.pixels
    period = 10 * made.cycles // count
    slow = frame_time(made.program, [period * number for number in range(count)])
    # All pixels but those that no patch needs are waited for.
    assert slow.elapsed > period * (count - made.network.image.width * 3)
    assert slow.starved > 0


def test_a_frame_has_as_many_pixels_as_the_image(made):
    with pytest.raises(ValueError, match=f"a frame has {made.network.image.pixels} pixels, not 1"):
        frame_time(made.program, [0])


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        ([(0, 10)], [(2, 4), (6, 20)], 6),
        ([(0, 3), (5, 9)], [(1, 7)], 4),
        ([(0, 2)], [(2, 4)], 0),
        ([(5, 5), (7, 6)], [(0, 100)], 0),
        ([], [(0, 1)], 0),
    ],
)
def test_cycles_in_both(one, other, count):
    assert _common(one, other) == count


def test_what_counts_of_an_image_from_a_line_does_not_depend_on_its_rate(made):
    slow, slower = (line_time(made.program, cycles) for cycles in (10**6, 2 * 10**6))
    assert slow.cycles == slower.cycles
    several = 3 * made.network.image.pixels > 2 * CHUNK_BYTES
    assert slower.elapsed > slow.elapsed + 10**5 if several else slow.cycles > 0


def test_pixels_that_no_patch_needs_are_waited_for_while_rows_are():
    # Of 9 rows a first convolution without padding, stride 3, has no use for the last two.
    network = chain("late", 9, 9, {"channels": 4, "stride": 3}, {"channels": 3})
    made = plan(network, ENGINES["4x4"])
    count = network.image.pixels
    on_time = [0] * count
    needed = 7 * 9
    late = [*on_time[:needed], *range(10**4, 10**4 + count - needed)]
    one, other = (frame_time(made.program, offered) for offered in (on_time, late))
    assert one.elapsed == other.elapsed and other.starved > one.starved == 0
