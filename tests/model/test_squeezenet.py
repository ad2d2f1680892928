"""The module is the geometry: shapes, names, padding, normalization."""

import pytest
import torch
from torch.nn import functional

from model.squeezenet import SqueezeNet
from spec.squeezenet import Metaparameters, published, squeezenet, tiny


@pytest.mark.parametrize(
    "network",
    [
        squeezenet(Metaparameters(image_size=37)),
        squeezenet(Metaparameters(image_size=50, pct_3x3=0.25, freq=1, pool_kernel=2)),
        published("1.0", classes=7, image_size=61, last_padding=1),
        published("1.1", classes=7, image_size=64),
        tiny(image_size=9),
    ],
    ids=lambda network: network.name,
)
def test_every_tensor_has_the_shape_of_the_geometry(network):
    module = SqueezeNet(network).eval()
    shapes = {}
    for name, _ in network.tensors():
        module.get_submodule(name).register_forward_hook(
            lambda _, __, output, name=name: shapes.__setitem__(name, tuple(output.shape[1:]))
        )
    side = network.image.height
    with torch.inference_mode():
        scores = module(torch.rand(2, 3, side, side))
    assert shapes == {name: feature_map.shape for name, feature_map in network.tensors()}
    assert scores.shape == (2, network.classes)
    assert scores.dtype == torch.float32


def test_weights_are_those_of_the_geometry():
    network = squeezenet()
    module = SqueezeNet(network)
    for conv in network.convs:
        assert tuple(module.get_submodule(conv.name).conv.weight.shape) == conv.weight_shape
    assert (
        sum(v.numel() for k, v in module.named_parameters() if k.endswith("conv.weight")) == 85488
    )


def test_without_batch_norm_there_are_biases():
    names = set(SqueezeNet(tiny(), batch_norm=False).state_dict())
    assert "fire2.expand3x3.conv.bias" in names
    assert not any("norm" in name for name in names)


def test_the_score_is_the_mean_over_positions():
    module = SqueezeNet(tiny()).eval()
    images = torch.rand(2, 3, 24, 24)
    with torch.inference_mode():
        last = module.get_submodule(module.network.last.name)
        assert torch.equal(module(images), last(module.trunk(images)).mean(dim=(2, 3)))


def test_padding_is_black_whatever_the_mean():
    """Normalization folds into conv1 exactly only if the border is a black pixel."""
    network = tiny()
    module = SqueezeNet(network, mean=(0.5, 0.4, 0.3), std=(0.2, 0.3, 0.4), batch_norm=False).eval()
    conv = module.get_submodule("conv1").conv
    images = torch.rand(1, 3, 8, 8)
    weight = conv.weight / module.std
    bias = conv.bias - (weight * module.mean).sum(dim=(1, 2, 3))
    with torch.inference_mode():
        folded = functional.conv2d(images, weight, bias, network.first.stride, padding=1).relu()
        padded = (functional.pad(images, (1, 1, 1, 1)) - module.mean) / module.std
        torch.testing.assert_close(module.get_submodule("conv1")(padded), folded)
        norms = []
        module.get_submodule("conv1").register_forward_hook(lambda _, __, o: norms.append(o))
        module(images)
    torch.testing.assert_close(norms[0], folded)


def test_dropout_acts_before_the_last_convolution_in_training_only():
    module = SqueezeNet(tiny(), dropout=0.5, batch_norm=False)
    images = torch.rand(4, 3, 8, 8)
    assert not torch.equal(module(images), module(images))
    module.eval()
    assert torch.equal(module(images), module(images))
