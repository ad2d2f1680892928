"""What the tensors of a graph are: the image, convolutions, pools, concatenations, class scores.

A batch norm, a scale or a ReLU changes the map before it where that is exact. What cannot go into
the convolution before (a batch norm after a ReLU) is carried along, and goes into the one after.
"""

from dataclasses import dataclass, replace

import numpy as np

from quant.foreign.graph import ForeignError


@dataclass(frozen=True, eq=False, kw_only=True)
class Map:
    """A tensor of channels, rows, columns. Two maps are the same if they are one object.

    Parameters
    ----------
    name
        Of the node, for messages.
    shape
        Channels, height, width.
    gain, offset
        The tensor is ``gain · map + offset``, one each a channel, float64; None for the map itself.
    """

    name: str
    shape: tuple[int, int, int]
    gain: np.ndarray | None = None
    offset: np.ndarray | None = None

    @property
    def carries(self) -> bool:
        return self.gain is not None


@dataclass(frozen=True, eq=False, kw_only=True)
class Image(Map):
    """The input; in the file its channels may be the last axis."""

    last: bool = False


@dataclass(frozen=True, eq=False, kw_only=True)
class Convolution(Map):
    """Weight (output channels, input channels, k, k) and bias, float64; perhaps a ReLU."""

    i: Map
    weight: np.ndarray
    bias: np.ndarray
    stride: int = 1
    padding: int = 0
    relu: bool = False

    @property
    def kernel(self) -> int:
        return self.weight.shape[2]


@dataclass(frozen=True, eq=False, kw_only=True)
class Pool(Map):
    """The maximum over windows, cut at the map's edge (``ceil_mode``)."""

    i: Map
    kernel: int
    stride: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Concatenation(Map):
    """Maps side by side, in order of channels."""

    parts: tuple[Map, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Padded(Map):
    """Zeros about a map: above, left, below, right."""

    i: Map
    pads: tuple[int, int, int, int]


@dataclass(frozen=True, eq=False, kw_only=True)
class Scores(Map):
    """The mean of a map over positions, of any shape; perhaps with a ``final`` operator."""

    i: Map
    final: str = ""


def bare(x: Map) -> Map:
    """The map without what it carries."""
    return replace(x, gain=None, offset=None) if x.carries else x


def scaled(x: Map, gain: np.ndarray, offset: np.ndarray) -> Map:
    """``gain · x + offset``, one number each a channel, float64."""
    if isinstance(x, Convolution) and not x.relu and not x.carries:
        weight = x.weight * gain[:, None, None, None]
        return replace(x, weight=weight, bias=x.bias * gain + offset)
    if isinstance(x, Concatenation) and not x.carries:
        parts = _each(x, lambda part, rows: scaled(part, gain[rows], offset[rows]))
        if not any(part.carries for part in parts):
            return replace(x, parts=parts)
    if isinstance(x, Scores):
        if x.final:
            raise ForeignError(f"{x.name}: {x.final} must come last")
        inner = scaled(x.i, gain, offset)
        if inner.carries:
            raise ForeignError(f"{x.name}: scores must not be scaled after their ReLU")
        return replace(x, i=inner)
    if x.carries:
        gain, offset = x.gain * gain, x.offset * gain + offset
    return replace(x, gain=gain, offset=offset)


def rectified(x: Map, name: str) -> Map:
    """``max(x, 0)``."""
    if isinstance(x, Concatenation) and not x.carries:
        return replace(x, parts=_each(x, lambda part, _: rectified(part, name)))
    if isinstance(x, Pool | Scores) and not x.carries and is_rectified(x):
        return x
    if isinstance(x, Pool) and not x.carries:  # the maximum commutes with it
        return replace(x, i=rectified(x.i, name))
    if isinstance(x, Convolution) and not x.carries:
        return replace(x, relu=True)
    raise ForeignError(
        f"{name}: a ReLU must follow a convolution, or its batch norm, not {x.name}; such a "
        "network has to be trained anew"
    )


def is_rectified(x: Map) -> bool:
    """Whether no value of a map can be negative."""
    if x.carries:
        return False
    if isinstance(x, Pool | Scores | Padded):
        return is_rectified(x.i)
    if isinstance(x, Concatenation):
        return all(map(is_rectified, x.parts))
    return isinstance(x, Convolution) and x.relu


def pooled(x: Map, name: str, kernel: int, stride: int, size: tuple[int, int]) -> Pool:
    """The maximum over windows; ``size`` is the height and width that the file's node gives."""
    if x.carries and (x.gain <= 0).any():
        raise ForeignError(f"{name}: a max-pool cannot follow a batch norm of negative scale")
    _, *sides = x.shape
    wanted = tuple(-(-(side - kernel) // stride) + 1 for side in sides)
    if size != wanted:
        raise ForeignError(
            f"{name}: gives {size[0]}×{size[1]} of {sides[0]}×{sides[1]}, and the engine's "
            f"max-pool ({kernel}×{kernel}, stride {stride}, ceil_mode, no padding) gives "
            f"{wanted[0]}×{wanted[1]}; export with ceil_mode, or another image size"
        )
    shape = (x.shape[0], *size)
    return Pool(
        name=name, shape=shape, i=x, kernel=kernel, stride=stride, gain=x.gain, offset=x.offset
    )


def convolved(
    x: Map, name: str, weight: np.ndarray, bias: np.ndarray, stride: int, pads: tuple[int, ...]
) -> Convolution:
    """A convolution of ``x``, with what it carries; ``pads`` above, left, below, right."""
    if isinstance(x, Image) and x.last:
        raise ForeignError(f"{name}: the image's channels must come first (a Transpose before it)")
    if isinstance(x, Padded):
        if x.carries:
            if any(pads):
                raise ForeignError(f"{name}: must not pad a padded map")
            weight, bias = _with_carried(x, weight, bias)
        pads = tuple(a + b for a, b in zip(x.pads, pads, strict=True))
        x = x.i
    if len(set(pads)) != 1:
        raise ForeignError(
            f"{name}: pads {list(pads)} differ from side to side, and the engine's do not; export "
            "with symmetric padding"
        )
    padding = pads[0]
    channels, *sides = x.shape
    out, into, kernel, other = weight.shape
    if kernel != other or into != channels:
        raise ForeignError(
            f"{name}: weights of shape {weight.shape} for {channels} channels; the engine takes "
            "square kernels and no groups"
        )
    if x.carries:
        if padding and x.offset.any() and not isinstance(x, Image):
            raise ForeignError(
                f"{name}: pads a map whose batch norm comes after its ReLU, so that its zero is "
                "not the engine's; such a network has to be trained anew"
            )
        weight, bias = _with_carried(x, weight, bias)
    height, width = ((side + 2 * padding - kernel) // stride + 1 for side in sides)
    if min(height, width) < 1:
        raise ForeignError(f"{name}: a {kernel}×{kernel} kernel does not fit a map of {sides}")
    return Convolution(
        name=name,
        shape=(out, height, width),
        i=x,
        weight=weight,
        bias=bias,
        stride=stride,
        padding=padding,
    )


def _with_carried(x: Map, weight: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weight and bias that take ``x`` without what it carries."""
    return weight * x.gain[:, None, None], bias + np.einsum("oihw,i->o", weight, x.offset)


def concatenated(parts: list[Map], name: str) -> Concatenation:
    """Maps of one height and width, side by side."""
    if len({part.shape[1:] for part in parts}) != 1:
        raise ForeignError(f"{name}: its inputs differ in height or width")
    channels = sum(part.shape[0] for part in parts)
    made = Concatenation(
        name=name,
        shape=(channels, *parts[0].shape[1:]),
        parts=tuple(map(bare, parts)),
    )
    if not any(part.carries for part in parts):
        return made
    one = np.ones
    gain = [part.gain if part.carries else one(part.shape[0]) for part in parts]
    offset = [part.offset if part.carries else 0 * one(part.shape[0]) for part in parts]
    return replace(made, gain=np.concatenate(gain), offset=np.concatenate(offset))


def averaged(x: Map, name: str) -> Scores:
    """The mean over positions."""
    scores = Scores(name=name, shape=(x.shape[0], 1, 1), i=bare(x))
    return scaled(scores, x.gain, x.offset) if x.carries else scores


def linear(x: Scores, name: str, weight: np.ndarray, bias: np.ndarray) -> Scores:
    """A linear layer on means is the mean of a 1×1 convolution."""
    if x.final:
        raise ForeignError(f"{name}: must not follow {x.final}")
    conv = convolved(x.i, name, weight[:, :, None, None], bias, 1, (0, 0, 0, 0))
    return averaged(conv, name)


def _each(x: Concatenation, change) -> tuple[Map, ...]:
    """The parts, changed; ``change`` gets each with its rows among all channels."""
    first, parts = 0, []
    for part in x.parts:
        parts.append(change(part, slice(first, first + part.shape[0])))
        first += part.shape[0]
    return tuple(parts)
