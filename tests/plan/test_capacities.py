"""Capacities: what covers what, and what is missing, in words."""

from dataclasses import fields, replace

import pytest

from plan.capacities import NAMES, Capacities
from plan.engine import ENGINES
from plan.memories import NETWORK, engine_block_rams, fingerprint, memories
from plan.planner import plan
from spec.squeezenet import squeezenet, tiny

ENGINE = ENGINES["16x16"]
SMALL, LARGE = (plan(network, ENGINE).needs() for network in (tiny(), squeezenet()))


def test_every_capacity_has_its_words():
    assert [*NAMES] == [field.name for field in fields(Capacities)]


def test_what_covers_two_networks_lacks_nothing_for_either():
    wide = replace(SMALL, kernel=9)
    both = Capacities.covering(wide, LARGE)
    assert both.kernel == 9 and both.steps == LARGE.steps
    assert both.shortages(wide) == both.shortages(LARGE) == []
    assert "9 kernel of the first convolution of 3" in LARGE.shortages(wide)


def test_nothing_is_refused():
    with pytest.raises(ValueError, match=r"^classes must be at least 1, not 0$"):
        replace(SMALL, classes=0)
    with pytest.raises(ValueError, match=r"stream must be at least 0, not -1$"):
        replace(SMALL, stream_rows=-1)


def test_weights_from_outside_take_a_store_and_no_memory():
    streamed = replace(LARGE, stream_rows=1_000_000)
    assert streamed.streamed and not LARGE.streamed
    outside, inside = (engine_block_rams(ENGINE, one) for one in (streamed, LARGE))
    assert outside.pop("weight store") == 4
    assert outside.pop("program") == inside.pop("program") + 1  # which are streamed
    assert outside == inside
    assert LARGE.shortages(streamed) == ["1000000 weight rows of a frame's stream of 0"]


def test_a_class_sum_fits_its_bits():
    assert LARGE.sum_bits == 17
    assert LARGE.positions * 255 < 1 << LARGE.sum_bits - 1


def test_memories_are_numbered_in_one_order():
    sizes = memories(ENGINE, LARGE)
    assert tuple(sizes) == NETWORK[:-1]
    outside = memories(ENGINE, replace(LARGE, stream_rows=9))
    assert tuple(outside) == NETWORK
    assert (outside["stream"].bits, outside["stream"].depth) == (8 * ENGINE.columns, 9)
    assert sizes["weights"].bits == ENGINE.weight_bits
    assert sizes["params"].depth == LARGE.param_groups * ENGINE.columns


def test_engines_that_take_other_networks_have_other_fingerprints():
    engines = [(ENGINE, LARGE), (ENGINE, SMALL), (ENGINES["16x8"], LARGE)]
    engines.append((ENGINE, replace(LARGE, stream_rows=1)))
    assert len({fingerprint(*one) for one in engines}) == len(engines)
    assert fingerprint(ENGINE, LARGE) == fingerprint(ENGINE, replace(LARGE))
    assert len(fingerprint(ENGINE, LARGE)) == 8
