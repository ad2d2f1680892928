"""The words of tensors, and where they lie."""

from itertools import pairwise

from plan.memory_map import Region
from plan.schedule import phases


def test_every_input_channel_has_one_byte(made):
    for conv in made.network.convs:
        words = made.inputs[conv.name]
        assert all(len(plane) == made.engine.rows for plane in words)
        channels = [channel for plane in words for channel in plane if channel != -1]
        patch = conv == made.network.first
        assert sorted(channels) == [*range(conv.i.channels * (conv.taps if patch else 1))]


def test_rings_and_narrow_tensors_lie_apart(made):
    """A phase's ring, what it reads and what it makes are alive at once."""
    work = phases(made.network)
    narrow = [made.program.regions[phase.consumer.name] for phase in work[:-1]]
    rings = [made.program.regions[phase.wide] for phase in work]
    for ring, *others in zip(rings, [None, *narrow], [*narrow, None], strict=True):
        alive = [ring, *(region for region in others if region)]
        spans = sorted((region.base, region.base + region.words) for region in alive)
        assert all(before[1] <= after[0] for before, after in pairwise(spans))
        assert spans[0][0] >= 0
        assert spans[-1][1] <= made.program.activation_words


def test_a_narrow_tensor_is_whole_and_a_ring_is_not_larger(made):
    shapes = dict(made.network.tensors())
    for name, region in made.program.regions.items():
        shape = shapes[name]
        assert region.width == made.engine.across(shape.width)
        assert region.plane % region.width == 0
        assert region.plane <= shape.height * region.width
        if name.endswith("squeeze"):
            assert region.plane == shape.height * region.width


def test_rows_of_a_ring_alias():
    region = Region(tensor="wide", base=7, plane=12, planes=2, width=4)
    assert [region.offset(row) for row in range(5)] == [0, 4, 8, 0, 4]
    assert region.words == 24
