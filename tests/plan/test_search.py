"""Tiles and places of weights that are chosen for capacities, and what they cost."""

from dataclasses import replace
from fractions import Fraction

import pytest

from plan.capacities import Capacities
from plan.engine import ENGINES
from plan.planner import plan
from plan.search import plan_within
from plan.stream import Stream, StreamTiming
from plan.timing import step_times
from spec.squeezenet import published, tiny

ENGINE = ENGINES["16x16"]
CLOCK_HZ = 100_000_000
NETWORK = published("1.1", classes=40, image_size=79)
USUAL = plan(NETWORK, ENGINE)


def within(network=NETWORK, **changes):
    room = replace(plan(network, ENGINE).needs(), steps=1000, **changes)
    made = plan_within(network, ENGINE, room, clock_hz=CLOCK_HZ)
    return made, room.shortages(made.needs())


def test_what_fits_as_it_is_is_left_as_it_is():
    made, missing = within(stream_rows=100_000)
    assert not missing and made.program == USUAL.program


def test_weights_that_do_not_fit_come_from_outside():
    made, missing = within(weight_rows=2000, activation_words=4000, stream_rows=200_000)
    assert not missing
    assert 0 < made.weight_rows <= 2000 and made.stream_rows > 0
    assert USUAL.weight_rows - made.weight_rows == sum(
        made.passes(conv) * 16 for conv in NETWORK.convs if conv.name in made.streamed
    )
    # No dearer than without a choice: all weights from outside, the usual tiles.
    names = frozenset(conv.name for conv in NETWORK.convs[1:])
    stream = Stream.of_sdram(CLOCK_HZ, ENGINE.stream_bits)
    assert made.cycles < plan(NETWORK, ENGINE, streamed=names, stream=stream).cycles


def test_less_room_for_activations_makes_tiles_smaller():
    words = USUAL.program.activation_words
    made, missing = within(activation_words=words - 200)
    assert not missing and made.program.activation_words <= words - 200
    assert made.cycles < 1.02 * USUAL.cycles


def test_what_cannot_fit_is_planned_as_usual_and_says_what_is_missing():
    made, missing = within(weight_rows=100)
    assert made.program == USUAL.program
    assert missing == [f"{USUAL.weight_rows} weight rows of 100"]


@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_a_thousand_classes_with_weights_from_outside(version):
    """What a board with an SDRAM is to hold; the figures are those that were asked for."""
    network = published(version, image_size=224 if version == "1.1" else 227)
    cycles = {"1.1": 1_384_000, "1.0": 3_448_000}[version]
    room = replace(
        plan(network, ENGINE).needs(),
        weight_rows=5424,
        activation_words=11_000,
        steps=1024,
        stream_rows=1_000_000,
    )
    made = plan_within(network, ENGINE, room, clock_hz=CLOCK_HZ)
    assert room.shortages(made.needs()) == []
    assert made.cycles <= cycles


def test_without_room_for_a_store_the_stream_sets_the_pace():
    """Each pass waits for its rows where they come slower than its pixels go."""
    network = tiny(image_size=24)
    names = frozenset(conv.name for conv in network.convs)
    slow = Stream(row_cycles=Fraction(7), delay=0, store_rows=16)
    made = plan(network, ENGINE, streamed=names, stream=slow)
    passes = sum(step.passes for step in made.program.steps)
    assert made.cycles > (passes - 1) * 16 * 7
    inside = plan(network, ENGINE)
    assert inside.exact and not made.exact and made.cycles_least == inside.cycles
    fast = replace(slow, row_cycles=Fraction(1), store_rows=512)
    in_time = plan(network, ENGINE, streamed=names, stream=fast)
    assert in_time.exact and in_time.cycles == inside.cycles


def test_more_delay_never_makes_a_step_earlier():
    network = tiny(image_size=24)
    names = frozenset(conv.name for conv in network.convs[1:])
    stream = Stream(row_cycles=Fraction(25, 3), delay=0, store_rows=64)
    before = None
    for delay in range(0, 200, 7):
        made = plan(network, ENGINE, streamed=names, stream=replace(stream, delay=delay))
        starts = [time.start for time in step_times(made.program)]
        assert before is None or all(a <= b for a, b in zip(before, starts, strict=True))
        before = starts


def test_rows_come_at_their_rate_and_only_when_there_is_room():
    timing = StreamTiming(Stream(row_cycles=Fraction(5, 2), delay=10, store_rows=8), rows=2)
    assert [timing.rows_there() for _ in range(3)] == [15, 20, 25]
    for cycle in (100, 200, 300):
        timing.take(cycle)
    # The fourth pass has room when the first one is taken, ten cycles later, in five more.
    assert timing.rows_there() == 115
    full = StreamTiming(
        Stream(row_cycles=Fraction(5, 2), delay=10, store_rows=8), rows=2, full=True
    )
    assert full.rows_there() <= 0


def test_a_stream_that_is_none_is_refused():
    with pytest.raises(ValueError, match="must take at least one cycle"):
        Stream(row_cycles=Fraction(1, 2), delay=0, store_rows=1)
    with pytest.raises(ValueError, match="nothing brings the weights"):
        plan(tiny(), ENGINE, streamed=frozenset({"conv1"}))


def test_one_network_s_room_is_another_s():
    small, large = (plan(tiny(image_size=size), ENGINE).needs() for size in (16, 40))
    room = Capacities.covering(small, large)
    for size in (16, 40):
        made = plan_within(tiny(image_size=size), ENGINE, room, clock_hz=CLOCK_HZ)
        assert room.shortages(made.needs()) == []
