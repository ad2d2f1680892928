"""The contract's integers in PyTorch, with gradients: the straight-through estimator.

Every value is an integer in float32, and every sum of a convolution keeps below 2^24, so any
order of summation is exact. Then ``acc · M/2^16``: if the result does not saturate, the product
keeps below 2^24/2^16 with 16 fraction bits and is exact in float32; if it does, both clamp to the
same end. So the one rounding is that of :func:`spec.arith.requantize`, half to even, and the
forward pass equals :mod:`spec.reference`, every bit. Backwards, rounding is the identity.
"""

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import nn
from torch.nn import functional

from quant.walk import last, walk
from spec import arith
from spec.network import Conv
from spec.quantized import QuantizedConv, QuantizedNetwork

_BIAS_MAX = (1 << (arith.ACCUMULATOR_BITS - 1)) - 1


class _Round(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.round()

    @staticmethod
    def backward(ctx, gradient):
        return gradient


def round_through(x: torch.Tensor) -> torch.Tensor:
    """Round half to even; the gradient passes unchanged."""
    return _Round.apply(x)


class StraightConv(nn.Module):
    """One convolution on integers, its weights trained between the integers.

    Attributes
    ----------
    weight, bias : Parameter
        In units of the integers they round to.
    scale : Tensor
        ``M / 2^16``, shape (output channels, 1, 1); not trained.
    """

    def __init__(self, quantized: QuantizedConv):
        super().__init__()
        self.quantized = quantized
        self.weight = nn.Parameter(torch.from_numpy(quantized.weight).float())
        self.bias = nn.Parameter(torch.from_numpy(quantized.bias).float())
        multiplier = torch.from_numpy(quantized.multiplier).float()
        self.register_buffer("scale", (multiplier / (1 << arith.SHIFT)).view(-1, 1, 1))

    def integers(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Weight and bias as the contract's integers, in float32, with gradients."""
        weight = self.weight.clamp(-arith.WEIGHT_MAX, arith.WEIGHT_MAX)
        bias = self.bias.clamp(-_BIAS_MAX, _BIAS_MAX)
        return round_through(weight), round_through(bias)

    def accumulator(self, x: torch.Tensor) -> torch.Tensor:
        """``b + Σ w·u``, integers in float32."""
        conv = self.quantized.conv
        return functional.conv2d(x, *self.integers(), conv.stride, conv.padding)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        low, high = arith.output_range(self.quantized.conv.relu)
        return round_through((self.accumulator(x) * self.scale).clamp(low, high))

    def export(self) -> QuantizedConv:
        """The integers now.

        Raises
        ------
        ValueError
            If training took an accumulator beyond the contract's bound.
        """
        weight, bias = (value.detach().numpy() for value in self.integers())
        old = self.quantized
        return QuantizedConv(
            conv=old.conv,
            weight=weight.astype(old.weight.dtype),
            bias=bias.astype(old.bias.dtype),
            multiplier=old.multiplier,
            o_scale_log2=old.o_scale_log2,
        )


class StraightNetwork(nn.Module):
    """A quantized network in PyTorch, equal to :func:`spec.reference.run` on every tensor."""

    def __init__(self, quantized: QuantizedNetwork):
        super().__init__()
        self.quantized = quantized
        # Module names have no dots.
        self.convs = nn.ModuleDict(
            {_key(name): StraightConv(conv) for name, conv in quantized.convs.items()}
        )

    def conv(self, name: str) -> StraightConv:
        """The module of a convolution of the geometry."""
        return self.convs[_key(name)]

    def convolve(self, conv: Conv, x: torch.Tensor) -> torch.Tensor:
        return self.conv(conv.name)(x)

    def tensors(self, images: torch.Tensor) -> Iterator[tuple[str, torch.Tensor]]:
        """Every tensor for ``images``: pixels 0…255, shape (images, 3, height, width)."""
        return walk(self.quantized.network, images.float(), self.convolve)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Class scores, shape (images, classes): the mean of the last map times its scale."""
        scale = 2.0 ** self.quantized.scale_log2(self.quantized.network.last.name)
        return last(self.tensors(images)).mean(dim=(2, 3)) * scale

    def export(self) -> QuantizedNetwork:
        """The integers now; see :meth:`StraightConv.export`."""
        old = self.quantized
        convs = {name: self.conv(name).export() for name in old.convs}
        return replace(old, convs=convs)


def _key(name: str) -> str:
    return name.replace(".", "_")
