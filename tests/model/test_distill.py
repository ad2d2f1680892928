"""Teachers of every sort, their views, and the loss."""

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from model import checkpoint, distill, train
from model.augment import Augmentation
from model.checkpoint import CheckpointError
from model.data import pixels, read_splits
from model.pretrained import TORCHVISION

LABELS = ("blue", "green", "red")


def write_mean_teacher(path, kind: int, batch: int | str = "n") -> None:
    """An ONNX classifier whose scores are the means of the three colours of its input."""
    entry = helper.make_tensor_value_info("image", kind, [batch, 3, 8, 8])
    leave = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [batch, 3])
    nodes = [
        helper.make_node("Cast", ["image"], ["x"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["x", "axes"], ["scores"], keepdims=0),
    ]
    axes = helper.make_tensor("axes", TensorProto.INT64, [2], [2, 3])
    graph = helper.make_graph(nodes, "mean", [entry], [leave], [axes])
    opset = helper.make_opsetid("", 18)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=10), path)


@pytest.mark.parametrize("batch", ["n", 1])
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (TensorProto.FLOAT, lambda p: (p - np.array(TORCHVISION.mean)) / np.array(TORCHVISION.std)),
        (TensorProto.UINT8, lambda p: p * 255),
        (TensorProto.INT8, lambda p: p * 255 - 128),
    ],
)
def test_an_onnx_teacher_gets_the_input_of_its_type(tmp_path, kind, expected, batch):
    write_mean_teacher(tmp_path / "a.onnx", kind, batch)
    teacher = distill.read_teacher(tmp_path / "a.onnx", LABELS, torch.float32)
    u = torch.randint(256, (4, 3, 1, 1)).expand(4, 3, 8, 8).byte()
    scores = teacher(pixels(u))
    wanted = expected(u[:, :, 0, 0].numpy() / 255)
    np.testing.assert_allclose(scores.numpy(), wanted, rtol=1e-5, atol=1e-5)


def test_an_onnx_teacher_of_other_classes(tmp_path):
    write_mean_teacher(tmp_path / "a.onnx", TensorProto.FLOAT)
    with pytest.raises(CheckpointError, match="and the data has 2 classes"):
        distill.read_teacher(tmp_path / "a.onnx", ("a", "b"), torch.float32)


def test_not_an_onnx_file(tmp_path):
    (tmp_path / "a.onnx").write_text("a photograph")
    with pytest.raises(CheckpointError, match=r"a\.onnx: not an ONNX file that can be run"):
        distill.read_teacher(tmp_path / "a.onnx", LABELS, torch.float32)


def test_a_checkpoint_teaches_and_its_classes_must_be_the_data_s(arguments, tmp_path, data):
    assert train.main([*arguments, "--epochs=2"]) == 0
    path = tmp_path / "run" / "best.pt"
    teacher = distill.read_teacher(path, LABELS, torch.float32)
    images = pixels(read_splits(data, 24).validation.images)
    with torch.inference_mode():
        assert torch.equal(teacher(images), checkpoint.load(path).module()(images))
    with pytest.raises(CheckpointError, match="the teacher knows blue, green, red; the data has a"):
        distill.read_teacher(path, ("a", "b", "c"), torch.float32)


def test_the_teacher_sees_the_pixels_that_are_kept(data):
    photographs = read_splits(data, 24).train
    how = Augmentation(crop=0.5, rotate=10, colour=0.3)

    def teacher(images):
        return images.mean(dim=(2, 3))

    made = [
        distill.make_views(teacher, photographs, count=2, size=16, how=how, seed=seed)
        for seed in (1, 1, 2)
    ]
    views, scores = made[0]
    assert views.shape == (18, 2, 3, 16, 16)
    torch.testing.assert_close(scores, views.float().mean(dim=(3, 4)) / 255)
    assert torch.equal(made[1][0], views)
    assert not torch.equal(made[2][0], views)
    assert not torch.equal(views[:, 0], views[:, 1])


def test_kept_views_are_the_same_run(arguments, tmp_path, capsys):
    assert train.main([*arguments, "--epochs=1"]) == 0
    arguments += [f"--teacher={tmp_path / 'run' / 'best.pt'}", "--views=2", "--stages=16x1"]
    file = f"--views-file={tmp_path / 'views.pt'}"
    for name in ("first", "second"):
        assert train.main([*arguments, file, f"--output={tmp_path / name}"]) == 0
    one, other = (checkpoint.load(tmp_path / name / "last.pt") for name in ("first", "second"))
    assert one.history[-1]["loss"] == other.history[-1]["loss"]
    capsys.readouterr()
    assert train.main([*arguments, file, f"--output={tmp_path / 'third'}", "--views=3"]) == 2
    assert "views.pt: its views were made with another views" in capsys.readouterr().err
    (tmp_path / "views.pt").write_text("a photograph")
    assert train.main([*arguments, file, f"--output={tmp_path / 'fourth'}"]) == 2
    assert "views.pt: damaged, or not a file of views" in capsys.readouterr().err


def test_the_loss_is_zero_for_the_teacher_itself_and_has_the_scale_of_cross_entropy():
    scores = torch.randn(8, 5)
    softened = (scores / 3).softmax(dim=1)
    assert float(distill.distillation_loss(scores, softened, 3.0)) == pytest.approx(0, abs=1e-5)
    student = (-scores / 3).softmax(dim=1)
    divergence = (softened * (softened.log() - student.log())).sum(dim=1).mean()
    torch.testing.assert_close(distill.distillation_loss(-scores, softened, 3.0), 9 * divergence)
    # At temperature 1, it is cross-entropy minus the teacher's own entropy.
    other, softened = torch.randn(8, 5), scores.softmax(dim=1)
    entropy = -(softened * softened.log()).sum(dim=1).mean()
    wanted = torch.nn.functional.cross_entropy(other, softened) - entropy
    torch.testing.assert_close(distill.distillation_loss(other, softened, 1.0), wanted)
