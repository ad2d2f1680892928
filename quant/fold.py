"""Batch norm and input normalization into the convolutions, in float64, before any rounding."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from model.squeezenet import ConvUnit, SqueezeNet
from quant.walk import last, walk
from spec import arith
from spec.network import Conv, Network


@dataclass(frozen=True, eq=False)
class FoldedConv:
    """Weight, shape ``conv.weight_shape``, and bias, shape (output channels,), float64."""

    weight: torch.Tensor
    bias: torch.Tensor


@dataclass(frozen=True, eq=False)
class FoldedNetwork:
    """A float network of nothing but convolutions, fed with raw pixels 0…255.

    Parameters
    ----------
    network
        Its geometry.
    convs
        By name, one for each of ``network.convs``.
    """

    network: Network
    convs: dict[str, FoldedConv]

    def preactivation(self, conv: Conv, x: torch.Tensor) -> torch.Tensor:
        """The convolution with its bias, before the ReLU, in the precision of ``x``."""
        folded = self.convs[conv.name]
        return functional.conv2d(
            x, folded.weight.to(x.dtype), folded.bias.to(x.dtype), conv.stride, conv.padding
        )

    def convolve(self, conv: Conv, x: torch.Tensor) -> torch.Tensor:
        """The convolution and, if the geometry says so, its ReLU."""
        x = self.preactivation(conv, x)
        return functional.relu(x) if conv.relu else x

    def tensors(self, images: torch.Tensor) -> Iterator[tuple[str, torch.Tensor]]:
        """Every tensor for ``images``: pixels 0…255, shape (images, 3, height, width)."""
        return walk(self.network, images.float(), self.convolve)

    def scores(self, images: torch.Tensor) -> torch.Tensor:
        """Class scores, shape (images, classes): the mean of the last map over positions."""
        return last(self.tensors(images)).mean(dim=(2, 3))


def fold(module: SqueezeNet) -> FoldedNetwork:
    """The same function without batch norm, on raw pixels.

    ``w' = w·γ/√(σ²+ε)``, ``b' = β + (b − μ)·γ/√(σ²+ε)``; then, in the first convolution,
    ``w'' = w'/(255·std)``, ``b'' = b' − Σ w'·mean/std``. The second is exact because the float
    network normalizes after padding: its padding is a black pixel, as in the integer contract.
    """
    convs = {conv.name: _fold(module.get_submodule(conv.name)) for conv in module.network.convs}
    first = convs[module.network.first.name]
    scaled = first.weight / module.std.double()
    convs[module.network.first.name] = FoldedConv(
        weight=scaled / arith.ACTIVATION_MAX,
        bias=first.bias - (scaled * module.mean.double()).sum(dim=(1, 2, 3)),
    )
    return FoldedNetwork(module.network, convs)


def _fold(unit: ConvUnit) -> FoldedConv:
    weight = unit.conv.weight.detach().double()
    bias = torch.zeros(len(weight), dtype=torch.float64)
    if unit.conv.bias is not None:
        bias = unit.conv.bias.detach().double()
    if isinstance(unit.norm, nn.BatchNorm2d):
        norm = unit.norm
        gain = norm.weight.detach().double() / (norm.running_var.double() + norm.eps).sqrt()
        bias = norm.bias.detach().double() + (bias - norm.running_mean.double()) * gain
        weight = weight * gain[:, None, None, None]
    return FoldedConv(weight, bias)
