"""The whole core on small networks: every value the reference's, every cycle the plan's."""

from functools import cache
from pathlib import Path

import pytest

from hw.config import ENGINES as PRESETS
from hw.config import Engine
from hw.core import Core
from hw.image import image as memory_image
from hw.plan import Plan, plan
from sim.compare import Comparison, compare
from sim.cosimulate import Frame, build, observe
from spec import synthetic
from spec.network import Conv, FeatureMap, Fire, MaxPool, Network
from spec.quantized import QuantizedNetwork
from spec.squeezenet import tiny

READ_OUT = 4
"""Cycles from the sums' being complete to the first one's being offered."""


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
    # The last convolution is a single pass, so that its tiles follow each other at once.
    "two layers": lambda: chain(
        "two", 40, 30, {"channels": 4, "kernel": 3, "stride": 2, "padding": 1}, {"channels": 3}
    ),
    "two blocks": lambda: tiny(image_size=27, blocks=2, num_filters=12, classes=5),
    "tiny": tiny,
}
ENGINES = PRESETS | {
    "6x2": Engine(rows=6, columns=2, lut_rows=1, tile_pixels=32),
    "8x4": Engine(rows=8, columns=4),
    "8x8-lut3": Engine(rows=8, columns=8, lut_rows=3),
}
CASES = [
    ("fire", "4x4"),
    ("fire", "6x2"),
    ("oblong", "6x2"),
    ("oblong", "8x8-lut3"),
    ("wide kernel", "8x4"),
    ("wide kernel", "4x4"),
    ("two layers", "4x4"),
    ("two blocks", "8x8-lut3"),
]
#: Presets that differ from the engines above in more than size.
UNSTALLED = [("tiny", engine) for engine in ("16x8", "16x4-lut4", "16x2", "4x2-lut4")]


@cache
def built(network: str, engine: str) -> tuple[QuantizedNetwork, Plan, Path]:
    quantized = synthetic.quantized(NETWORKS[network](), seed=1)
    planned = plan(quantized.network, ENGINES[engine])
    return quantized, planned, build(Core(planned, memory_image(quantized, planned)), planned)


def differing(quantized: QuantizedNetwork, images: list, frames: list[Frame]) -> list[Comparison]:
    """The lines of all frames in which a value is not the reference's, or not ONNX Runtime's."""
    pairs = zip(images, frames, strict=True)
    lines = [line for image, frame in pairs for line in compare(frame, quantized, image)]
    assert lines
    return [line for line in lines if line.differs]


@pytest.mark.parametrize(("network", "engine"), CASES + UNSTALLED)
def test_frames_are_the_reference_s_and_as_long_as_planned(network, engine):
    quantized, planned, model = built(network, engine)
    images = [synthetic.image(quantized.network, seed) for seed in range(3)]
    frames = observe(model, planned, images)
    assert differing(quantized, images, frames) == []
    for frame in frames:
        # The circuit's count is the plan's, and the bench's own.
        assert frame.cycles == planned.cycles == frame.elapsed - READ_OUT
        assert frame.starved == 0


@pytest.mark.parametrize(("i_stall", "o_stall"), [(0.6, 0.0), (0.0, 0.8), (0.3, 0.5)])
@pytest.mark.parametrize(("network", "engine"), CASES)
def test_stalls_change_no_value(network, engine, i_stall, o_stall):
    quantized, planned, model = built(network, engine)
    images = [synthetic.image(quantized.network, seed) for seed in range(3)]
    frames = observe(model, planned, images, i_stall=i_stall, o_stall=o_stall, seed=7)
    assert differing(quantized, images, frames) == []
    assert any(frame.starved for frame in frames) == bool(i_stall)
    assert any(frame.held for frame in frames) == bool(o_stall)
    for frame in frames:
        if i_stall:
            # Cycles in which the engine stood still for want of a pixel do not count.
            assert 0 < frame.elapsed - READ_OUT - frame.cycles <= frame.starved
        else:
            assert frame.cycles == planned.cycles == frame.elapsed - READ_OUT
