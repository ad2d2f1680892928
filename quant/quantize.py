"""Ranges and float weights to the integers of the contract.

A tensor's values are counted in steps of ``range / 255``, whatever the range is. That the contract
wants power-of-two scales costs nothing: ReLU, max-pool and concatenation commute with a positive
factor, so the factor between step and scale moves into the weights around the tensor and cancels.
Only the last layer's step is itself a power of two, so that scores keep their size.
"""

import math

import numpy as np

from quant.calibrate import range_owner
from quant.fold import FoldedConv, FoldedNetwork
from spec import arith
from spec.network import Conv
from spec.quantized import QuantizedConv, QuantizedNetwork

MULTIPLIER_MAX = (1 << arith.MULTIPLIER_BITS) - 1
ACCUMULATOR_LIMIT = 1 << (arith.ACCUMULATOR_BITS - 1)


def round_channels(
    name: str, weight: np.ndarray, bias: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Integers for a convolution from steps of its input to steps of its output.

    The multiplier of a channel is the smallest ``M`` for which every rounded weight fits ±127
    and no input can take the accumulator to 2^24. So a channel of zero weights gets the smallest
    multiplier that holds its bias.

    Parameters
    ----------
    name
        For messages.
    weight, bias
        float64, of shape (output channels, …) and (output channels,), in output steps (for
        weights: per input step).

    Returns
    -------
    tuple
        Weights (int8), biases (int32) and multipliers (int32).

    Raises
    ------
    ValueError
        If a channel needs a multiplier above 65535.
    """
    one = 1 << arith.SHIFT
    rows = weight.reshape(len(weight), -1)
    # Half-even rounding takes 127.5 to 128: the weight must stay below it.
    peak = np.abs(rows).max(axis=1) * one / (arith.WEIGHT_MAX + 0.5)
    multiplier = np.floor(peak) + 1
    while True:
        too_large = int(multiplier.argmax())
        if not multiplier[too_large] <= MULTIPLIER_MAX:
            raise ValueError(
                f"{name}: channel {too_large} needs a multiplier of {multiplier[too_large]:.0f}, "
                f"and the largest is {MULTIPLIER_MAX}: its weights are too large for the ranges "
                "around it; calibrate on more photographs, or train again with weight decay"
            )
        weights = np.rint(rows * one / multiplier[:, None])
        biases = np.rint(bias * one / multiplier)
        bound = np.abs(weights).sum(axis=1) * arith.ACTIVATION_MAX + np.abs(biases)
        over = (bound >= ACCUMULATOR_LIMIT) | (np.abs(weights).max(axis=1) > arith.WEIGHT_MAX)
        if not over.any():
            break
        # Jump close to where the bound is met, but never past it: rounding moves it a little.
        jump = np.floor(multiplier * bound / ACCUMULATOR_LIMIT * (1 - 1e-3))
        multiplier = np.where(over, np.maximum(multiplier + 1, jump), multiplier)
    return (
        weights.astype(np.int8).reshape(weight.shape),
        biases.astype(np.int32),
        multiplier.astype(np.int32),
    )


def steps(folded: FoldedNetwork, ranges: dict[str, float]) -> dict[str, float]:
    """What 1 stands for in every tensor of the network, and in ``"image"`` (there 1 pixel step).

    Parameters
    ----------
    folded
        The float network.
    ranges
        The largest magnitude to represent, by tensor (:func:`quant.calibrate.range_owner`).
    """
    network = folded.network
    result = {"image": 1.0}
    for layer in network.layers:
        for conv in layer.convs:
            levels = arith.output_range(conv.relu)[1]
            step = ranges[range_owner(network, conv.name)] / levels
            if conv is network.last:
                step = 2.0 ** math.ceil(math.log2(step))
            result[conv.name] = step
        # A Fire's second expand is its own step; a pool's is that of the layer before it.
        result[layer.name] = step
    return result


def quantize(
    folded: FoldedNetwork, ranges: dict[str, float], labels: tuple[str, ...]
) -> QuantizedNetwork:
    """The integers of a float network whose activations have these ranges.

    Raises
    ------
    ValueError
        If a weight is too large for the ranges around it.
    """
    step = steps(folded, ranges)
    convs = {}
    below = "image"
    for layer in folded.network.layers:
        for conv in layer.convs:
            i = below if conv in (layer, layer.convs[0]) else layer.convs[0].name
            convs[conv.name] = _quantize(conv, folded.convs[conv.name], step[i], step[conv.name])
        below = layer.name
    return QuantizedNetwork(folded.network, convs, labels)


def _quantize(conv: Conv, folded: FoldedConv, i_step: float, o_step: float) -> QuantizedConv:
    weight, bias, multiplier = round_channels(
        conv.name, folded.weight.numpy() * (i_step / o_step), folded.bias.numpy() / o_step
    )
    return QuantizedConv(
        conv=conv,
        weight=weight,
        bias=bias,
        multiplier=multiplier,
        # Inside the network any power of two is right (see above); the nearest reads best.
        o_scale_log2=round(math.log2(o_step)),
    )
