"""Bias correction: rounding weights must not move the mean of any channel."""

import torch

from quant.fold import FoldedNetwork
from quant.straight import StraightNetwork
from quant.walk import walk
from spec.network import Conv
from spec.quantized import QuantizedNetwork


def correct_bias(
    quantized: QuantizedNetwork,
    folded: FoldedNetwork,
    step: dict[str, float],
    images: torch.Tensor,
) -> QuantizedNetwork:
    """The same network with biases that make each channel's mean before the ReLU that of float.

    Layer by layer, each after the ones below it are corrected, so errors do not add up.

    Parameters
    ----------
    quantized, folded
        The same network, in integers and in float.
    step
        What 1 stands for in each tensor (:func:`quant.quantize.steps`).
    images
        uint8 pixels, shape (images, 3, height, width); all are in memory at once.
    """
    wanted = {}

    def observe(conv: Conv, x: torch.Tensor) -> torch.Tensor:
        value = folded.preactivation(conv, x)
        wanted[conv.name] = value.double().mean(dim=(0, 2, 3)) / step[conv.name]
        return value.relu_() if conv.relu else value

    straight = StraightNetwork(quantized)

    def correct(conv: Conv, x: torch.Tensor) -> torch.Tensor:
        module = straight.conv(conv.name)
        scale = module.scale.flatten().double()
        mean = module.accumulator(x).double().mean(dim=(0, 2, 3)) * scale
        module.bias += ((wanted[conv.name] - mean) / scale).round().float()
        return module(x)

    with torch.no_grad():
        for convolve in (observe, correct):
            for _ in walk(quantized.network, images.float(), convolve):
                pass
    return straight.export()
