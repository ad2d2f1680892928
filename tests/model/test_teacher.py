"""Teachers of every sort."""

import os

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from model import checkpoint, train
from model.checkpoint import CheckpointError
from model.data import pixels, read_splits
from model.pretrained import TORCHVISION
from model.teacher import read_teacher
from spec import artifact, reference, synthetic
from spec.squeezenet import tiny

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
        (
            TensorProto.DOUBLE,
            lambda p: (p - np.array(TORCHVISION.mean)) / np.array(TORCHVISION.std),
        ),
        (TensorProto.UINT8, lambda p: p * 255),
        (TensorProto.INT8, lambda p: p * 255 - 128),
    ],
)
def test_an_onnx_teacher_gets_the_input_of_its_type(tmp_path, kind, expected, batch):
    write_mean_teacher(tmp_path / "a.onnx", kind, batch)
    teacher = read_teacher(tmp_path / "a.onnx", LABELS, torch.float32)
    u = torch.randint(256, (4, 3, 1, 1)).expand(4, 3, 8, 8).byte()
    scores, hints = teacher(pixels(u))
    wanted = expected(u[:, :, 0, 0].numpy() / 255)
    np.testing.assert_allclose(scores.numpy(), wanted, rtol=1e-5, atol=1e-5)
    assert hints is None


def test_an_onnx_teacher_of_other_classes(tmp_path):
    write_mean_teacher(tmp_path / "a.onnx", TensorProto.FLOAT)
    with pytest.raises(CheckpointError, match="scores 3 classes, and the data has 2 classes"):
        read_teacher(tmp_path / "a.onnx", ("a", "b"), torch.float32)


def test_a_classifier_of_two_inputs_and_one_that_is_a_pipe(tmp_path):
    path = tmp_path / "a.onnx"
    write_mean_teacher(path, TensorProto.FLOAT)
    made = onnx.load(path)
    made.graph.input.append(helper.make_tensor_value_info("size", TensorProto.FLOAT, [1]))
    onnx.save(made, path)
    with pytest.raises(CheckpointError, match=r"a\.onnx: must have one input, .* 2 \(image, s"):
        read_teacher(path, LABELS, torch.float32)
    os.mkfifo(tmp_path / "b.onnx")
    with pytest.raises(CheckpointError, match=r"b\.onnx: not a regular file"):
        read_teacher(tmp_path / "b.onnx", LABELS, torch.float32)


def test_not_an_onnx_file(tmp_path):
    (tmp_path / "a.onnx").write_text("a photograph")
    with pytest.raises(CheckpointError, match=r"a\.onnx: not an ONNX file that can be run"):
        read_teacher(tmp_path / "a.onnx", LABELS, torch.float32)


def test_a_checkpoint_teaches_and_its_classes_must_be_the_data_s(arguments, tmp_path, data):
    assert train.main([*arguments, "--epochs=2"]) == 0
    path = tmp_path / "run" / "best.pt"
    teacher = read_teacher(path, LABELS, torch.float32)
    images = pixels(read_splits(data, 24).validation.images)
    with torch.inference_mode():
        scores, hints = teacher(images)
        assert torch.equal(scores, checkpoint.load(path).module()(images))
        assert hints is None
    with pytest.raises(CheckpointError, match="the teacher knows blue, green, red; the data has a"):
        read_teacher(path, ("a", "b", "c"), torch.float32)


def test_our_own_artifact_teaches_by_its_logits_and_names_its_classes(tmp_path):
    quantized = synthetic.quantized(tiny())
    artifact.save(quantized, tmp_path / "a.onnx")
    teacher = read_teacher(tmp_path / "a.onnx", quantized.labels, torch.float32)
    image = synthetic.image(quantized.network)
    scores, _ = teacher(pixels(torch.from_numpy(image).permute(2, 0, 1)[None]))
    positions = quantized.network.last.o.height * quantized.network.last.o.width
    scale = 2.0 ** quantized.scale_log2(quantized.network.last.name) / positions
    wanted = reference.run(quantized, image)["sums"] * scale
    np.testing.assert_allclose(scores[0].numpy(), wanted.reshape(-1), rtol=1e-6)
    with pytest.raises(CheckpointError, match="the teacher knows"):
        read_teacher(tmp_path / "a.onnx", quantized.labels[::-1], torch.float32)


def test_an_onnx_file_that_is_no_classifier(tmp_path):
    leave = helper.make_tensor_value_info("sum", TensorProto.FLOAT, [])
    entry = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 8, 8])
    node = helper.make_node("ReduceSum", ["image"], ["sum"], keepdims=0)
    graph = helper.make_graph([node], "sum", [entry], [leave])
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10),
        tmp_path / "a.onnx",
    )
    with pytest.raises(CheckpointError, match=r"its output sum has the shape \[\], where class"):
        read_teacher(tmp_path / "a.onnx", LABELS, torch.float32)


def write_any_teacher(path, shape, kind=TensorProto.FLOAT, axes=(2, 3), ir_version=10):
    """Scores that are the means of the colours, of an input of any layout and kind."""
    entry = helper.make_tensor_value_info("image", kind, shape)
    leave = helper.make_tensor_value_info("scores", kind, [shape[0], 3])
    node = helper.make_node("ReduceMean", ["image"], ["scores"], keepdims=0, axes=axes)
    graph = helper.make_graph([node], "mean", [entry], [leave])
    opset = helper.make_opsetid("", 13)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=ir_version), path)


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        (["n", 8, 8, 3], (1, 2)),
        ([4, 3, 8, 8], (2, 3)),
        ([1, 5, 5, 3], (1, 2)),
        (["n", 3, 11, 11], (2, 3)),
        (["n", 3, "h", "w"], (2, 3)),
    ],
)
@pytest.mark.parametrize("kind", [TensorProto.FLOAT, TensorProto.FLOAT16])
def test_a_teacher_of_any_layout_size_batch_and_kind(tmp_path, shape, axes, kind):
    write_any_teacher(tmp_path / "a.onnx", shape, kind, axes)
    teacher = read_teacher(tmp_path / "a.onnx", LABELS, torch.float32)
    u = torch.randint(256, (6, 3, 1, 1)).expand(6, 3, 8, 8).byte()
    scores, _ = teacher(pixels(u))
    wanted = (u[:, :, 0, 0].numpy() / 255 - np.array(TORCHVISION.mean)) / np.array(TORCHVISION.std)
    np.testing.assert_allclose(scores.numpy(), wanted, atol=5e-3)


@pytest.mark.parametrize(
    ("shape", "kind", "message"),
    [
        (["n", 1, 8, 8], TensorProto.FLOAT, "where photographs in colour have"),
        (["n", 4, 8, 8], TensorProto.FLOAT, "where photographs in colour have"),
        (["n", 3, 8, 8], TensorProto.INT32, r"its input is a tensor\(int32\)"),
        ([0, 3, 8, 8], TensorProto.FLOAT, "where lengths are 1 to 4096"),
        (["n", 3, 10**7, 10**7], TensorProto.FLOAT, "where lengths are 1 to 4096"),
    ],
)
def test_an_input_that_takes_no_photographs_is_refused_at_once(tmp_path, shape, kind, message):
    write_any_teacher(tmp_path / "a.onnx", shape, kind)
    with pytest.raises(CheckpointError, match=message):
        read_teacher(tmp_path / "a.onnx", LABELS, torch.float32)


def write_graph(path, *nodes: onnx.NodeProto, outputs=("scores",)) -> None:
    """A classifier of 8×8 pixels and three classes; ``mean`` is the mean of each colour."""
    entry = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 8, 8])
    leaves = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3]) for name in outputs]
    mean = helper.make_node("ReduceMean", ["image"], ["mean"], keepdims=0, axes=(2, 3))
    graph = helper.make_graph([mean, *nodes], "graph", [entry], leaves)
    opset = helper.make_opsetid("", 13)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=10), path)


def test_scores_that_are_not_finite_are_the_teacher_s(tmp_path):
    zero = helper.make_node("Sub", ["mean", "mean"], ["zero"])
    write_graph(tmp_path / "a.onnx", zero, helper.make_node("Div", ["zero", "zero"], ["scores"]))
    teacher = read_teacher(tmp_path / "a.onnx", LABELS, torch.float32)
    with pytest.raises(CheckpointError, match=r"a.onnx: gives scores that are not finite"):
        teacher(torch.zeros(2, 3, 8, 8))


def test_a_teacher_that_fails_on_photographs(tmp_path):
    shape = helper.make_node("Constant", [], ["shape"], value_ints=[5, 3])
    write_graph(
        tmp_path / "a.onnx", shape, helper.make_node("Reshape", ["mean", "shape"], ["scores"])
    )
    teacher = read_teacher(tmp_path / "a.onnx", LABELS, torch.float32)
    with pytest.raises(CheckpointError, match=r"a.onnx: cannot be run on photographs of 3×8×8 \("):
        teacher(torch.zeros(2, 3, 8, 8))


def test_what_is_assumed_of_a_teacher_is_said(tmp_path, capsys):
    same = helper.make_node("Identity", ["mean"], ["scores"])
    write_graph(tmp_path / "a.onnx", same, outputs=("scores", "mean"))
    read_teacher(tmp_path / "a.onnx", LABELS, torch.float32)
    said = "a.onnx: input: torchvision's normalization; scores: its output scores, not mean\n"
    assert capsys.readouterr().err.endswith(said)
