"""Frozen geometry of a SqueezeNet: feature maps, convolutions, pools, Fire modules, the network.

No weights and no scales. Axes are channels, height, width. Derived facts are properties.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property


def _positive(owner: str, **values: int) -> None:
    for key, value in values.items():
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"{owner}: {key} must be an integer, not {value!r}")
        if value < 1:
            raise ValueError(f"{owner}: {key} must be at least 1, not {value}")


@dataclass(frozen=True, slots=True)
class FeatureMap:
    """The shape of a tensor: channels × height × width, each at least 1."""

    channels: int
    height: int
    width: int

    def __post_init__(self):
        _positive("feature map", channels=self.channels, height=self.height, width=self.width)

    @property
    def pixels(self) -> int:
        return self.height * self.width

    @property
    def values(self) -> int:
        return self.channels * self.pixels

    @property
    def shape(self) -> tuple[int, int, int]:
        return (self.channels, self.height, self.width)

    def __str__(self) -> str:
        return f"{self.channels}×{self.height}×{self.width}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conv:
    """A convolution with bias, requantization and, unless told otherwise, a ReLU.

    Zero padding is the same on the four sides. The output size is
    ``(in + 2·padding − kernel) // stride + 1`` (PyTorch, ``torch.nn.Conv2d``).
    """

    name: str
    i: FeatureMap
    channels: int
    kernel: int = 1
    stride: int = 1
    padding: int = 0
    relu: bool = True

    def __post_init__(self):
        _positive(self.name, channels=self.channels, kernel=self.kernel, stride=self.stride)
        if not 0 <= self.padding <= self.kernel:
            raise ValueError(
                f"{self.name}: padding must be from 0 to the kernel {self.kernel}, "
                f"not {self.padding}"
            )
        if min(self.i.height, self.i.width) + 2 * self.padding < self.kernel:
            raise ValueError(
                f"{self.name}: a {self.kernel}×{self.kernel} kernel does not fit a map of {self.i}"
            )

    @property
    def o(self) -> FeatureMap:
        def size(length: int) -> int:
            return (length + 2 * self.padding - self.kernel) // self.stride + 1

        return FeatureMap(self.channels, size(self.i.height), size(self.i.width))

    @property
    def convs(self) -> tuple["Conv", ...]:
        return (self,)

    @property
    def taps(self) -> int:
        return self.kernel * self.kernel

    @property
    def weight_shape(self) -> tuple[int, int, int, int]:
        """Output channels, input channels, kernel height, kernel width."""
        return (self.channels, self.i.channels, self.kernel, self.kernel)

    @property
    def weights(self) -> int:
        return self.channels * self.i.channels * self.taps

    @property
    def macs(self) -> int:
        return self.weights * self.o.pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxPool:
    """Maximum over ``kernel`` × ``kernel`` windows, no padding, ``ceil_mode``.

    The output size is ``ceil((in − kernel) / stride) + 1``; windows are cut at the map's edge
    (PyTorch, ``torch.nn.MaxPool2d``).
    """

    name: str
    i: FeatureMap
    kernel: int = 3
    stride: int = 2

    def __post_init__(self):
        _positive(self.name, kernel=self.kernel, stride=self.stride)
        if self.stride > self.kernel:
            raise ValueError(
                f"{self.name}: stride must be at most the kernel {self.kernel}, not {self.stride}"
            )
        if min(self.i.height, self.i.width) <= self.kernel - self.stride:
            raise ValueError(
                f"{self.name}: a {self.kernel}×{self.kernel} window does not fit a map of {self.i}"
            )

    @property
    def o(self) -> FeatureMap:
        def size(length: int) -> int:
            return -(-(length - self.kernel) // self.stride) + 1

        return FeatureMap(self.i.channels, size(self.i.height), size(self.i.width))

    @property
    def convs(self) -> tuple[Conv, ...]:
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fire:
    """SqueezeNet's Fire module: a 1×1 squeeze, then 1×1 and 3×3 expands side by side.

    The output is the concatenation of ``expand1x1`` and ``expand3x3``, in that order of channels,
    and both share one output scale. Iandola et al., "SqueezeNet", 2016, section 3.2.
    """

    name: str
    i: FeatureMap
    squeeze_channels: int
    expand1x1_channels: int
    expand3x3_channels: int

    def __post_init__(self):
        _positive(
            self.name,
            squeeze_channels=self.squeeze_channels,
            expand1x1_channels=self.expand1x1_channels,
            expand3x3_channels=self.expand3x3_channels,
        )

    @property
    def squeeze(self) -> Conv:
        return Conv(name=f"{self.name}.squeeze", i=self.i, channels=self.squeeze_channels)

    @property
    def expand1x1(self) -> Conv:
        return Conv(
            name=f"{self.name}.expand1x1", i=self.squeeze.o, channels=self.expand1x1_channels
        )

    @property
    def expand3x3(self) -> Conv:
        return Conv(
            name=f"{self.name}.expand3x3",
            i=self.squeeze.o,
            channels=self.expand3x3_channels,
            kernel=3,
            padding=1,
        )

    @property
    def o(self) -> FeatureMap:
        i = self.i
        return FeatureMap(self.expand1x1_channels + self.expand3x3_channels, i.height, i.width)

    @property
    def convs(self) -> tuple[Conv, ...]:
        return (self.squeeze, self.expand1x1, self.expand3x3)


@dataclass(frozen=True)
class Network:
    """A SqueezeNet: a first convolution, pools and Fire modules, a last 1×1 convolution.

    The global average pool after the last convolution is implied: its integer form is the sum
    over positions of each class. ``layers`` must chain: each layer's input is the output of the
    layer before it.
    """

    name: str
    image: FeatureMap
    layers: tuple[Conv | MaxPool | Fire, ...]

    def __post_init__(self):
        if not self.layers or not isinstance(self.layers[0], Conv):
            raise ValueError(f"{self.name}: the first layer must be a convolution")
        last = self.layers[-1]
        if not isinstance(last, Conv) or len(self.layers) < 2:
            raise ValueError(f"{self.name}: the last layer must be a convolution of its own")
        if last.kernel != 1 or last.stride != 1:
            raise ValueError(f"{self.name}: the last convolution must be 1×1 with stride 1")
        below = self.image
        names = set()
        for index, layer in enumerate(self.layers):
            if layer.i != below:
                raise ValueError(f"{layer.name}: its input is {layer.i}, but {below} comes before")
            if isinstance(layer, Conv) and 0 < index < len(self.layers) - 1:
                raise ValueError(f"{layer.name}: only the first and last layers are convolutions")
            if isinstance(layer, Conv) and not layer.relu and layer is not last:
                raise ValueError(f"{layer.name}: only the last convolution may go without ReLU")
            if layer.name in names:
                raise ValueError(f"{self.name}: two layers are named {layer.name}")
            names.add(layer.name)
            below = layer.o

    @cached_property
    def convs(self) -> tuple[Conv, ...]:
        """Every convolution, in order of computation."""
        return tuple(conv for layer in self.layers for conv in layer.convs)

    @property
    def first(self) -> Conv:
        return self.layers[0]

    @property
    def last(self) -> Conv:
        return self.layers[-1]

    @property
    def classes(self) -> int:
        return self.last.channels

    @property
    def weights(self) -> int:
        """Weights without biases."""
        return sum(conv.weights for conv in self.convs)

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one image, padding included."""
        return sum(conv.macs for conv in self.convs)

    def tensors(self) -> Iterator[tuple[str, FeatureMap]]:
        """Name and shape of every tensor after the image, in order of computation.

        A Fire module gives four: its three convolutions and, under its own name, the
        concatenation.
        """
        for layer in self.layers:
            for conv in layer.convs:
                yield conv.name, conv.o
            if not isinstance(layer, Conv):
                yield layer.name, layer.o
