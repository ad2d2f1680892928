import re
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from spec import reference, synthetic
from spec.network import Conv, FeatureMap, MaxPool
from spec.quantized import QuantizedConv
from spec.squeezenet import tiny


def integers(conv: Conv, random: np.random.Generator, low: int = -127) -> QuantizedConv:
    return QuantizedConv(
        conv=conv,
        weight=random.integers(low, 128, conv.weight_shape).astype(np.int8),
        bias=random.integers(-1000, 1000, conv.channels).astype(np.int32),
        multiplier=random.integers(1, 400, conv.channels).astype(np.int32),
        o_scale_log2=0,
    )


def naive(quantized: QuantizedConv, u: np.ndarray) -> np.ndarray:
    """The definition, one product at a time."""
    conv = quantized.conv
    weight, values = quantized.weight.tolist(), u.tolist()
    result = np.zeros(conv.o.shape, np.int64)
    for o, y, x in np.ndindex(conv.o.shape):
        total = int(quantized.bias[o])
        for c, dy, dx in product(range(conv.i.channels), *[range(conv.kernel)] * 2):
            row, column = y * conv.stride + dy - conv.padding, x * conv.stride + dx - conv.padding
            if 0 <= row < conv.i.height and 0 <= column < conv.i.width:
                total += weight[o][c][dy][dx] * values[c][row][column]
        result[o, y, x] = total
    return result


@pytest.mark.parametrize(
    ("kernel", "stride", "padding"),
    [(1, 1, 0), (1, 1, 1), (3, 1, 1), (3, 2, 0), (3, 2, 1), (5, 3, 2), (7, 2, 0), (2, 1, 0)],
)
def test_accumulators_equal_the_definition(kernel, stride, padding):
    random = np.random.default_rng(kernel * 10 + stride)
    conv = Conv(
        name="c",
        i=FeatureMap(3, 8, 11),
        channels=4,
        kernel=kernel,
        stride=stride,
        padding=padding,
    )
    quantized = integers(conv, random)
    u = random.integers(0, 256, conv.i.shape).astype(np.uint8)
    assert np.array_equal(reference.accumulate(quantized, u), naive(quantized, u))


def test_accumulators_are_exact_at_the_bound():
    # 57 channels · 9 taps · 127 · 255 = 16,613,505, and 2^24 is 16,777,216. Odd values, since
    # float32 holds every even integer up to 2^25.
    random = np.random.default_rng(3)
    conv = Conv(name="c", i=FeatureMap(57, 6, 6), channels=8, kernel=3, padding=1)
    quantized = integers(conv, random, low=126)
    u = random.integers(254, 256, conv.i.shape).astype(np.uint8)
    accumulator = reference.accumulate(quantized, u)
    assert accumulator.max() > 0.98 * 2**24
    assert (accumulator & 1).any()
    assert np.array_equal(accumulator, naive(quantized, u))


@pytest.mark.parametrize(("kernel", "stride"), [(2, 2), (3, 2), (3, 1), (3, 3), (1, 1)])
@pytest.mark.parametrize("size", [(3, 3), (3, 4), (5, 6), (7, 10)])
def test_max_pool_equals_the_definition(kernel, stride, size):
    pool = MaxPool(name="p", i=FeatureMap(2, *size), kernel=kernel, stride=stride)
    u = np.random.default_rng(4).integers(0, 256, pool.i.shape).astype(np.uint8)
    result = reference.max_pool(pool, u)
    assert result.dtype == np.uint8
    assert result.shape == pool.o.shape
    for c, y, x in np.ndindex(pool.o.shape):
        rows = slice(y * stride, y * stride + kernel)
        columns = slice(x * stride, x * stride + kernel)
        assert result[c, y, x] == u[c, rows, columns].max()


def test_max_pool_of_a_map_smaller_than_its_window():
    u = np.arange(8, dtype=np.uint8).reshape(2, 2, 2)
    pool = MaxPool(name="p", i=FeatureMap(2, 2, 2))
    assert reference.max_pool(pool, u).tolist() == [[[3]], [[7]]]


def test_run_gives_every_tensor_in_order():
    network = tiny(image_size=13)
    quantized = synthetic.quantized(network)
    tensors = reference.run(quantized, synthetic.image(network))
    assert list(tensors) == [name for name, _ in network.tensors()] + ["sums"]
    for name, shape in network.tensors():
        assert tensors[name].shape == shape.shape
        assert tensors[name].dtype == np.uint8
    assert np.array_equal(
        tensors["fire2"], np.concatenate([tensors["fire2.expand1x1"], tensors["fire2.expand3x3"]])
    )
    assert tensors["sums"].dtype == np.int64
    assert tensors["sums"].tolist() == tensors[network.last.name].sum((1, 2)).tolist()


def test_rows_and_columns_are_not_mixed_up():
    network = tiny()
    quantized = synthetic.quantized(network)
    image = synthetic.image(network)
    turned = replace(
        quantized,
        convs={
            name: replace(conv, weight=conv.weight.swapaxes(2, 3))
            for name, conv in quantized.convs.items()
        },
    )
    tensors = reference.run(quantized, image)
    mirrored = reference.run(turned, image.swapaxes(0, 1))
    assert np.array_equal(tensors["fire2"], mirrored["fire2"].swapaxes(1, 2))
    assert not np.array_equal(tensors["fire2"], mirrored["fire2"])


@pytest.mark.parametrize(
    "image", [np.zeros((8, 9, 3), np.uint8), np.zeros((8, 8, 3)), np.zeros((3, 8, 8), np.uint8)]
)
def test_an_image_of_another_form_is_refused(image):
    message = "the image must be uint8 of shape (8, 8, 3) (height, width, channels), not"
    with pytest.raises(ValueError, match=re.escape(message)):
        reference.run(synthetic.quantized(tiny()), image)


def test_a_tensor_of_another_form_is_refused():
    quantized = synthetic.quantized(tiny()).convs["conv1"]
    with pytest.raises(ValueError, match="conv1: input must be uint8 of shape"):
        reference.accumulate(quantized, np.zeros((3, 8, 9), np.uint8))


def test_probabilities_are_the_softmax_of_the_means():
    quantized = synthetic.quantized(tiny())
    pixels = quantized.network.last.o.pixels
    # One class leads by ln 2 / s in the mean, so it is twice as likely.
    step = np.log(2) / 2.0 ** quantized.scale_log2(quantized.network.last.name) * pixels
    given = reference.probabilities(quantized, np.array([0, 0, step]))
    assert given.dtype == np.float64
    np.testing.assert_allclose(given, [0.25, 0.25, 0.5])
    assert np.isfinite(reference.probabilities(quantized, np.array([0, 0, 10**9]))).all()


def test_the_best_five_of_many_classes():
    quantized = synthetic.quantized(tiny(classes=40))
    sums = np.zeros(40, np.int64)
    sums[[7, 30, 31]] = (50, 90, 50)
    found = reference.best(quantized, sums)
    assert [index for index, _ in found] == [30, 7, 31, 0, 1]
    odds = reference.probabilities(quantized, sums)
    assert [share for _, share in found] == [odds[index] for index, _ in found]
