"""The float network: an ``nn.Module`` built from a :class:`spec.network.Network`.

Modules carry the names of the geometry, so ``module.get_submodule(conv.name)`` is the
:class:`ConvUnit` of a ``spec`` convolution, and parameters are called ``conv1.conv.weight``,
``fire2.squeeze.norm.bias``, … (torchvision and Caffe name the same tensors ``features.3.squeeze``
and ``fire2.squeeze``; :mod:`model.pretrained` translates).
"""

import torch
from torch import nn
from torch.nn import functional

from spec.network import Conv, Fire, Network


class ConvUnit(nn.Module):
    """Convolution, then batch norm or a bias, then ReLU if the geometry says so.

    Attributes
    ----------
    conv : Conv2d
        Has a bias only if there is no batch norm.
    norm : BatchNorm2d or Identity
    geometry : spec.network.Conv
    """

    def __init__(self, geometry: Conv, batch_norm: bool, padding: int):
        super().__init__()
        self.geometry = geometry
        self.conv = nn.Conv2d(
            geometry.i.channels,
            geometry.channels,
            geometry.kernel,
            geometry.stride,
            padding,
            bias=not batch_norm,
        )
        self.norm = nn.BatchNorm2d(geometry.channels) if batch_norm else nn.Identity()
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        if not batch_norm:
            nn.init.zeros_(self.conv.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.norm(self.conv(x))
        return functional.relu(x, inplace=True) if self.geometry.relu else x


class FireUnit(nn.Module):
    """A Fire module: ``squeeze``, then ``expand1x1`` and ``expand3x3`` concatenated in order."""

    def __init__(self, geometry: Fire, batch_norm: bool):
        super().__init__()
        self.squeeze, self.expand1x1, self.expand3x3 = (
            ConvUnit(conv, batch_norm, conv.padding) for conv in geometry.convs
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.squeeze(x)
        return torch.cat([self.expand1x1(x), self.expand3x3(x)], dim=1)


class SqueezeNet(nn.Module):
    """Class scores of photographs; fully convolutional, so any image size goes in.

    The normalization ``(pixel − mean) / std`` is inside, *after* the first convolution's padding:
    padding is black, as in the integer contract, whatever the mean is. So it folds into conv1
    exactly: ``w' = w / std``, ``b' = b − Σ w·mean/std``.

    Parameters
    ----------
    network
        The geometry; the last convolution's ReLU, too, is as it says.
    batch_norm
        One after every convolution (then without bias), or none (then with bias).
    dropout
        Probability, before the last convolution, in training only.
    mean, std
        One a colour, of pixels in 0…1.
    """

    def __init__(
        self,
        network: Network,
        *,
        batch_norm: bool = True,
        dropout: float = 0.0,
        mean: tuple[float, float, float] = (0.0, 0.0, 0.0),
        std: tuple[float, float, float] = (1.0, 1.0, 1.0),
    ):
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1), persistent=False)
        for layer in network.layers:
            if isinstance(layer, Conv):
                padding = 0 if layer is network.first else layer.padding
                unit = ConvUnit(layer, batch_norm, padding)
            elif isinstance(layer, Fire):
                unit = FireUnit(layer, batch_norm)
            else:
                unit = nn.MaxPool2d(layer.kernel, layer.stride, ceil_mode=True)
            self.add_module(layer.name, unit)
        self.dropout = nn.Dropout(dropout)

    def trunk(self, images: torch.Tensor) -> torch.Tensor:
        """What the last convolution sees: (images, channels, height, width)."""
        x = (functional.pad(images, (self.network.first.padding,) * 4) - self.mean) / self.std
        for layer in self.network.layers[:-1]:
            x = self.get_submodule(layer.name)(x)
        return x

    def head(self, x: torch.Tensor) -> torch.Tensor:
        """Scores, shape (images, classes), of what :meth:`trunk` gave."""
        last = self.get_submodule(self.network.last.name)
        return last(self.dropout(x)).float().mean(dim=(2, 3))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Scores (logits), shape (images, classes): the mean of the last map over positions.

        ``images`` has shape (images, 3, height, width): RGB pixels in 0…1, i.e. ``u / 255``.
        """
        return self.head(self.trunk(images))
