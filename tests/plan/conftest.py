"""Plans to look at: networks of the family with odd sizes, on engines of many shapes."""

import pytest

from plan.engine import ENGINES, Engine
from plan.planner import Plan, plan
from spec.network import Conv, FeatureMap, Fire, MaxPool, Network
from spec.squeezenet import published, squeezenet, tiny


def _network(height: int, width: int, *layers: tuple[type, dict]) -> Network:
    """Layers one after the other, on an image that need not be square; names may have dots."""
    image = below = FeatureMap(3, height, width)
    made = []
    for index, (kind, sizes) in enumerate(layers):
        made.append(kind(name=f"features.{index}", i=below, **sizes))
        below = made[-1].o
    return Network(f"{height}×{width}", image, tuple(made))


def _fire(squeeze: int, one: int, three: int) -> tuple[type, dict]:
    sizes = {"squeeze_channels": squeeze, "expand1x1_channels": one, "expand3x3_channels": three}
    return Fire, sizes


NETWORKS = {
    "reference": squeezenet(),
    "tiny": tiny(),
    "odd": tiny(image_size=29, classes=7, blocks=2, num_filters=12),
    "pool 2": tiny(image_size=37, classes=10, blocks=3, pool_kernel=2),
    "one class": tiny(image_size=24, classes=1, blocks=2, pool_kernel=2, num_filters=20),
    "conv1 7×7": tiny(image_size=41, conv1_kernel=7, conv1_padding=0, num_filters=24, blocks=2),
    "conv1 5×5, stride 1": tiny(image_size=19, conv1_kernel=5, conv1_stride=1, conv1_padding=2),
    "conv1 1×1": tiny(image_size=13, conv1_kernel=1, conv1_stride=3, conv1_padding=0),
    "four blocks": tiny(image_size=75, classes=40, blocks=4, freq=3, incr_e=16),
    "uneven expands": tiny(image_size=33, base_e=16, pct_3x3=0.25, squeeze_ratio=0.375),
    "odd channels": _network(
        21,
        34,
        (Conv, {"channels": 13, "kernel": 3, "stride": 2, "padding": 1}),
        _fire(5, 7, 3),
        (MaxPool, {}),
        _fire(19, 1, 33),
        _fire(3, 18, 18),
        (Conv, {"channels": 11, "relu": False}),
    ),
    "no pool": _network(
        17,
        9,
        (Conv, {"channels": 16, "kernel": 3, "padding": 1}),
        _fire(8, 8, 8),
        _fire(24, 40, 12),
        (Conv, {"channels": 5}),
    ),
    "pool before the last": _network(
        18,
        31,
        (Conv, {"channels": 8, "kernel": 4, "stride": 2}),
        _fire(4, 8, 8),
        (MaxPool, {"kernel": 2}),
        (Conv, {"channels": 33}),
    ),
    "no Fire": _network(
        11, 14, (Conv, {"channels": 6, "kernel": 3}), (MaxPool, {}), (Conv, {"channels": 4})
    ),
    "two convolutions": _network(
        6, 5, (Conv, {"channels": 9, "kernel": 3}), (Conv, {"channels": 2})
    ),
    "1.1, small": published("1.1", classes=12, image_size=79),
    "1.0, small": published("1.0", classes=3, image_size=83),
}

LARGE = {"reference", "1.1, small", "1.0, small"}

ENGINES_TRIED = ENGINES | {
    "short tiles": Engine(rows=8, columns=4, tile_pixels=48),
    "12x6": Engine(rows=12, columns=6, tile_pixels=128),
    "32x16": Engine(rows=32, columns=16, lut_rows=5),
    "8x4x2": Engine(rows=8, columns=4, pixels=2),
    "8x8x2, short tiles": Engine(rows=8, columns=8, pixels=2, lut_rows=11, tile_pixels=48),
}


def _pairs() -> list[tuple[str, str]]:
    """Each network on four engines, each engine in turn; the large ones on one."""
    engines = list(ENGINES_TRIED)
    turn = 0
    pairs = []
    for network in NETWORKS:
        count = 1 if network in LARGE else 4
        for _ in range(count):
            pairs.append((network, engines[turn % len(engines)]))
            turn += 1
    return pairs


@pytest.fixture(scope="session", params=_pairs(), ids=" on ".join)
def made(request) -> Plan:
    """The plan of a network on an engine."""
    network, engine = request.param
    return plan(NETWORKS[network], ENGINES_TRIED[engine])
