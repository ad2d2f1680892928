"""Networks and engines drawn at random: what nobody thought of.

The environment variable CARACAL_DRAWS says how many; a failing draw can be repeated by its number.
"""

import os
from random import Random

import pytest

from hw.config import Engine
from hw.core import Core
from hw.image import image as memory_image
from hw.plan import PlanError, plan
from sim.compare import differences
from sim.cosimulate import build, observe
from spec import reference, synthetic
from spec.network import Conv, FeatureMap, Fire, MaxPool, Network


def draw_network(rng: Random) -> Network:
    """Up to four Fire modules and pools in any order; no size is a round number."""
    kernel = rng.choice([1, 2, 3, 3, 4, 5, 7])
    layers: list[Conv | MaxPool | Fire] = [
        Conv(
            name="first",
            i=FeatureMap(3, rng.randint(7, 34), rng.randint(7, 34)),
            channels=rng.randint(1, 14),
            kernel=kernel,
            stride=rng.randint(1, 3),
            padding=rng.randint(0, kernel // 2),
        )
    ]
    for number in range(rng.randint(0, 4)):
        below = layers[-1].o
        if not isinstance(layers[-1], MaxPool) and below.width > 1 and rng.random() < 0.4:
            layers.append(MaxPool(name=f"pool{number}", i=below, kernel=rng.choice([2, 3])))
            continue
        layers.append(
            Fire(
                name=f"fire{number}",
                i=below,
                squeeze_channels=rng.randint(1, 9),
                expand1x1_channels=rng.randint(1, 11),
                expand3x3_channels=rng.randint(1, 11),
            )
        )
    last = Conv(name="last", i=layers[-1].o, channels=rng.randint(1, 9), relu=rng.random() < 0.5)
    return Network("drawn", layers[0].i, (*layers, last))


def draw_engine(rng: Random) -> Engine:
    """Small engines, for they are built quickly; every share of rows on LUTs."""
    rows = rng.choice([4, 5, 6, 7, 8, 9, 10, 12])
    columns = rng.choice([count for count in range(2, rows + 1, 2) if rows % count == 0] or [0])
    if not columns:
        return draw_engine(rng)
    return Engine(
        rows=rows,
        columns=columns,
        lut_rows=rng.choice([0, 0, 1, rows]),
        tile_pixels=rng.choice([16, 32, 64, 100, 512]),
    )


@pytest.mark.parametrize("draw", range(int(os.environ.get("CARACAL_DRAWS", "3"))))
def test_drawn_networks(draw):
    rng = Random(draw)
    while True:
        network, engine = draw_network(rng), draw_engine(rng)
        try:
            planned = plan(network, engine)
            break
        except PlanError:
            continue  # a row of the image is wider than a tile, say
    print(network, engine)
    quantized = synthetic.quantized(network, draw)
    images = [synthetic.image(network, seed) for seed in range(2)]
    model = build(Core(planned, memory_image(quantized, planned)), planned)
    for stall in (0.0, 0.5):
        frames = observe(model, planned, images, i_stall=stall, o_stall=stall, seed=draw + 1)
        for image, frame in zip(images, frames, strict=True):
            counts = differences(frame.tensors, reference.run(quantized, image))
            assert {name: count for name, count in counts.items() if count} == {}
            assert stall or frame.cycles == planned.cycles
