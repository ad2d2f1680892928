"""A core with a network built in is loaded with others: every value is right, on the chip or out of
the SDRAM."""

from dataclasses import replace

import pytest

from plan.capacities import Capacities
from plan.engine import ENGINES
from plan.planner import plan
from plan.schedule import PlanError
from plan.stream import Stream
from sim.behind_sdram import CLOCK_HZ
from sim.compare import compare
from sim.networks import chain, fire
from sim.on_board import BoardCore
from spec import synthetic
from spec.squeezenet import tiny

ENGINE = ENGINES["4x4"]
FIRST = tiny(image_size=16)
SMALL = chain("small", 6, 7, {"channels": 5}, {"channels": 3})
LARGE = chain("large", 12, 11, {"channels": 8}, fire(8, 16, 16), fire(8, 16, 16), {"channels": 3})


def needs(network, streamed=()) -> Capacities:
    stream = Stream.of_sdram(CLOCK_HZ, ENGINE.stream_bits)
    return plan(network, ENGINE, streamed=frozenset(streamed), stream=stream).needs()


@pytest.fixture(scope="module")
def board() -> BoardCore:
    """Its memory has room for the weights of the two small networks, not for the large one's."""
    outside = needs(LARGE, [conv.name for conv in LARGE.convs])
    room = Capacities.covering(needs(FIRST), needs(SMALL), outside)
    room = replace(room, weight_rows=needs(FIRST).weight_rows)
    return BoardCore(
        engine=ENGINE,
        clock_hz=CLOCK_HZ,
        first=synthetic.quantized(FIRST),
        built_in=replace(plan(FIRST, ENGINE), room=room),
    )


@pytest.fixture(scope="module")
def model(board):
    return board.model()


@pytest.mark.parametrize("network", [FIRST, SMALL, LARGE], ids=lambda network: network.name)
def test_every_value(board, model, network):
    quantized = synthetic.quantized(network, seed=5)
    made = board.plan(quantized)
    assert bool(made.stream_rows) == (network is LARGE)
    images = [synthetic.image(network, seed) for seed in range(2)]
    frames = board.observe(model, quantized, made, images)
    for image, frame in zip(images, frames, strict=True):
        assert not any(one.differs for one in compare(frame, quantized, image))
        assert made.cycles_least <= frame.cycles <= made.cycles


def test_too_large(board):
    wide = chain("wide", 400, 400, {"channels": 4, "stride": 2}, {"channels": 3})
    with pytest.raises(PlanError, match=r"wide needs \d.* rows of the image of \d"):
        board.plan(synthetic.quantized(wide))
