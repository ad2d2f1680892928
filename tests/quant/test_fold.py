from dataclasses import replace

import pytest
import torch

from model.squeezenet import SqueezeNet
from quant.fold import fold
from quant.walk import walk
from spec.squeezenet import tiny


def in_double(module, images):
    """Every convolution's output of the float module, computed in float64."""
    module = module.double()
    module.mean, module.std = module.mean.double(), module.std.double()
    found = {}
    for conv in module.network.convs:
        module.get_submodule(conv.name).register_forward_hook(
            lambda _, __, value, name=conv.name: found.__setitem__(name, value)
        )
    with torch.no_grad():
        module(images.double() / 255)
    return found


def test_every_layer_computes_the_same_function(module, images):
    folded = fold(module)
    with torch.no_grad():
        tensors = dict(walk(folded.network, images.double(), folded.convolve))
    # Float64 on both sides: anything but the same formula is off by far more than rounding.
    for name, expected in in_double(module, images).items():
        assert expected.std() > 0.01
        torch.testing.assert_close(tensors[name], expected, rtol=1e-10, atol=1e-10)


def test_padding_of_a_normalized_input_is_a_black_pixel(module, images):
    folded = fold(module)
    conv = folded.network.first
    assert conv.padding and module.mean.min() > 0
    wide = torch.nn.functional.pad(images, (1, 1, 1, 1)).double()
    padded = folded.convolve(conv, images.double())
    without = torch.nn.functional.conv2d(
        wide, folded.convs["conv1"].weight, folded.convs["conv1"].bias, conv.stride
    ).relu()
    assert torch.equal(padded, without)
    torch.testing.assert_close(padded, in_double(module, images)["conv1"], rtol=1e-10, atol=1e-10)


def test_without_batch_norm_only_the_normalization_is_folded():
    torch.manual_seed(0)
    module = SqueezeNet(tiny(), batch_norm=False, mean=(0.5, 0.4, 0.3), std=(0.1, 0.2, 0.3))
    for name, value in module.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(value)
    folded = fold(module)
    for conv in module.network.convs[1:]:
        unit = module.get_submodule(conv.name).conv
        assert torch.equal(folded.convs[conv.name].weight, unit.weight.double())
        assert torch.equal(folded.convs[conv.name].bias, unit.bias.double())
    images = torch.randint(256, (4, 3, 8, 8), dtype=torch.uint8)
    torch.testing.assert_close(folded.scores(images), module(images.float() / 255))


@pytest.mark.parametrize("last", [True, False])
def test_the_last_relu_is_as_the_geometry_says(module, images, last):
    network = module.network
    conv = replace(network.last, relu=last)
    changed = fold(SqueezeNet(replace(network, layers=(*network.layers[:-1], conv))))
    value = changed.convolve(conv, torch.randn(2, *conv.i.shape))
    assert (value.min() >= 0) == last
