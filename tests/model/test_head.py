"""A head on a classifier of other classes: fitted, written, taught with."""

import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from model import head, train
from model.data import pixels, read_splits
from model.teacher import OnnxClassifier, read_teacher


def write_classifier(path, classes: int = 7, maps: bool = False) -> None:
    """An ONNX classifier whose scores are fixed random sums of its input's mean colours."""
    positions = ["height", "width"] if maps else []
    entry = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, "height", "width"])
    leave = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", classes, *positions])
    weight = torch.randn(classes, 3, 1, 1, generator=torch.Generator().manual_seed(0))
    nodes = [helper.make_node("Conv", ["image", "weight"], ["map"])]
    if maps:
        nodes.append(helper.make_node("Identity", ["map"], ["logits"]))
    else:
        nodes.append(helper.make_node("ReduceMean", ["map", "axes"], ["logits"], keepdims=0))
    constants = [
        numpy_helper.from_array(weight.numpy(), "weight"),
        helper.make_tensor("axes", TensorProto.INT64, [2], [2, 3]),
    ]
    graph = helper.make_graph(nodes, "colours", [entry], [leave], constants)
    opset = helper.make_opsetid("", 18)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=10), path)


@pytest.mark.parametrize("maps", [False, True])
def test_a_head_makes_a_teacher_with_the_classifier_s_scores_as_hints(data, tmp_path, maps, capsys):
    own, made = tmp_path / "own.onnx", tmp_path / "made" / "teacher.onnx"
    write_classifier(own, maps=maps)
    command = [str(own), f"--data={data}", "--image=24", f"--output={made}"]
    assert head.main(command) == 0
    printed = capsys.readouterr().out
    assert "validation: 1.0000 (6 of 6), 95 %: 0.610 to 1.000" in printed
    assert "teacher.onnx: blue, green, red from 7 scores" in printed
    assert list(made.parent.iterdir()) == [made]
    splits = read_splits(data, 24)
    teacher = read_teacher(made, splits.train.labels, torch.float32)
    images = pixels(splits.validation.images)
    scores, hints = teacher(images)
    assert torch.equal(scores.argmax(dim=1), splits.validation.targets)
    torch.testing.assert_close(hints, OnnxClassifier(own)(images)[0])
    assert teacher.labels == splits.train.labels
    assert head.main([str(made), *command[1:3], f"--output={tmp_path / 'again.onnx'}"]) == 2
    assert "teacher.onnx: has a head already" in capsys.readouterr().err
    assert not (tmp_path / "again.onnx").exists()


def test_the_fit_is_a_stationary_point_of_its_loss():
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(60, 4, generator=generator) * 3 + 1
    targets = torch.randint(3, (60,), generator=generator)
    weight, bias = head.fit(scores, targets, 3, 0.05)
    deviation = scores.std()
    scaled = (weight * deviation).double().requires_grad_()
    moved = bias.double().requires_grad_()
    x = scores.double() / deviation
    loss = torch.nn.functional.cross_entropy(x @ scaled + moved, targets)
    (loss + 0.05 * scaled.square().sum()).backward()
    assert scaled.grad.abs().max() < 1e-4
    assert moved.grad.abs().max() < 1e-4
    assert weight.abs().max() > 1e-2


def test_a_student_of_such_a_teacher(data, tmp_path, arguments):
    own, made = tmp_path / "own.onnx", tmp_path / "teacher.onnx"
    write_classifier(own)
    assert head.main([str(own), f"--data={data}", "--image=24", f"--output={made}"]) == 0
    assert train.main([*arguments, f"--teacher={made}", "--views=2", "--hint-weight=1"]) == 0


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--data=none"], "none: no such folder"),
    ],
)
def test_bad_input_is_one_line(data, tmp_path, capsys, more, message):
    write_classifier(tmp_path / "own.onnx")
    output = tmp_path / "teacher.onnx"
    command = [str(tmp_path / "own.onnx"), f"--data={data}", "--image=24", f"--output={output}"]
    assert head.main([*command, *more]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"model.head: {message}")
    assert error.count("\n") == 1
    assert not output.exists()


@pytest.mark.parametrize(
    ("shape", "axes", "kind"),
    [
        ([4, 3, 9, 9], (2, 3), TensorProto.FLOAT),
        (["n", 9, 9, 3], (1, 2), TensorProto.FLOAT16),
    ],
)
def test_a_head_on_files_of_other_programs(data, tmp_path, shape, axes, kind):
    """Of IR 3, a fixed batch, channels last, half precision, another size."""
    entry = helper.make_tensor_value_info("image", kind, shape)
    leave = helper.make_tensor_value_info("scores", kind, [shape[0], 3])
    node = helper.make_node("ReduceMean", ["image"], ["scores"], keepdims=0, axes=axes)
    graph = helper.make_graph([node], "mean", [entry], [leave])
    opset = helper.make_opsetid("", 13)
    own, made = tmp_path / "own.onnx", tmp_path / "teacher.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=3), own)
    assert head.main([str(own), f"--data={data}", "--image=24", f"--output={made}"]) == 0
    splits = read_splits(data, 24)
    teacher = read_teacher(made, splits.train.labels, torch.float32)
    scores, hints = teacher(pixels(splits.validation.images))
    assert torch.equal(scores.argmax(dim=1), splits.validation.targets)
    assert hints.shape == (6, 3)


def test_a_file_that_is_no_classifier(data, tmp_path, capsys):
    (tmp_path / "a.onnx").write_text("a photograph")
    command = [str(tmp_path / "a.onnx"), f"--data={data}", f"--output={tmp_path / 'b.onnx'}"]
    assert head.main(command) == 2
    error = capsys.readouterr().err
    assert "a.onnx: not an ONNX file that can be run" in error
    assert error.count("\n") == 1
