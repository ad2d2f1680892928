"""From the scores backwards to the image: the layers of the family, and their weights."""

from dataclasses import dataclass

import numpy as np

from quant.foreign.graph import ForeignError
from quant.foreign.maps import Concatenation, Convolution, Image, Map, Pool, Scores
from spec.network import Conv, FeatureMap, Fire, MaxPool, Network


@dataclass(frozen=True, eq=False, kw_only=True)
class Layers:
    """A network and its weights.

    Parameters
    ----------
    network
        Its layers have our names.
    weights, biases
        By name of the convolution, float64, of ``conv.weight_shape`` and (output channels,). The
        first takes what the file's input is, in the order of the file's channels.
    """

    network: Network
    weights: dict[str, np.ndarray]
    biases: dict[str, np.ndarray]


def layers_of(scores: Scores, name: str) -> Layers:
    """The layers behind class scores.

    Raises
    ------
    ForeignError
        Naming the node that does not belong into a network of the family, and why.
    """
    chain: list[Map] = []
    x = scores.i
    while not isinstance(x, Image):
        chain.append(x)
        x = _below(x, first=not chain[1:])
    chain.reverse()
    builder = _Builder(x)
    for item in chain:
        builder.add(item, last=item is chain[-1])
    try:
        network = Network(name, builder.image_shape, tuple(builder.layers))
    except ValueError as error:
        raise ForeignError(str(error)) from error
    return Layers(network=network, weights=builder.weights, biases=builder.biases)


def _below(x: Map, *, first: bool) -> Map:
    """What a layer reads; ``first`` for the last layer of the network, where the walk begins."""
    if isinstance(x, Concatenation) and not first:
        squeeze = _squeeze_of(x)
        return squeeze.i
    if isinstance(x, Convolution | Pool):
        if isinstance(x, Convolution) and not first and not isinstance(x.i, Image):
            raise ForeignError(
                f"{x.name}: a convolution between others must be part of a Fire module (a 1×1 "
                "squeeze, read by two expands that are concatenated)"
            )
        return x.i
    raise ForeignError(f"{x.name}: cannot stand here in a SqueezeNet")


def _squeeze_of(x: Concatenation) -> Convolution:
    """The squeeze of a Fire module, of which ``x`` is the output."""
    parts = x.parts
    if len(parts) != 2 or not all(isinstance(part, Convolution) for part in parts):
        raise ForeignError(f"{x.name}: must join two convolutions, the expands of a Fire module")
    squeeze = parts[0].i
    if parts[1].i is not squeeze or not isinstance(squeeze, Convolution):
        raise ForeignError(f"{x.name}: both expands must read one squeeze convolution")
    if {part.kernel for part in parts} != {1, 3}:
        raise ForeignError(f"{x.name}: one expand must be 1×1, the other 3×3")
    for part, padding in ((squeeze, 0), *((part, part.kernel // 2) for part in parts)):
        wanted = (1 if part is squeeze else part.kernel, 1, padding)
        if (part.kernel, part.stride, part.padding) != wanted:
            raise ForeignError(
                f"{part.name}: kernel, stride and padding are {part.kernel}, {part.stride}, "
                f"{part.padding}, and a Fire module needs {', '.join(map(str, wanted))}"
            )
        if not part.relu:
            raise ForeignError(f"{part.name}: must have a ReLU")
    return squeeze


class _Builder:
    """Layers from the image on, under our names.

    ``order`` is where each of our channels is among the file's: an expand3x3 that comes first
    there comes second here.
    """

    def __init__(self, image: Image):
        self.image_shape = self._shape = FeatureMap(*image.shape)
        self._order = np.arange(image.shape[0])
        self._number = 1
        self.layers: list[Conv | MaxPool | Fire] = []
        self.weights: dict[str, np.ndarray] = {}
        self.biases: dict[str, np.ndarray] = {}

    def add(self, x: Map, *, last: bool) -> None:
        try:
            layer = self._layer(x, last=last)
        except ValueError as error:
            raise ForeignError(f"{x.name}: {error}") from error
        self.layers.append(layer)
        self._shape = layer.o

    def _layer(self, x: Map, *, last: bool) -> Conv | MaxPool | Fire:
        if isinstance(x, Pool):
            name = f"pool{self._number}"
            return MaxPool(name=name, i=self._shape, kernel=x.kernel, stride=x.stride)
        if isinstance(x, Concatenation):
            return self._fire(x)
        if last:
            self._number += 1
        layer = Conv(
            name=f"conv{self._number}",
            i=self._shape,
            channels=x.shape[0],
            kernel=x.kernel,
            stride=x.stride,
            padding=x.padding,
            relu=x.relu,
        )
        self._keep(layer.name, x)
        self._order = np.arange(x.shape[0])
        return layer

    def _fire(self, x: Concatenation) -> Fire:
        self._number += 1
        one, three = sorted(x.parts, key=lambda part: part.kernel)
        layer = Fire(
            name=f"fire{self._number}",
            i=self._shape,
            squeeze_channels=one.i.shape[0],
            expand1x1_channels=one.shape[0],
            expand3x3_channels=three.shape[0],
        )
        self._keep(layer.squeeze.name, one.i)
        self._order = np.arange(one.i.shape[0])
        self._keep(layer.expand1x1.name, one)
        self._keep(layer.expand3x3.name, three)
        channels = np.arange(x.shape[0])
        self._order = channels if x.parts[0] is one else np.roll(channels, -three.shape[0])
        return layer

    def _keep(self, name: str, x: Convolution) -> None:
        self.weights[name] = x.weight[:, self._order]
        self.biases[name] = x.bias
