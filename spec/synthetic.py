"""Made-up networks and images, for every proof that must not need a trained model.

The integers are random, but chosen so that no layer is constant: on images like :func:`image`,
each channel is zero in some places, saturated in few, and in between elsewhere.
"""

from dataclasses import replace

import numpy as np

from spec import arith, reference
from spec.network import Conv, Fire, MaxPool, Network
from spec.quantized import QuantizedConv, QuantizedNetwork

_O_SCALE_LOG2 = -4


def image(network: Network, seed: int = 0) -> np.ndarray:
    """A smooth random picture with noise, dark and bright patches: uint8 (height, width, channels).

    The same network and seed give the same image.
    """
    random = np.random.default_rng(seed)
    channels, height, width = network.image.shape
    rows, columns = np.arange(height)[:, None, None], np.arange(width)[:, None]
    picture = np.full((height, width, channels), 128.0)
    for _ in range(6):
        across, down = random.uniform(-12, 12, 2)
        phase = random.uniform(0, 2 * np.pi) + random.uniform(0, 1, channels)
        picture += 45 * np.sin(across * columns / width + down * rows / height + phase)
    picture += random.normal(0, 12, picture.shape)
    return np.clip(np.rint(picture), 0, arith.ACTIVATION_MAX).astype(np.uint8)


def quantized(network: Network, seed: int = 0) -> QuantizedNetwork:
    """Random integers for a network; the same network and seed give the same integers.

    A quarter of the multipliers are powers of two, so that exact ties are rounded often.
    """
    random = np.random.default_rng(seed)
    # Small maps have few positions to look at: take more images.
    images = range(max(1, min(16, 64 // network.last.o.pixels)))
    below = [image(network, seed + index).transpose(2, 0, 1) for index in images]
    convs = {}

    def grow(conv: Conv, inputs: list[np.ndarray]) -> list[np.ndarray]:
        convs[conv.name] = grown = _calibrated(conv, inputs, random)
        return [reference.convolve(grown, u) for u in inputs]

    for layer in network.layers:
        if isinstance(layer, MaxPool):
            below = [reference.max_pool(layer, u) for u in below]
        elif isinstance(layer, Fire):
            narrow = grow(layer.squeeze, below)
            wide = (grow(layer.expand1x1, narrow), grow(layer.expand3x3, narrow))
            below = [np.concatenate(pair) for pair in zip(*wide, strict=True)]
        else:
            below = grow(layer, below)
    labels = tuple(f"class {index}" for index in range(network.classes))
    return QuantizedNetwork(network, convs, labels, {"provenance": f"synthetic, seed {seed}"})


def saturated(quantized: QuantizedNetwork, seed: int = 0) -> QuantizedNetwork:
    """The same network with large weights and multipliers in half of its channels, drawn at random:
    their sums lie far beyond the range, at either end."""
    random = np.random.default_rng(seed)
    convs = {}
    for name, conv in quantized.convs.items():
        large = random.random(conv.conv.channels) < 0.5
        weight = np.where(
            large[:, None, None, None], np.sign(conv.weight) * arith.WEIGHT_MAX, conv.weight
        )
        most = 2**arith.MULTIPLIER_BITS
        multiplier = np.where(large, random.integers(most // 2, most, large.size), conv.multiplier)
        convs[name] = replace(
            conv, weight=weight.astype(np.int8), multiplier=multiplier.astype(np.int32)
        )
    return replace(quantized, convs=convs)


def _calibrated(conv: Conv, inputs: list[np.ndarray], random: np.random.Generator) -> QuantizedConv:
    """Random weights, then the bias and multiplier that spread the outputs over their range."""
    fan_in = conv.weights // conv.channels
    # A mean |w| of 0.8 of the deviation keeps Σ|w|·255 at half its limit at most.
    deviation = min(45, 40_000 / fan_in)
    weight = np.rint(random.normal(0, deviation, conv.weight_shape))
    weight = np.clip(weight, -arith.WEIGHT_MAX, arith.WEIGHT_MAX).astype(np.int8)
    raw = QuantizedConv(
        conv=conv,
        weight=weight,
        bias=np.zeros(conv.channels, np.int32),
        multiplier=np.ones(conv.channels, np.int32),
        o_scale_log2=_O_SCALE_LOG2,
    )
    sums = np.concatenate(
        [reference.accumulate(raw, u).reshape(conv.channels, -1) for u in inputs], axis=1
    )
    spread = np.maximum(sums.std(axis=1), deviation)
    # With ReLU a fifth to a half of the values fall below zero, and 255 lies about two
    # deviations above the middle; without, the middle is zero.
    middle = sums.mean(axis=1) - spread * random.uniform(0, 0.8, conv.channels) * conv.relu
    step = random.uniform(80, 140, conv.channels) / (1 if conv.relu else 2) / spread
    multiplier = np.clip(np.rint(step * 2**arith.SHIFT), 1, 2**arith.MULTIPLIER_BITS - 1)
    dyadic = random.random(conv.channels) < 0.25
    multiplier = np.where(dyadic, 2.0 ** np.floor(np.log2(multiplier)), multiplier)
    return replace(
        raw, bias=np.rint(-middle).astype(np.int32), multiplier=multiplier.astype(np.int32)
    )
