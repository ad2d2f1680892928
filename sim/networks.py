"""Networks and engines to prove the circuit on: some chosen, others drawn at random."""

from random import Random

from plan.engine import ENGINES as PRESETS
from plan.engine import Engine
from plan.planner import Plan, plan
from plan.schedule import PlanError
from spec.network import Conv, FeatureMap, Fire, MaxPool, Network
from spec.squeezenet import tiny


def chain(name: str, height: int, width: int, *layers: dict) -> Network:
    """A network from the layers' own parameters; each takes what the one before gives."""
    below = FeatureMap(3, height, width)
    made = []
    for number, parameters in enumerate(layers):
        kind = parameters.pop("kind", Conv)
        made.append(kind(name=f"{kind.__name__.lower()}{number}", i=below, **parameters))
        below = made[-1].o
    return Network(name, made[0].i, tuple(made))


def fire(squeeze: int, one: int, three: int) -> dict:
    return {
        "kind": Fire,
        "squeeze_channels": squeeze,
        "expand1x1_channels": one,
        "expand3x3_channels": three,
    }


def pool(kernel: int) -> dict:
    return {"kind": MaxPool, "kernel": kernel}


NETWORKS = {
    # A Fire module alone: before and after it, only single pixels are looked at.
    "fire": lambda: chain("fire", 7, 5, {"channels": 8}, fire(4, 8, 4), {"channels": 3}),
    # Nothing is a multiple of anything; unequal expands; padding of 2; signed results.
    "oblong": lambda: chain(
        "oblong",
        29,
        18,
        {"channels": 10, "kernel": 5, "stride": 3, "padding": 2},
        pool(2),
        fire(3, 7, 2),
        pool(3),
        {"channels": 6, "relu": False},
    ),
    # A first kernel as wide as that of SqueezeNet 1.0, and three Fire modules without a pool.
    "wide kernel": lambda: chain(
        "wide",
        25,
        33,
        {"channels": 7, "kernel": 7, "stride": 2},
        pool(3),
        fire(5, 4, 9),
        fire(2, 5, 5),
        fire(6, 3, 4),
        {"channels": 11},
    ),
    # The last convolution is a single pass: its tiles can follow each other at once. On small
    # tiles, the ring of patches goes round five times.
    "two layers": lambda: chain(
        "two", 40, 30, {"channels": 4, "kernel": 3, "stride": 2, "padding": 1}, {"channels": 3}
    ),
    # Tiles that begin at a ring's end and go on at its start, when written and when read.
    "rings": lambda: chain(
        "rings", 13, 7, {"channels": 4, "kernel": 3, "padding": 1}, fire(2, 4, 4), {"channels": 3}
    ),
    # Windows of a pool cut by tiles: both expands' partial maxima wait in the row buffer at once.
    "cut windows": lambda: chain(
        "cut",
        15,
        11,
        {"channels": 4, "kernel": 3, "padding": 1},
        fire(2, 4, 4),
        pool(3),
        {"channels": 3},
    ),
    # With two pixels a cycle, a row's last window of 3×3 ends in either bank, with half a pair too.
    "pairs": lambda: chain(
        "pairs",
        14,
        9,
        {"channels": 5, "kernel": 3, "padding": 1},
        pool(3),
        fire(3, 5, 4),
        pool(3),
        {"channels": 3},
    ),
    # The last convolution's border, of more pixels than a small engine's tile: nothing but padding.
    "padded": lambda: chain(
        "padded",
        24,
        18,
        {"channels": 4, "kernel": 3, "stride": 2, "padding": 1},
        fire(2, 4, 4),
        {"channels": 5, "padding": 1, "relu": False},
    ),
    # Steps of a single pass of a cycle; all pixels but the first come for no patch.
    "point": lambda: chain("point", 5, 5, {"channels": 2, "stride": 5}, {"channels": 2}),
    "two blocks": lambda: tiny(image_size=27, blocks=2, num_filters=12, classes=5),
    "tiny": tiny,
}
ENGINES = PRESETS | {
    "6x2": Engine(rows=6, columns=2, lut_rows=1, tile_pixels=32),
    "8x4": Engine(rows=8, columns=4),
    "8x8-lut3": Engine(rows=8, columns=8, lut_rows=3),
    "6x2x2-lut7": Engine(rows=6, columns=2, lut_rows=7, tile_pixels=32, pixels=2),
    "8x4x2": Engine(rows=8, columns=4, pixels=2),
    "8x4x2-lut9": Engine(rows=8, columns=4, lut_rows=9, tile_pixels=32, pixels=2),
}
CASES = [
    ("fire", "4x4"),
    ("fire", "6x2"),
    ("oblong", "6x2"),
    ("oblong", "8x8-lut3"),
    ("wide kernel", "8x4"),
    ("wide kernel", "4x4"),
    ("two layers", "4x4"),
    ("two layers", "6x2"),
    ("two blocks", "8x8-lut3"),
    ("rings", "6x2"),
    ("cut windows", "6x2"),
    ("point", "6x2"),
]
"""Pairs of the two."""

OF_TWO_PIXELS = [
    ("fire", "4x4x2-lut5"),
    ("oblong", "6x2x2-lut7"),
    ("wide kernel", "8x4x2"),
    ("two layers", "6x2x2-lut7"),
    ("rings", "4x4x2-lut5"),
    ("cut windows", "6x2x2-lut7"),
    ("padded", "6x2x2-lut7"),
]
"""The same of engines of two pixels a cycle."""

UNSTALLED = [
    *(("tiny", engine) for engine in ("16x8", "16x4-lut4", "16x2", "4x2-lut4")),
    ("padded", "6x2"),
    ("pairs", "6x2x2-lut7"),
]
"""Presets that differ from the engines of :data:`CASES` in more than size."""


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


def draw_engine(rng: Random, *, pairs: bool) -> Engine:
    """Small engines, for they are built quickly; every share of rows on LUTs.

    ``pairs``: of two pixels a cycle, too.
    """
    rows = rng.choice([4, 5, 6, 7, 8, 9, 10, 12])
    columns = rng.choice([count for count in range(2, rows + 1, 2) if rows % count == 0] or [0])
    if not columns:
        return draw_engine(rng, pairs=pairs)
    pixels = rng.choice([1, 2]) if pairs else 1
    return Engine(
        rows=rows,
        columns=columns,
        lut_rows=rng.choice([0, 0, 1, pixels * rows]),
        tile_pixels=rng.choice([16, 32, 64, 100, 512]),
        pixels=pixels,
    )


def drawn(number: int, *, pairs: bool = False) -> Plan:
    """The plan of a network and an engine; the same number gives the same ones."""
    rng = Random(number)
    while True:
        network, engine = draw_network(rng), draw_engine(rng, pairs=pairs)
        try:
            return plan(network, engine)
        except PlanError:
            continue  # a row of the image is wider than a tile, say


def chosen(network: str, engine: str) -> Plan:
    """The plan of one of :data:`NETWORKS` on one of :data:`ENGINES`."""
    return plan(NETWORKS[network](), ENGINES[engine])
