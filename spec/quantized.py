"""A quantized network: geometry, and for each convolution the integers of the contract."""

from dataclasses import dataclass, field

import numpy as np

from spec import arith
from spec.decision import NONE, Decision
from spec.network import Conv, Fire, Network
from spec.photograph import Framing

SHORTER_SIDE = "preprocessing.shorter_side"
"""Metadata key: what a photograph's shorter side is resized to; without it, the image's side."""


@dataclass(frozen=True, eq=False)
class QuantizedConv:
    """The integers of one convolution, checked against the contract of :mod:`spec.arith`.

    Parameters
    ----------
    conv
        Its geometry.
    weight
        int8, shape ``conv.weight_shape``, within −127…127.
    bias
        int32, shape (output channels,), in units of ``s_in · sw[c]``.
    multiplier
        int32, shape (output channels,), within 1…65535; the real scale is ``M / 2^16``.
    o_scale_log2
        The output stands for ``u · 2^o_scale_log2``; within −31…31.
    """

    conv: Conv
    weight: np.ndarray
    bias: np.ndarray
    multiplier: np.ndarray
    o_scale_log2: int

    def __post_init__(self):
        name = self.conv.name
        for key, dtype, shape in (
            ("weight", np.int8, self.conv.weight_shape),
            ("bias", np.int32, (self.conv.channels,)),
            ("multiplier", np.int32, (self.conv.channels,)),
        ):
            array = getattr(self, key)
            if array.dtype != dtype or array.shape != shape:
                raise ValueError(
                    f"{name}: {key} must be {np.dtype(dtype)} of shape {shape}, "
                    f"not {array.dtype} of shape {array.shape}"
                )
        if self.weight.min() < -arith.WEIGHT_MAX:
            raise ValueError(f"{name}: weights must lie within ±{arith.WEIGHT_MAX}, not -128")
        limit = 1 << arith.MULTIPLIER_BITS
        if self.multiplier.min() < 1 or self.multiplier.max() >= limit:
            raise ValueError(
                f"{name}: multipliers must lie in 1…{limit - 1}, "
                f"not {self.multiplier.min()}…{self.multiplier.max()}"
            )
        low, high = arith.SCALE_LOG2_RANGE
        if not low <= self.o_scale_log2 <= high:
            raise ValueError(
                f"{name}: log2 of the output scale must lie in {low}…{high}, "
                f"not {self.o_scale_log2}"
            )
        limit = 1 << (arith.ACCUMULATOR_BITS - 1)
        if self.accumulator_bound >= limit:
            raise ValueError(
                f"{name}: an accumulator can reach {self.accumulator_bound}, "
                f"and must keep below {limit}"
            )

    @property
    def accumulator_bound(self) -> int:
        """The largest magnitude an accumulator of this convolution can take."""
        return arith.accumulator_bound(self.weight, self.bias)


@dataclass(frozen=True, eq=False)
class QuantizedNetwork:
    """A network with the integers of each of its convolutions.

    Parameters
    ----------
    network
        Its geometry.
    convs
        By name, one for each of ``network.convs``.
    labels
        One a class.
    metadata
        Free text by key: accuracy, provenance, preprocessing. Of these, ``SHORTER_SIDE`` is obeyed
        by all that read photographs.
    decision
        How the answer follows from the class sums.
    """

    network: Network
    convs: dict[str, QuantizedConv]
    labels: tuple[str, ...]
    metadata: dict[str, str] = field(default_factory=dict)
    decision: Decision = field(default_factory=Decision)

    def __post_init__(self):
        names = [conv.name for conv in self.network.convs]
        if sorted(names) != sorted(self.convs):
            raise ValueError(f"convolutions must be {names}, not {list(self.convs)}")
        for conv in self.network.convs:
            if self.convs[conv.name].conv != conv:
                raise ValueError(f"{conv.name}: its geometry differs from the network's")
        if len(self.labels) != self.network.classes:
            raise ValueError(f"there must be {self.network.classes} labels, not {len(self.labels)}")
        if self.decision.none is not None and not self.decision.none < len(self.labels) > 1:
            raise ValueError(
                f"the class for none must be one of {len(self.labels)}, and not the only one, "
                f"not {self.decision.none}"
            )
        side, text = self.network.image.height, self.metadata.get(SHORTER_SIDE)
        if text is not None and not (text.isdecimal() and int(text) >= side):
            raise ValueError(f"{SHORTER_SIDE} must be an integer of at least {side}, not {text}")
        for layer in self.network.layers:
            if isinstance(layer, Fire):
                one, three = (self.convs[conv.name].o_scale_log2 for conv in layer.convs[1:])
                if one != three:
                    raise ValueError(
                        f"{layer.name}: both expands must share one output scale, "
                        f"not 2^{one} and 2^{three}"
                    )

    def label(self, answer: int) -> str:
        """The label of an answer of ``decision``."""
        return self.labels[answer] if answer < len(self.labels) else NONE

    @property
    def framing(self) -> Framing:
        """What of a photograph the network sees; its images must be square."""
        return Framing(self.network.image.height, int(self.metadata.get(SHORTER_SIDE, 0)))

    def scale_log2(self, name: str) -> int:
        """log2 of the scale of a tensor of ``network.tensors()``, or of ``"image"``."""
        if name == "image":
            return arith.IMAGE_SCALE_LOG2
        below = arith.IMAGE_SCALE_LOG2
        for layer in self.network.layers:
            for conv in layer.convs:
                below = self.convs[conv.name].o_scale_log2
                if conv.name == name:
                    return below
            if layer.name == name:
                return below
        raise KeyError(name)
