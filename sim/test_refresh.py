"""Refreshes of the SDRAM: where the plan says that they delay no pass, none does; where it says
that they may, a frame takes longer, and no longer than it says."""

from dataclasses import replace
from fractions import Fraction

import pytest

from plan.capacities import Capacities
from plan.contents import contents
from plan.engine import ENGINES
from plan.planner import Plan, plan
from plan.sdram import WAY, words
from plan.stream import Stream
from sim import behind_sdram, cosimulate
from sim.behind_sdram import CLOCK_HZ, streamed_core
from sim.networks import chain, fire
from sim.sdram_chip import CHIP
from spec import reference, synthetic
from spec.network import Network

ENGINE = ENGINES["8x8"]
"""Eight rows of four words: a pass's come in 32 cycles, or in 32.6 with refreshes."""
STREAM = Stream.of_sdram(CLOCK_HZ, ENGINE.stream_bits)
UNDISTURBED = replace(STREAM, row_cycles=Fraction(words(ENGINE.stream_bits)), delay=WAY)
"""A bound, too, of what the SDRAM would bring if nothing had to be refreshed."""
FRAMES = 3


def network(height: int, width: int) -> Network:
    """Every pass of it takes as many cycles as its image has pixels."""
    return chain(
        f"{height}×{width}", height, width, {"channels": 8}, fire(64, 8, 64), {"channels": 3}
    )


def planned(made: Network, stream: Stream) -> Plan:
    """All weights but the first convolution's from outside."""
    names = frozenset(conv.name for conv in made.convs[1:])
    return plan(made, ENGINE, streamed=names, stream=stream)


#: A pass is a little shorter than its rows take to come, and a little longer.
NETWORKS = {"delayed": network(4, 8), "in time": network(3, 11)}


@pytest.fixture(scope="module")
def capacities():
    return Capacities.covering(*(planned(one, STREAM).needs() for one in NETWORKS.values()))


@pytest.mark.parametrize("name", NETWORKS)
def test_counted(name, capacities, tmp_path):
    made = NETWORKS[name]
    quantized = synthetic.quantized(made)
    told = planned(made, STREAM)
    first = next(iter(NETWORKS.values()))
    held = contents(synthetic.quantized(first), planned(first, STREAM), capacities)
    model = cosimulate.build(streamed_core(ENGINE, capacities, held), told, cells=[CHIP])
    memories = contents(quantized, told, capacities)
    behind_sdram.write(memories.stream, ENGINE.stream_bits, tmp_path / "rows.hex")
    images = [synthetic.image(made, seed) for seed in range(FRAMES)]
    loads = cosimulate.loads(memories, ENGINE, capacities)
    ((*frames,),) = cosimulate.observe_runs(
        model,
        [cosimulate.Run(plan=told, images=images, loads=loads)],
        settings={"sdram": tmp_path / "rows.hex"},
    )
    for image, frame in zip(images, frames, strict=True):
        right = reference.run(quantized, image)
        assert all((frame.tensors[tensor] == right[tensor]).all() for tensor in right)
    counts = [frame.cycles for frame in frames]
    undisturbed = planned(made, UNDISTURBED)
    assert undisturbed.exact
    assert told.exact == (name == "in time")
    if told.exact:
        assert counts == [told.cycles] * FRAMES
    else:
        assert undisturbed.cycles < min(counts)
        assert max(counts) <= told.cycles
