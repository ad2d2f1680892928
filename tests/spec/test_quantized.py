import re
from dataclasses import replace

import numpy as np
import pytest

from spec import synthetic
from spec.photograph import Framing
from spec.quantized import SHORTER_SIDE, QuantizedNetwork
from spec.squeezenet import tiny

QUANTIZED = synthetic.quantized(tiny())
CONV = QUANTIZED.convs["conv1"]


def changed(array: np.ndarray, value: int) -> np.ndarray:
    """A copy with one element set."""
    array = array.copy()
    array.flat[0] = value
    return array


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weight": CONV.weight.astype(np.int16)}, "conv1: weight must be int8 of shape (8, 3,"),
        ({"weight": CONV.weight[1:]}, "conv1: weight must be int8 of shape (8, 3, 3, 3), not"),
        ({"weight": changed(CONV.weight, -128)}, "conv1: weights must lie within ±127"),
        ({"bias": CONV.bias.astype(np.int64)}, "conv1: bias must be int32"),
        ({"multiplier": changed(CONV.multiplier, 0)}, "conv1: multipliers must lie in 1…65535"),
        ({"multiplier": changed(CONV.multiplier, 65536)}, "conv1: multipliers must lie in"),
        ({"bias": changed(CONV.bias, 1 << 24)}, "must keep below 16777216"),
        ({"bias": changed(CONV.bias, -(1 << 24))}, "must keep below 16777216"),
        ({"o_scale_log2": -32}, "conv1: log2 of the output scale must lie in -31…31, not -32"),
    ],
)
def test_a_convolution_refuses(changes, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        replace(CONV, **changes)


def test_the_largest_accumulator_is_allowed():
    bias = np.zeros_like(CONV.bias)
    room = (1 << 24) - 1 - replace(CONV, bias=bias).accumulator_bound
    assert replace(CONV, bias=bias + np.int32(room)).accumulator_bound == (1 << 24) - 1
    with pytest.raises(ValueError, match="an accumulator can reach 16777216"):
        replace(CONV, bias=bias + np.int32(room + 1))


def test_a_network_refuses():
    network, convs, labels = QUANTIZED.network, QUANTIZED.convs, QUANTIZED.labels
    with pytest.raises(ValueError, match="there must be 3 labels, not 2"):
        QuantizedNetwork(network, convs, labels[1:])
    with pytest.raises(ValueError, match="convolutions must be"):
        QuantizedNetwork(network, {"conv1": CONV}, labels)
    with pytest.raises(ValueError, match="conv1: its geometry differs"):
        QuantizedNetwork(tiny(image_size=9), convs, labels)
    expand = replace(convs["fire2.expand1x1"], o_scale_log2=-3)
    with pytest.raises(ValueError, match="fire2: both expands must share one output scale"):
        QuantizedNetwork(network, convs | {"fire2.expand1x1": expand}, labels)
    for text in ("7", "-9", "9.5", ""):
        with pytest.raises(ValueError, match="shorter_side must be an integer of at least 8, not"):
            QuantizedNetwork(network, convs, labels, {SHORTER_SIDE: text})


def test_the_framing_is_the_files_or_the_images_own():
    assert QUANTIZED.framing == Framing(8, 8)
    assert replace(QUANTIZED, metadata={SHORTER_SIDE: "11"}).framing == Framing(8, 11)


def test_scales_by_name():
    convs = {
        name: replace(conv, o_scale_log2=-2 if "fire2.expand" in name else -5)
        for name, conv in QUANTIZED.convs.items()
    }
    quantized = replace(QUANTIZED, convs=convs)
    assert quantized.scale_log2("image") == -8
    assert quantized.scale_log2("pool1") == -5
    assert quantized.scale_log2("fire2.squeeze") == -5
    assert quantized.scale_log2("fire2") == -2
    with pytest.raises(KeyError):
        quantized.scale_log2("nothing")
