from dataclasses import replace

import numpy as np
import pytest
import torch

from quant.straight import StraightNetwork, round_through
from spec import reference, synthetic
from spec.network import Conv, FeatureMap, Network
from spec.quantized import QuantizedConv, QuantizedNetwork
from spec.squeezenet import tiny


def signed(network: Network) -> Network:
    """The network without ReLU after the last convolution."""
    return replace(network, layers=(*network.layers[:-1], replace(network.last, relu=False)))


NETWORKS = {
    "even": tiny(),
    "odd": tiny(image_size=21, blocks=2),
    "kernel 7": tiny(image_size=25, conv1_kernel=7, conv1_padding=0, pool_kernel=2),
    "signed": signed(tiny(image_size=11)),
    "wide": tiny(image_size=12, num_filters=33, base_e=40),
}


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_every_tensor_equals_the_reference(network):
    for seed in range(3):
        quantized = synthetic.quantized(network, seed)
        images = np.stack([synthetic.image(network, seed + index) for index in range(3)])
        pixels = torch.from_numpy(images).permute(0, 3, 1, 2)
        tensors = dict(StraightNetwork(quantized).tensors(pixels))
        for index, image in enumerate(images):
            expected = reference.run(quantized, image)
            assert [*tensors, "sums"] == list(expected)
            for name, value in tensors.items():
                assert np.array_equal(value[index].detach().numpy(), expected[name]), name


def test_scores_are_the_reference_s_means():
    network = NETWORKS["signed"]
    quantized = synthetic.quantized(network)
    image = synthetic.image(network)
    sums = reference.run(quantized, image)["sums"]
    scores = StraightNetwork(quantized)(torch.from_numpy(image).permute(2, 0, 1)[None])
    expected = sums / network.last.o.pixels * 2.0 ** quantized.scale_log2(network.last.name)
    assert np.array_equal(scores[0].detach().numpy(), expected.astype(np.float32))


def test_accumulators_up_to_the_limit_are_exact():
    image = FeatureMap(64, 6, 6)
    random = np.random.default_rng(0)
    conv = Conv(name="conv1", i=image, channels=16, kernel=3, padding=1)
    weight = random.integers(60, 127, conv.weight_shape) * np.sign(
        random.normal(size=(16, 1, 1, 1))
    )
    bias = np.sign(weight[:, 0, 0, 0]) * (2**24 - 1 - np.abs(weight).sum(axis=(1, 2, 3)) * 255)
    quantized = QuantizedConv(
        conv=conv,
        weight=weight.astype(np.int8),
        bias=bias.astype(np.int32),
        multiplier=np.full(16, 1, np.int32),
        o_scale_log2=0,
    )
    assert quantized.accumulator_bound == 2**24 - 1
    last = Conv(name="conv2", i=conv.o, channels=1)
    end = QuantizedConv(
        conv=last,
        weight=np.ones(last.weight_shape, np.int8),
        bias=np.zeros(1, np.int32),
        multiplier=np.ones(1, np.int32),
        o_scale_log2=0,
    )
    network = QuantizedNetwork(
        Network("edge", image, (conv, last)), {"conv1": quantized, "conv2": end}, ("only",)
    )
    u = random.integers(0, 256, image.shape).astype(np.uint8)
    u[:, 2:, 2:] = 255
    got = StraightNetwork(network).conv("conv1").accumulator(torch.from_numpy(u)[None].float())
    assert np.array_equal(got[0].detach().numpy(), reference.accumulate(quantized, u))


def test_rounding_is_half_even_and_the_gradient_passes():
    x = torch.tensor([0.5, 1.5, 2.5, -0.5, 0.3], requires_grad=True)
    y = round_through(x)
    assert y.tolist() == [0, 2, 2, 0, 0]
    y.backward(torch.arange(5.0))
    assert x.grad.tolist() == [0, 1, 2, 3, 4]


def test_no_gradient_from_saturated_values():
    quantized = synthetic.quantized(tiny())
    module = StraightNetwork(quantized).conv("conv1")
    module.bias.data[0], module.bias.data[1] = 2.0**24, -(2.0**24)
    module.bias.data[2] = 100 / module.scale[2, 0, 0]
    u = torch.zeros(1, 3, 8, 8)
    module(u).sum().backward()
    assert module.bias.grad[0] == module.bias.grad[1] == 0
    assert module.bias.grad[2] == pytest.approx(16 * float(module.scale[2]))


def test_export_gives_the_same_integers_until_they_are_trained():
    quantized = synthetic.quantized(tiny())
    straight = StraightNetwork(quantized)
    for name, conv in straight.export().convs.items():
        for key in ("weight", "bias", "multiplier"):
            assert np.array_equal(getattr(conv, key), getattr(quantized.convs[name], key))
    straight.conv("conv1").weight.data += 1000
    assert (straight.export().convs["conv1"].weight == 127).all()
