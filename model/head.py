"""``python -m model.head CLASSIFIER.onnx --data DIR --output TEACHER.onnx``: a teacher in a minute.

Any ONNX classifier that has learned other classes, ImageNet's say, becomes one of the classes of
the photographs: a linear layer on top of its scores is fitted to the training photographs. The
scores themselves stay in the file, as hints for a student (``model.train --hint-weight``).
"""

import argparse
import json
import os
import sys
from pathlib import Path

import onnx
import torch
from onnx import compose, helper, numpy_helper
from torch.nn import functional

from model.command import add_data_arguments, read_data, run
from model.data import Photographs, pixels
from model.metrics import in_words
from model.teacher import HINTS, LOGITS, OnnxClassifier
from spec import terminal
from spec.arguments import Parser, number, whole
from spec.export import LABELS

BATCH = 32
STEPS = 300
"""Of L-BFGS, at most; a few dozen are usual."""


def scores_of(classifier: OnnxClassifier, photographs: Photographs) -> torch.Tensor:
    """The classifier's own scores, shape (photographs, its classes)."""
    return torch.cat([classifier(pixels(part))[0] for part in photographs.images.split(BATCH)])


def fit(
    scores: torch.Tensor, targets: torch.Tensor, classes: int, decay: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """The linear layer of least cross-entropy plus ``decay · Σ w²``, scores scaled to variance 1.

    Returns
    -------
    tuple of two tensors
        float32 weight, shape (scores, classes), and bias, shape (classes,), for unscaled scores.
    """
    mean, deviation = scores.double().mean(dim=0), scores.double().std().clamp(min=1e-12)
    x = (scores.double() - mean) / deviation
    weight = torch.zeros(scores.shape[1], classes, dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(classes, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value = functional.cross_entropy(x @ weight + bias, targets) + decay * weight.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    weight, bias = weight.detach() / deviation, bias.detach()
    return weight.float(), (bias - mean @ weight).float()


def add_head(
    model: onnx.ModelProto,
    output: str,
    weight: torch.Tensor,
    bias: torch.Tensor,
    labels: tuple[str, ...],
) -> onnx.ModelProto:
    """The classifier with the layer on its ``output``: ``logits``, and its own scores as ``hints``.

    A map of scores is averaged over positions first, as :class:`OnnxClassifier` does.
    """
    made = compose.add_prefix(model, "classifier.")  # so that its names are not the head's
    made.ir_version = max(made.ir_version, 4)  # before, a constant had to be an input, too
    graph = made.graph
    scores = f"classifier.{output}"
    (leave,) = (leave for leave in graph.output if leave.name == scores)
    shape = leave.type.tensor_type.shape.dim
    if len(shape) > 2:
        graph.node.append(helper.make_node("GlobalAveragePool", [scores], ["pooled"]))
        graph.node.append(helper.make_node("Flatten", ["pooled"], ["flat"], axis=1))
        scores = "flat"
    if leave.type.tensor_type.elem_type != onnx.TensorProto.FLOAT:
        graph.node.append(helper.make_node("Cast", [scores], ["wide"], to=onnx.TensorProto.FLOAT))
        scores = "wide"
    graph.initializer.append(numpy_helper.from_array(weight.numpy(), "weight"))
    graph.initializer.append(numpy_helper.from_array(bias.numpy(), "bias"))
    graph.node.append(helper.make_node("Gemm", [scores, "weight", "bias"], [LOGITS]))
    graph.node.append(helper.make_node("Identity", [scores], [HINTS]))
    del graph.output[:]
    images = shape[0].dim_value or shape[0].dim_param or None
    for name, width in ((LOGITS, weight.shape[1]), (HINTS, weight.shape[0])):
        kind = onnx.TensorProto.FLOAT
        graph.output.append(helper.make_tensor_value_info(name, kind, [images, width]))
    helper.set_model_props(made, {LABELS: json.dumps(labels)})
    onnx.checker.check_model(made)
    return made


def make_teacher(arguments: argparse.Namespace) -> int:
    classifier = OnnxClassifier(arguments.classifier)
    if classifier.hints:
        raise ValueError(f"{arguments.classifier}: has a head already; give the file it was put on")
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    splits = read_data(arguments, arguments.image)
    terminal.note(f"{arguments.classifier}: {classifier.assumed}")
    labels = splits.train.labels
    scores = {name: scores_of(classifier, own) for name, own in splits.items()}
    weight, bias = fit(scores["train"], splits.train.targets, len(labels), arguments.decay)
    made = add_head(onnx.load(arguments.classifier), classifier.output, weight, bias, labels)
    part = arguments.output.with_name(f"{arguments.output.name}.{os.getpid()}.part")
    try:
        onnx.save(made, part)
        os.replace(part, arguments.output)
    finally:
        part.unlink(missing_ok=True)
    for name, own in splits.items():
        right = int(((scores[name] @ weight + bias).argmax(dim=1) == own.targets).sum())
        print(f"{name}: {in_words(right, len(own))}")
    print(f"{arguments.output}: {', '.join(labels)} from {classifier.classes} scores")
    return 0


def main(argv: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m model.head",
        description=__doc__,
        examples=("net.onnx --data photographs --validation-share 0.12 --output teacher.onnx",),
    )
    parser.add_argument("classifier", type=Path, help="an ONNX file of any classes")
    add_data_arguments(parser)
    parser.add_argument("--image", type=whole(1), default=224, help="side of the images (224)")
    parser.add_argument(
        "--decay", type=number(above=0), default=0.1, help="penalty on squared weights (0.1)"
    )
    parser.add_argument("--output", type=Path, required=True, metavar="TEACHER.onnx")
    return run("model.head", make_teacher, parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
