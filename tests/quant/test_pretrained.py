import numpy as np
import pytest
import torch
from torch.nn import functional

from model.checkpoint import CheckpointError
from quant import pretrained
from quant.fold import fold
from spec.network import Fire
from spec.photograph import Framing
from spec.squeezenet import published

#: Where torchvision's ``features`` has its Fire modules and pools.
TORCHVISION = {
    "1.0": {"fires": (3, 4, 5, 7, 8, 9, 10, 12), "pools": (2, 6, 11), "conv1": (96, 7)},
    "1.1": {"fires": (3, 4, 6, 7, 9, 10, 11, 12), "pools": (2, 5, 8), "conv1": (64, 3)},
}


def random_weights(version: str, names: dict[str, str]) -> dict[str, torch.Tensor]:
    """Weights of 3 classes; ``names`` is from our convolutions to somebody else's."""
    torch.manual_seed(0)
    weights = {}
    for conv in published(version, classes=3).convs:
        fan_in = conv.weights // conv.channels
        weights[f"{names[conv.name]}.weight"] = torch.randn(conv.weight_shape) * (2 / fan_in) ** 0.5
        weights[f"{names[conv.name]}.bias"] = torch.randn(conv.channels) * 0.1
    return weights


def torchvision_weights(version: str) -> dict[str, torch.Tensor]:
    network = published(version, classes=3)
    names = {"conv1": "features.0", "conv10": "classifier.1"}
    fires = [layer for layer in network.layers if isinstance(layer, Fire)]
    for fire, number in zip(fires, TORCHVISION[version]["fires"], strict=True):
        for conv in fire.convs:
            names[conv.name] = f"features.{number}.{conv.name.split('.')[1]}"
    return random_weights(version, names)


def torchvision_scores(weights, version, x):
    """torchvision's forward pass, written from its ``squeezenet.py``."""

    def conv(name, x, **more):
        weight, bias = (weights[f"{name}.{kind}"] for kind in ("weight", "bias"))
        return functional.conv2d(x, weight, bias, **more).relu()

    x = conv("features.0", x, stride=2)
    for number in range(2, 13):
        if number in TORCHVISION[version]["pools"]:
            x = functional.max_pool2d(x, 3, 2, ceil_mode=True)
        else:
            x = conv(f"features.{number}.squeeze", x)
            x = torch.cat(
                [
                    conv(f"features.{number}.expand1x1", x),
                    conv(f"features.{number}.expand3x3", x, padding=1),
                ],
                dim=1,
            )
    return conv("classifier.1", x).mean(dim=(2, 3))


@pytest.fixture
def image() -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(256, (1, 3, 224, 224), dtype=torch.uint8, generator=generator)


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_torchvision_weights_on_raw_pixels(version, image, tmp_path):
    path = tmp_path / "squeezenet.pth"
    weights = torchvision_weights(version)
    torch.save(weights, path)
    checkpoint, said = pretrained.load(path, "torchvision")
    assert said == ["torchvision input, as told"]
    assert checkpoint.labels == ("class 0", "class 1", "class 2")
    assert checkpoint.network == published(version, classes=3)
    assert checkpoint.framing == Framing(224, 256)
    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    expected = torchvision_scores(weights, version, (image / 255 - mean) / std)
    scores = fold(checkpoint.module()).scores(image)
    assert expected.std() > 0.01
    torch.testing.assert_close(scores, expected, rtol=1e-4, atol=1e-4)


def test_caffe_weights_take_blue_green_red_minus_a_mean(tmp_path):
    names = {conv.name: conv.name for conv in published("1.0").convs}
    weights = random_weights("1.0", names)
    path = tmp_path / "squeezenet.npz"
    np.savez(path, **{name: value.numpy() for name, value in weights.items()})
    checkpoint, said = pretrained.load(path, "caffe")
    assert said == ["caffe input, as told"]
    network = checkpoint.network
    assert checkpoint.framing == Framing(227, 256)
    assert network.image.height == 227 and network.last.padding == 1
    folded = fold(checkpoint.module())
    pixels = torch.randint(256, (1, 3, 31, 31)).double()
    caffe = pixels.flip(1) - torch.tensor([104.0, 117.0, 123.0]).view(3, 1, 1)
    expected = functional.conv2d(
        caffe, weights["conv1.weight"].double(), weights["conv1.bias"].double(), stride=2
    )
    got = folded.preactivation(network.first, pixels)
    # The float network keeps mean and deviation in float32.
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-3)


def missing(weights):
    del weights["features.4.squeeze.bias"]


def reshaped(weights):
    weights["features.9.expand1x1.weight"] = torch.zeros(4, 4, 1, 1)


def too_many(weights):
    weights["features.13.weight"] = torch.zeros(1)


def no_squeezenet(weights):
    weights.clear()
    weights["layer1.0.conv1.weight"] = torch.zeros(64, 64, 3, 3)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (missing, r"fire3\.squeeze\.conv\.bias is missing"),
        (reshaped, r"fire6\.expand1x1\.conv\.weight has shape"),
        (too_many, "1 tensors too many"),
        (no_squeezenet, "not a SqueezeNet 1.0 or 1.1"),
    ],
)
def test_other_weights_are_refused_by_name(tmp_path, spoil, message):
    weights = torchvision_weights("1.1")
    spoil(weights)
    path = tmp_path / "weights.pth"
    torch.save(weights, path)
    with pytest.raises(CheckpointError, match=message):
        pretrained.load(path, "torchvision")


def test_another_input_is_another_network(tmp_path):
    """Caffe's names do not make Caffe's network."""
    names = {conv.name: conv.name for conv in published("1.0").convs}
    path = tmp_path / "weights.pth"
    torch.save({"state_dict": random_weights("1.0", names)}, path)
    with pytest.raises(CheckpointError, match="give --trained-with"):
        pretrained.load(path)
    checkpoint, said = pretrained.load(path, "symmetric")
    assert checkpoint.network.image.height == 224 and checkpoint.network.last.padding == 0
    assert checkpoint.preprocessing.mean == (0.5, 0.5, 0.5)
    assert said == ["weights under state_dict", "symmetric input, as told"]
