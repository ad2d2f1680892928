"""Foreign weights under our names: the same function."""

import hashlib
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from model import checkpoint, pretrained
from model.checkpoint import Checkpoint, CheckpointError, Preprocessing
from model.pretrained import (
    CAFFE,
    TORCHVISION,
    TRAINED_WITH,
    initialize,
    read_initial,
    read_weights,
    trained,
    translate,
)
from model.squeezenet import SqueezeNet
from quant.pretrained import load as load_published
from spec.squeezenet import Metaparameters, published, squeezenet


class TheirFire(nn.Module):
    """torchvision's Fire, with its names."""

    def __init__(self, channels, squeeze, one, three):
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, one, 1)
        self.expand3x3 = nn.Conv2d(squeeze, three, 3, padding=1)

    def forward(self, x):
        x = self.squeeze(x).relu()
        return torch.cat([self.expand1x1(x).relu(), self.expand3x3(x).relu()], 1)


class Theirs(nn.Module):
    """torchvision's ``squeezenet1_0`` and ``squeezenet1_1``, with their names."""

    def __init__(self, version):
        super().__init__()
        pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        one = [(64, 16), (128, 16), "p", (128, 32), (256, 32), "p"]
        one += [(256, 48), (384, 48), (384, 64), (512, 64)]
        zero = [(96, 16), (128, 16), (128, 32), "p", (256, 32), (256, 48), (384, 48), (384, 64)]
        zero += ["p", (512, 64)]
        first = nn.Conv2d(3, 64, 3, 2) if version == "1.1" else nn.Conv2d(3, 96, 7, 2)
        body = [
            pool if item == "p" else TheirFire(item[0], item[1], item[1] * 4, item[1] * 4)
            for item in (one if version == "1.1" else zero)
        ]
        self.features = nn.Sequential(first, nn.ReLU(), pool, *body)
        last = nn.Conv2d(512, 6, 1)
        self.classifier = nn.Sequential(nn.Dropout(), last, nn.ReLU(), nn.AdaptiveAvgPool2d(1))

    def forward(self, x):
        return self.classifier(self.features(x)).flatten(1)


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_torchvision_state_dict_gives_the_same_scores(tmp_path, version):
    torch.manual_seed(0)
    theirs = Theirs(version).eval()
    torch.save(theirs.state_dict(), tmp_path / "theirs.pth")
    network = published(version, classes=6, image_size=64)
    weights, preprocessing, _ = read_initial(tmp_path / "theirs.pth", network, "torchvision")
    assert preprocessing == TORCHVISION
    ours = SqueezeNet(
        network, batch_norm=False, mean=preprocessing.mean, std=preprocessing.std
    ).eval()
    copied, fresh = initialize(ours, weights)
    assert len(copied) == 52
    assert not fresh
    images = torch.rand(2, 3, 64, 64)
    mean, std = (torch.tensor(v)[:, None, None] for v in (TORCHVISION.mean, TORCHVISION.std))
    with torch.inference_mode():
        torch.testing.assert_close(ours(images), theirs((images - mean) / std))


def test_caffe_colours_are_turned(tmp_path):
    network = published("1.0", classes=3, image_size=40)
    random = np.random.default_rng(0)
    weight = random.normal(size=(96, 3, 7, 7)).astype(np.float32)
    np.savez(tmp_path / "a.npz", **{"conv1.weight": weight, "conv1.bias": np.ones(96, np.float32)})
    weights, preprocessing, _ = read_initial(tmp_path / "a.npz", network, "caffe")
    assert preprocessing == CAFFE
    module = SqueezeNet(network, batch_norm=False, mean=CAFFE.mean, std=CAFFE.std).eval()
    initialize(module, weights)
    u = random.integers(0, 256, (1, 3, 40, 40))
    bgr = torch.tensor(u[:, ::-1] - np.array([104, 117, 123])[:, None, None], dtype=torch.float32)
    expected = functional.conv2d(bgr, torch.from_numpy(weight), torch.ones(96), 2).relu()
    seen = []
    module.get_submodule("conv1").register_forward_hook(lambda _, __, output: seen.append(output))
    with torch.inference_mode():
        module(torch.from_numpy(u).float() / 255)
    torch.testing.assert_close(seen[0], expected, rtol=1e-4, atol=1e-2)


def test_a_bias_goes_into_the_batch_norm():
    network = published("1.1", classes=6, image_size=40)
    torch.manual_seed(0)
    plain, normed = SqueezeNet(network, batch_norm=False), SqueezeNet(network)
    for name, value in plain.named_parameters():
        if name.endswith("bias"):
            nn.init.uniform_(value)
    initialize(normed, plain.state_dict())
    images = torch.rand(1, 3, 40, 40)
    with torch.inference_mode():
        torch.testing.assert_close(
            normed.eval()(images), plain.eval()(images), rtol=1e-3, atol=1e-3
        )


def test_what_does_not_fit_stays_fresh(tmp_path):
    """A run may start from a checkpoint of the family with other classes."""
    small = Metaparameters(num_filters=8, base_e=8, incr_e=8, blocks=1, image_size=16, classes=3)
    module = SqueezeNet(squeezenet(small))
    preprocessing = Preprocessing(mean=(0.1, 0.2, 0.3))
    made = Checkpoint(
        parameters=small,
        batch_norm=True,
        state=module.state_dict(),
        labels=("a", "b", "c"),
        preprocessing=preprocessing,
    )
    checkpoint.save(made, tmp_path / "a.pt")
    network = squeezenet(Metaparameters(**{**_values(small), "classes": 4}))
    weights, found, _ = read_initial(tmp_path / "a.pt", network)
    assert found == preprocessing
    other = SqueezeNet(network)
    _, fresh = initialize(other, weights)
    assert fresh == ["conv4.conv.weight", "conv4.norm.weight", "conv4.norm.bias"]
    assert torch.equal(other.fire2.squeeze.conv.weight, module.fire2.squeeze.conv.weight)


def _values(parameters: Metaparameters) -> dict:
    return {name: getattr(parameters, name) for name in Metaparameters.__dataclass_fields__}


def test_nothing_fits():
    with pytest.raises(CheckpointError, match="fits this architecture in no tensor"):
        initialize(SqueezeNet(squeezenet()), {"conv1.conv.weight": torch.zeros(3)})


def test_names_of_nobody():
    how = TRAINED_WITH["unit"]
    assert translate({"layer1.weight": torch.zeros(3)}, published("1.0"), how) == {}


@pytest.mark.parametrize("name", ["a.npz", "a.pth"])
def test_not_weights(tmp_path, name):
    with pytest.raises(CheckpointError, match="no such file of weights"):
        read_weights(tmp_path / name)
    (tmp_path / name).write_text("a photograph")
    with pytest.raises(CheckpointError, match=r"damaged, or not an \.npz or a PyTorch"):
        read_weights(tmp_path / name)
    torch.save({"epoch": 3}, tmp_path / "b.pth")
    with pytest.raises(CheckpointError, match="not a state dict of tensors"):
        read_weights(tmp_path / "b.pth")


WEIGHTS = {f"conv1.{kind}": torch.full((3,), float(len(kind))) for kind in ("weight", "bias")}


def prefixed(prefix: str) -> dict:
    return {f"{prefix}{name}": tensor for name, tensor in WEIGHTS.items()}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (WEIGHTS, []),
        ({"state_dict": WEIGHTS, "epoch": 3, "optimizer": {"lr": 0.1}}, ["under state_dict"]),
        ({"model_state_dict": WEIGHTS, "loss": 0.1}, ["under model_state_dict"]),
        ({"model": WEIGHTS, "model_ema": WEIGHTS}, ["under model (not those under model_ema)"]),
        ({"ema_state_dict": WEIGHTS, "epoch": 3}, ["under ema_state_dict"]),
        ({"checkpoint": 1, "net": {"state_dict": WEIGHTS}}, ["under net", "under state_dict"]),
        (prefixed("module."), ["module. before every name"]),
        (prefixed("_orig_mod.module."), ["_orig_mod. before", "module. before"]),
        ({"state_dict": prefixed("model.")}, ["under state_dict", "model. before"]),
        (prefixed("module.") | {"n_averaged": torch.tensor(5)}, ["module. before every name"]),
    ],
)
def test_wrappings_are_opened_and_said(tmp_path, content, said):
    torch.save(content, tmp_path / "a.pth")
    weights, words = read_weights(tmp_path / "a.pth")
    assert weights.keys() == WEIGHTS.keys()
    assert all(torch.equal(weights[name], WEIGHTS[name]) for name in WEIGHTS)
    assert len(words) == len(said)
    assert all(part in word for part, word in zip(said, words, strict=True))


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: {"model_weights": state, "epoch": 3},
        lambda state: {"trainer": {"best": {"deep": state}}, "optimizer": {"state": {0: 1}}},
        lambda state: {f"1.{name}": tensor for name, tensor in state.items()},
        lambda state: {f"learner.net.{name}": tensor for name, tensor in state.items()},
    ],
)
def test_wrappings_that_nobody_told_of(tmp_path, wrap):
    state = {"features.0.weight": torch.ones(64, 3, 3, 3), "features.0.bias": torch.ones(64)}
    torch.save(wrap(state), tmp_path / "a.pth")
    found, said = read_weights(tmp_path / "a.pth")
    assert found.keys() == state.keys() and said


def test_which_of_two_networks_is_not_guessed(tmp_path):
    state = {"features.0.weight": torch.ones(64, 3, 3, 3)}
    torch.save({"student": state, "teacher": state}, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match="it holds student, teacher"):
        read_weights(tmp_path / "a.pth")


def test_a_layer_before_the_network_is_not_left_out(tmp_path):
    """It may be the normalization of its input."""
    state = {f"1.{name}": tensor for name, tensor in Theirs("1.1").state_dict().items()}
    torch.save(state | {"0.mean": torch.ones(3)}, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match=r"1 tensors too many: 0\.mean, …"):
        load_published(tmp_path / "a.pth", "unit")


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("a.safetensors", r"safetensors\.torch\.load_file"),
        ("a.h5", "Keras"),
        ("a.caffemodel", "Caffe"),
        ("a.tflite", "float ONNX, which python -m quant takes"),
    ],
)
def test_weights_of_other_programs_say_the_way(tmp_path, name, way):
    (tmp_path / name).write_bytes(b"theirs")
    with pytest.raises(CheckpointError, match=rf"{name}: not an \.npz or a PyTorch .*: .*{way}"):
        read_weights(tmp_path / name)


def test_a_torchscript_program_is_not_run(tmp_path):
    path = tmp_path / "a.pt"
    with warnings.catch_warnings(action="ignore"):  # it will be removed, and says so
        torch.jit.script(nn.Conv2d(1, 1, 1)).save(path)
    with pytest.raises(CheckpointError, match="TorchScript program, which is code and not run"):
        read_weights(path)


def test_what_is_inside_is_said_where_no_weights_are_found(tmp_path):
    torch.save({"epoch": 3, "history": {"loss": 0.1}}, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match="it holds epoch, history"):
        read_weights(tmp_path / "a.pth")
    torch.save(nn.Conv2d(1, 1, 1), tmp_path / "b.pth")
    with pytest.raises(CheckpointError, match=r"holds a torch\.nn\..*Conv2d, .*state_dict"):
        read_weights(tmp_path / "b.pth")


def test_names_do_not_tell_what_the_input_was(tmp_path):
    """A PyTorch program may call its layers as Caffe does, and torchvision's may see anything."""
    network = published("1.1", classes=3, image_size=40)
    for name in ("conv1.weight", "features.0.weight"):
        weight = torch.randn(64, 3, 3, 3)
        torch.save({name: weight}, tmp_path / "a.pth")
        with pytest.raises(CheckpointError, match="give --trained-with torchvision, caffe, unit"):
            read_initial(tmp_path / "a.pth", network)
        kept, preprocessing, said = read_initial(tmp_path / "a.pth", network, "unit")
        assert torch.equal(kept["conv1.conv.weight"], weight)
        assert preprocessing == Preprocessing() and said == ["unit input, as told"]
        turned, _, _ = read_initial(tmp_path / "a.pth", network, "caffe")
        assert torch.equal(turned["conv1.conv.weight"], weight.flip(1))


def test_a_published_network_is_recognized_by_its_values(tmp_path, monkeypatch):
    weights = {"conv1.weight": torch.arange(64 * 27).reshape(64, 3, 3, 3) / 64}
    half = weights["conv1.weight"].half().numpy().tobytes()
    monkeypatch.setitem(pretrained.RECOGNIZED, hashlib.sha256(half).hexdigest(), "caffe")
    path = tmp_path / "a.pth"
    assert trained(path, weights, None)[0] is TRAINED_WITH["caffe"]
    assert trained(path, weights, "caffe")[1] == "caffe input, as published"
    with pytest.raises(CheckpointError, match="published network trained with caffe, not unit"):
        trained(path, weights, "unit")
    with pytest.raises(CheckpointError, match="give --trained-with"):
        trained(path, {"conv1.weight": weights["conv1.weight"] + 1}, None)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda value: value.to_sparse(), "is sparse"),
        (lambda value: value.to(torch.complex64), "is of complex numbers"),
        (lambda value: value.to("meta"), "has a shape and no values"),
        (lambda value: value / 0, "is not finite"),
    ],
)
def test_weights_that_are_no_floats_of_a_network(tmp_path, change, said):
    torch.save({"conv1.weight": change(torch.ones(4, 3, 3, 3))}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=rf"a.pt: conv1.weight {said}; save the weights"):
        read_weights(tmp_path / "a.pt")


def test_weights_that_are_quantized_already(tmp_path):
    with warnings.catch_warnings(action="ignore"):  # torch is giving them up
        weight = torch.quantize_per_tensor(torch.ones(4, 3, 3, 3), 0.1, 0, torch.qint8)
        torch.save({"conv1.weight": weight}, tmp_path / "a.pt")
        with pytest.raises(CheckpointError, match="is quantized already"):
            read_weights(tmp_path / "a.pt")
