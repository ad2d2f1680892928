"""SqueezeNets as PyTorch exports them: the network read from the file gives the file's scores."""

import warnings
from pathlib import Path

import onnx
import pytest
import torch
from onnx import version_converter
from torch import nn
from torch.nn import functional

from quant.foreign.check import check
from quant.foreign.graph import ForeignError
from quant.foreign.load import load

CLASSES = 4


class Fire(nn.Module):
    """As torchvision has it; ``norm`` puts batch norms before the ReLUs."""

    def __init__(self, into, squeeze, one, three, norm=False):
        super().__init__()
        self.squeeze = nn.Conv2d(into, squeeze, 1, bias=not norm)
        self.expand1x1 = nn.Conv2d(squeeze, one, 1, bias=not norm)
        self.expand3x3 = nn.Conv2d(squeeze, three, 3, padding=1, bias=not norm)
        sizes = (squeeze, one, three)
        self.norms = nn.ModuleList(nn.BatchNorm2d(n) if norm else nn.Identity() for n in sizes)

    def forward(self, x):
        x = self.norms[0](self.squeeze(x)).relu()
        one = self.norms[1](self.expand1x1(x)).relu()
        return torch.cat([one, self.norms[2](self.expand3x3(x)).relu()], 1)


class SwappedFire(Fire):
    """The 3×3 expand first, and one ReLU for both."""

    def forward(self, x):
        x = self.squeeze(x).relu()
        return torch.cat([self.expand3x3(x), self.expand1x1(x)], 1).relu()


class LateFire(Fire):
    """Batch norms after the ReLU of the whole, which go into what follows."""

    def __init__(self, into, squeeze, one, three):
        super().__init__(into, squeeze, one, three)
        self.norm = nn.BatchNorm2d(one + three)

    def forward(self, x):
        return self.norm(super().forward(x))


def squeezenet(fire=Fire, norm=False, *, padding=0, ceil_mode=True, end=()):
    """conv1, pool, two Fires, pool, Fire, and an end: dropout, conv, ReLU, average."""
    more = {"norm": norm} if norm else {}
    last = nn.Conv2d(15, CLASSES, 1)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=padding, bias=not norm),
        nn.BatchNorm2d(8) if norm else nn.Identity(),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, ceil_mode=ceil_mode),
        fire(8, 4, 6, 10, **more),
        fire(16, 4, 7, 9, **more),
        nn.MaxPool2d(3, 2, ceil_mode=ceil_mode),
        fire(16, 5, 8, 7, **more),
        *(end or (nn.Dropout(), last, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())),
    )


def lively(module: nn.Module, seed: int = 0) -> nn.Module:
    """Weights, biases, gains and statistics of all sizes."""
    torch.manual_seed(seed)
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight)
            if layer.bias is not None:
                nn.init.normal_(layer.bias, std=0.2)
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.weight, 0.3, 1.5)
            nn.init.normal_(layer.bias, std=0.3)
            nn.init.normal_(layer.running_mean, std=0.3)
            nn.init.uniform_(layer.running_var, 0.4, 2)
    return module.eval()


def export(module: nn.Module, path: Path, *, side=35, batch=1, **more) -> Path:
    """The exporter of TorchScript, which needs no further package."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it will be removed, and says so
        torch.onnx.export(module, torch.zeros(batch, 3, side, side), path, dynamo=False, **more)
    return path


class Functional(nn.Module):
    """A forward pass with everything written out: slices of shapes, means over axes, softmax."""

    def __init__(self):
        super().__init__()
        self.body = squeezenet(end=(nn.Identity(),))
        self.last = nn.Conv2d(15, CLASSES, 1)

    def forward(self, x):
        x = (x - 0.45) / torch.tensor([0.2, 0.25, 0.3]).view(1, 3, 1, 1)
        x = functional.relu(self.last(self.body(x)))
        x = x.mean(dim=(2, 3), keepdim=True)
        return functional.softmax(x.view(x.size(0), -1), dim=1)


def end(*, relu=True):
    """An end without dropout, perhaps without ReLU."""
    last = nn.Conv2d(15, CLASSES, 1)
    return (last, nn.ReLU() if relu else nn.Identity(), nn.AdaptiveAvgPool2d(1), nn.Flatten())


MODULES = {
    "plain": squeezenet,
    "batch norm": lambda: squeezenet(norm=True),
    "expands swapped": lambda: squeezenet(SwappedFire),
    "batch norm after the ReLU": lambda: squeezenet(LateFire),
    "no last ReLU": lambda: squeezenet(end=end(relu=False)),
    "a linear layer": lambda: squeezenet(
        end=(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(15, CLASSES))
    ),
    "convolution after the average": lambda: squeezenet(
        end=(nn.AdaptiveAvgPool2d(1), nn.Conv2d(15, CLASSES, 1), nn.Flatten())
    ),
    "average pool": lambda: squeezenet(
        end=(nn.Conv2d(15, CLASSES, 1), nn.ReLU(), nn.AvgPool2d(4), nn.Flatten())
    ),
    "log softmax": lambda: squeezenet(end=(*end(), nn.LogSoftmax(dim=1))),
    "functional": Functional,
}


@pytest.fixture
def images() -> torch.Tensor:
    """uint8, shape (5, 3, 35, 35)."""
    generator = torch.Generator().manual_seed(1)
    small = torch.randint(256, (5, 3, 7, 7), dtype=torch.uint8, generator=generator)
    return functional.interpolate(small, 35, mode="nearest")


def alike(path: Path, images: torch.Tensor, trained_with="unit", side=None, notes=()) -> None:
    read = load(path, trained_with, side)
    assert read.notes == notes
    found = check(path, read, images)
    assert found.difference < 1e-5 and found.same == len(images), str(found)


@pytest.mark.parametrize("name", MODULES)
def test_the_scores_are_the_files(name, images, tmp_path):
    path = export(lively(MODULES[name]()), tmp_path / "net.onnx", input_names=["data_0"])
    alike(path, images)


def test_windows_are_cut_or_fit(images, tmp_path):
    module = lively(squeezenet(ceil_mode=False))
    path = export(module, tmp_path / "net.onnx", side=39)
    alike(path, functional.interpolate(images, 39))
    export(module, path)
    with pytest.raises(ForeignError, match=r"MaxPool\): gives 3×3 of 8×8, and the engine's"):
        load(path, "unit", None)


@pytest.mark.parametrize("trained_with", ["torchvision", "caffe", "symmetric", "bytes"])
def test_whatever_the_input_is(trained_with, images, tmp_path):
    path = export(lively(squeezenet()), tmp_path / "net.onnx")
    alike(path, images, trained_with)


@pytest.mark.parametrize("opset", [9, 11, 13, 17, 20])
def test_opsets(opset, images, tmp_path):
    path = export(lively(squeezenet(norm=True)), tmp_path / "net.onnx", opset_version=opset)
    alike(path, images)


def test_free_and_fixed_batches(images, tmp_path):
    free = {"input": {0: "n", 2: "h", 3: "w"}, "output": {0: "n"}}
    names = {"input_names": ["input"], "output_names": ["output"]}
    module = lively(Functional())
    path = export(module, tmp_path / "free.onnx", dynamic_axes=free, **names)
    alike(path, images, side=35)
    with pytest.raises(ForeignError, match=r"free\.onnx: input: is of any size .* --image 224"):
        load(path, "unit", None)
    path = export(module, tmp_path / "four.onnx", batch=4)
    alike(path, images)
    with pytest.raises(ForeignError, match="is of the fixed size 4×3×35×35, not of --image 36"):
        load(path, "unit", 36)


def test_constants_as_inputs_and_unfolded(images, tmp_path):
    path = export(
        lively(Functional()),
        tmp_path / "net.onnx",
        keep_initializers_as_inputs=True,
        do_constant_folding=False,
        opset_version=11,
    )
    assert len(onnx.load(path).graph.input) > 10
    alike(path, images)


def test_old_opsets(images, tmp_path):
    path = export(lively(squeezenet(end=end())), tmp_path / "net.onnx", opset_version=9)
    onnx.save(version_converter.convert_version(onnx.load(path), 7), path)
    alike(path, images)


def test_a_border_that_is_not_black_is_said(images, tmp_path):
    path = export(lively(squeezenet(padding=1)), tmp_path / "net.onnx")
    alike(path, images, "unit")
    read = load(path, "torchvision", None)
    assert "conv1 pads with zeros after the normalization" in read.notes[0]
    assert 1e-5 < check(path, read, images).difference < 0.5


def test_another_network_is_refused_by_the_check(images, tmp_path):
    path = export(lively(squeezenet()), tmp_path / "net.onnx")
    read = load(path, "unit", None)
    export(lively(squeezenet(), seed=1), path)
    with pytest.raises(ForeignError, match="does not compute the same: scores differ by"):
        check(path, read, images)


class Tail(nn.Module):
    """An end of one's own."""

    def __init__(self, forward):
        super().__init__()
        self.forward = forward


@pytest.mark.parametrize(
    "average",
    [
        lambda x: x.mean(-1).mean(-1),
        lambda x: x.mean(2).mean(2),
        lambda x: x.mean(3).mean(2),
        lambda x: x.mean(3, keepdim=True).mean(2),
        lambda x: x.mean(2, keepdim=True).mean(3, keepdim=True).flatten(1),
    ],
)
def test_rows_and_columns_one_after_the_other(average, images, tmp_path):
    module = squeezenet(end=(nn.Conv2d(15, CLASSES, 1), nn.ReLU(), Tail(average)))
    alike(export(lively(module), tmp_path / "a.onnx"), images)


@pytest.mark.parametrize("average", [lambda x: x.mean(3).mean(1), lambda x: x.mean(3).relu()])
def test_rows_without_columns(average, tmp_path):
    module = squeezenet(end=(nn.Conv2d(15, CLASSES, 1), nn.ReLU(), Tail(average)))
    with pytest.raises(ForeignError, match="must follow the average over rows and columns both"):
        load(export(lively(module), tmp_path / "a.onnx"), "unit", None)


def test_a_batch_norm_in_training_mode(tmp_path):
    path = export(
        lively(squeezenet(norm=True)),
        tmp_path / "a.onnx",
        training=torch.onnx.TrainingMode.TRAINING,
        do_constant_folding=False,
    )
    with pytest.raises(ForeignError, match=r"training mode; export the network after model\.eval"):
        load(path, "unit", None)


def test_doubles(tmp_path):
    path = tmp_path / "a.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = lively(squeezenet()).double()
        torch.onnx.export(module, torch.zeros(1, 3, 35, 35).double(), path, dynamo=False)
    with pytest.raises(ForeignError, match=r"is of float64; export the network in float32"):
        load(path, "unit", None)


def test_an_output_beside_the_scores_may_be_anything(images, tmp_path):
    class More(nn.Module):
        def __init__(self, first):
            super().__init__()
            self.body, self.first = squeezenet(), first

        def forward(self, x):
            scores = self.body(x)
            more = (x.sigmoid(), x.mean())
            return (scores, *more) if self.first else (*more, scores)

    alike(export(lively(More(True)), tmp_path / "a.onnx"), images)
    with pytest.raises(ForeignError, match=r"\(Sigmoid\): the engine has no such operator"):
        load(export(lively(More(False)), tmp_path / "b.onnx"), "unit", None)
