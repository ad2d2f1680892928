import numpy as np
import pytest

from quant.calibrate import METHODS, histograms
from quant.fold import fold
from quant.quantize import quantize, round_channels, steps
from spec import arith
from spec.network import Fire


def fits(weight, bias, multiplier):
    """Whether one channel's integers obey the contract with this multiplier."""
    weight = np.rint(weight * 65536 / multiplier)
    bias = np.rint(bias * 65536 / multiplier)
    return np.abs(weight).max() <= 127 and np.abs(weight).sum() * 255 + abs(bias) < 2**24


@pytest.mark.parametrize("size", [1e-7, 1e-4, 0.01, 1.0, 30.0])
def test_the_multiplier_is_the_smallest_that_fits(size):
    random = np.random.default_rng(int(1 / size))
    weight = random.normal(0, size, (40, 9, 3, 3))
    bias = random.normal(0, 20, 40)
    bias[:10] *= 1e5  # far beyond the bound: the multiplier is found in few steps, and exactly
    integers, biases, multiplier = round_channels("c", weight, bias)
    for c in range(40):
        m = int(multiplier[c])
        assert fits(weight[c], bias[c], m)
        assert m == 1 or not fits(weight[c], bias[c], m - 1)
        assert np.array_equal(integers[c], np.rint(weight[c] * 65536 / m))
        assert biases[c] == np.rint(bias[c] * 65536 / m)


def test_a_weight_that_would_round_to_128_takes_the_next_multiplier():
    exact = 127.5 / 65536  # of multiplier 1: half-even takes it to 128
    _, _, multiplier = round_channels("c", np.array([[exact], [exact * 0.9999]]), np.zeros(2))
    assert multiplier.tolist() == [2, 1]


def test_a_dead_channel_keeps_its_bias():
    weight = np.zeros((4, 5))
    integers, biases, multiplier = round_channels("c", weight, np.array([0.0, 3.0, -255.0, 300.0]))
    assert not integers.any()
    assert multiplier.tolist() == [1, 1, 1, 2]
    got = arith.requantize(biases, multiplier)
    assert got.tolist() == [0, 3, 0, 255]


def test_the_accumulator_bound_raises_the_multiplier():
    weight = np.full((1, 2000), 0.01)
    integers, biases, multiplier = round_channels("c", weight, np.array([50.0]))
    assert arith.accumulator_bound(integers, biases) < 2**24
    assert integers.max() < 127
    assert not fits(weight[0], 50.0, int(multiplier[0]) - 1)


def test_a_multiplier_beyond_16_bits_is_refused():
    largest = np.array([[126.9]])
    assert round_channels("c", largest, np.zeros(1))[2][0] <= 65535
    with pytest.raises(ValueError, match=r"conv7: channel 1 needs a multiplier of 102802"):
        round_channels("conv7", np.array([[0.1], [200.0]]), np.zeros(2))
    with pytest.raises(ValueError, match="channel 0 needs a multiplier"):
        round_channels("conv7", np.array([[0.1]]), np.array([1e9]))


@pytest.fixture
def folded(module):
    return fold(module)


@pytest.mark.parametrize("method", METHODS)
def test_integers_stand_for_the_floats(folded, images, method):
    ranges = {name: METHODS[method](h) for name, h in histograms(folded, [images]).items()}
    step = steps(folded, ranges)
    quantized = quantize(folded, ranges, ("a", "b", "c"))
    below = "image"
    for layer in folded.network.layers:
        for conv in layer.convs:
            expand = isinstance(layer, Fire) and conv.name != layer.squeeze.name
            i = layer.squeeze.name if expand else below
            got, want = quantized.convs[conv.name], folded.convs[conv.name]
            half = got.multiplier * (step[conv.name] / 65536) / 2 * (1 + 1e-9)
            unit = (got.multiplier * (step[conv.name] / step[i] / 65536))[:, None, None, None]
            error = np.abs(got.weight * unit - want.weight.numpy())
            assert (error <= unit / 2 * (1 + 1e-9)).all()
            bias = got.bias * (got.multiplier * (step[conv.name] / 65536))
            assert (np.abs(bias - want.bias.numpy()) <= half).all()
        below = layer.name


def test_scales_are_near_the_steps_and_the_last_is_exact(folded, images):
    ranges = {name: h.peak for name, h in histograms(folded, [images]).items()}
    step = steps(folded, ranges)
    quantized = quantize(folded, ranges, ("a", "b", "c"))
    for name, _ in folded.network.tensors():
        ratio = step[name] / 2.0 ** quantized.scale_log2(name)
        assert 0.7 < ratio < 1.42
    assert ratio == 1
    assert ranges[folded.network.last.name] <= 255 * step[folded.network.last.name]
