"""The dataflow of a network, once for every kind of convolution: float, calibrating, integer."""

from collections.abc import Callable, Iterator

import torch
from torch.nn import functional

from spec.network import Conv, Fire, MaxPool, Network

Convolve = Callable[[Conv, torch.Tensor], torch.Tensor]
"""A convolution of the geometry, applied: (images, channels, height, width) to the same."""


def walk(
    network: Network, images: torch.Tensor, convolve: Convolve
) -> Iterator[tuple[str, torch.Tensor]]:
    """Name and value of every tensor of ``network.tensors()``, in order of computation.

    ``images`` has shape (images, channels, height, width); what its values mean is between the
    caller and ``convolve``. Nothing is kept that a later layer does not need.
    """
    x = images
    for layer in network.layers:
        if isinstance(layer, Fire):
            squeezed = convolve(layer.squeeze, x)
            yield layer.squeeze.name, squeezed
            one = convolve(layer.expand1x1, squeezed)
            yield layer.expand1x1.name, one
            three = convolve(layer.expand3x3, squeezed)
            yield layer.expand3x3.name, three
            x = torch.cat([one, three], dim=1)
        elif isinstance(layer, MaxPool):
            x = functional.max_pool2d(x, layer.kernel, layer.stride, ceil_mode=True)
        else:
            x = convolve(layer, x)
        yield layer.name, x


def last(tensors: Iterator[tuple[str, torch.Tensor]]) -> torch.Tensor:
    """The value of the last tensor of a walk."""
    for _, value in tensors:
        result = value
    return result
