"""A plan's figures, and what it refuses."""

from dataclasses import replace

import pytest

from plan.engine import ENGINES, Engine
from plan.planner import plan
from plan.schedule import PlanError
from spec.network import Conv, FeatureMap, MaxPool, Network
from spec.squeezenet import published, squeezenet, tiny


def test_the_cost_of_the_layers_adds_up_to_the_frame(made):
    assert sum(cost.cycles for cost in made.layers) == made.cycles
    assert sum(cost.macs for cost in made.layers) == made.network.macs
    assert [cost.name for cost in made.layers] == [conv.name for conv in made.network.convs]
    assert 0 < made.utilization < 1


def test_listing_has_a_line_a_step_and_a_region(made):
    lines = made.listing().splitlines()
    assert len([line for line in lines if not line.startswith(";")]) == len(made.program.steps)
    for name in made.program.regions:
        assert any(line.startswith(f"; {name}") for line in lines)


def test_figures_of_the_reference():
    made = plan(squeezenet(), ENGINES["16x16"])
    assert made.cycles == 268_792
    assert made.network.macs == 65_423_232
    assert made.utilization > 0.95
    assert made.multipliers == 144
    assert made.block_rams == {
        "weights": 44,
        "activations": 53,
        "patches": 4,
        "accumulators": 12,
        "parameters": 3,
        "program": 5,
        "pool rows": 4,
        "image lines": 2,
    }


def test_figures_of_the_reference_with_two_pixels_a_cycle():
    made = plan(squeezenet(), ENGINES["16x16x2-lut17"])
    assert made.cycles == 142_624
    assert made.utilization > 0.89
    assert made.multipliers == 152
    assert made.block_rams == {
        "weights": 44,
        "activations": 54,
        "patches": 8,
        "accumulators": 23,
        "parameters": 3,
        "program": 5,
        "pool rows": 8,
        "image lines": 2,
    }


def test_a_pooled_map_of_one_pair_is_refused():
    i = FeatureMap(3, 9, 6)
    first = Conv(name="conv1", i=i, channels=4, kernel=3, stride=3)
    pool = MaxPool(name="pool1", i=first.o, kernel=2)
    network = Network("narrow", i, (first, pool, Conv(name="conv2", i=pool.o, channels=2)))
    plan(network, Engine())
    message = "pool1: an engine of 2 pixels a cycle pools maps at least 3 wide, not 2; one of a"
    with pytest.raises(PlanError, match=message):
        plan(network, Engine(pixels=2))


def _changed(network: Network, index: int, **changes) -> Network:
    """A network with one layer changed, and the layers after it as that layer makes them."""
    layers = list(network.layers)
    layers[index] = replace(layers[index], **changes)
    for below, above in enumerate(range(index + 1, len(layers)), index):
        layers[above] = replace(layers[above], i=layers[below].o)
    return Network(network.name, network.image, tuple(layers))


def test_a_row_wider_than_a_tile_is_refused():
    with pytest.raises(
        PlanError, match="a row of 112 pixels does not fit an accumulator tile of 64"
    ):
        plan(squeezenet(), Engine(tile_pixels=64))


@pytest.mark.parametrize("changes", [{"kernel": 4}, {"kernel": 3, "stride": 1}])
def test_a_pool_the_engine_lacks_is_refused(changes):
    with pytest.raises(PlanError, match="pool1: the engine pools once, 2×2 or 3×3 with stride 2"):
        plan(_changed(tiny(image_size=40), 1, **changes), Engine())


def test_two_pools_in_a_row_are_refused():
    network = tiny(image_size=40)
    conv, pool, *others = network.layers
    layers = [conv, pool, MaxPool(name="again", i=pool.o)]
    for layer in others:
        layers.append(replace(layer, i=layers[-1].o))
    with pytest.raises(PlanError, match="again: the engine pools once"):
        plan(Network("tiny", conv.i, tuple(layers)), Engine())


def test_the_border_of_a_padded_1x1_is_steps_that_read_nothing():
    sizes = {"classes": 20, "image_size": 99}
    plain, padded = (plan(published("1.0", last_padding=p, **sizes), Engine()) for p in (0, 1))
    last = padded.network.last
    blank = [step for step in padded.program.steps if step.fields["blank"]]
    assert sum(step.pixels for step in blank) == last.o.pixels - last.i.pixels
    finals = [step for step in padded.program.steps if step.fields["final"]]
    assert [step.fields["fresh"] for step in finals] == [1] + [0] * (len(finals) - 1)
    assert finals[0] is blank[0] and not any(step.fields["streamed"] for step in blank)
    assert 0 < padded.cycles - plain.cycles < 200
    assert padded.weight_rows == plain.weight_rows
    assert padded.network.macs > plain.network.macs and padded.utilization < plain.utilization
    # In a small engine, the border takes several.
    small = plan(
        published("1.0", last_padding=1, **sizes), Engine(rows=8, columns=8, tile_pixels=49)
    )
    pixels = [step.pixels for step in small.program.steps if step.fields["blank"]]
    assert sum(pixels) == last.o.pixels - last.i.pixels and max(pixels) <= 49


def test_an_image_that_is_not_rgb_is_refused():
    i = FeatureMap(1, 16, 16)
    first = Conv(name="conv1", i=i, channels=4, kernel=3)
    network = Network("grey", i, (first, Conv(name="conv2", i=first.o, channels=2)))
    with pytest.raises(PlanError, match="must have 3 channels, not 1"):
        plan(network, Engine())


@pytest.mark.parametrize(
    ("size", "changes", "message"),
    [
        (4, {}, "conv1: width must be at least 5, not 4"),
        (24, {"padding": 3}, "conv1: padding must be from 0 to 2, not 3"),
    ],
)
def test_patches_the_window_generator_cannot_make_are_refused(size, changes, message):
    with pytest.raises(PlanError, match=message):
        plan(_changed(tiny(image_size=size), 0, **changes), Engine())
