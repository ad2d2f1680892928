"""An ONNX graph as it comes: what is constant in it computed, the rest in order."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # onnx lets it through
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from spec.export import LABELS


class ForeignError(ValueError):
    """An ONNX file that is no network of the family; the message names the node and the reason."""


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A graph without its constant parts.

    Parameters
    ----------
    nodes
        In order of computation; only those that depend on the image.
    constants
        By the name of the tensor.
    image
        The name of the input, its element type, and its shape with None for what is free.
    outputs
        Names.
    opset
        Of the standard operators.
    labels
        What the file's metadata say of the classes, or None.
    """

    nodes: tuple[onnx.NodeProto, ...]
    constants: dict[str, np.ndarray]
    image: str
    dtype: int
    shape: tuple[int | None, ...]
    outputs: tuple[str, ...]
    opset: int
    labels: tuple[str, ...] | None


def called(node: onnx.NodeProto) -> str:
    """How a message calls a node: by its name or its output, and its operator."""
    return f"{node.name or node.output[0]} ({node.op_type})"


def read_graph(path: Path) -> Graph:
    """The graph in a file.

    Raises
    ------
    ForeignError
        If the file is no ONNX file, or has not one image for an input.
    """
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise ForeignError("is not a regular file")
    try:
        model = onnx.load(path)
    except OSError as error:
        raise ForeignError(f"cannot be read ({error.strerror or error})") from error
    except (DecodeError, onnx.checker.ValidationError) as error:
        raise ForeignError(f"is not a complete ONNX file ({error})") from error
    graph = model.graph
    if not graph.node:
        raise ForeignError("holds no graph; is it an ONNX file?")
    constants = {tensor.name: _array(tensor) for tensor in graph.initializer}
    images = [item for item in graph.input if item.name not in constants]
    if len(images) != 1:
        names = ", ".join(item.name for item in images) or "none"
        raise ForeignError(f"must have one input, the image, not {len(images)} ({names})")
    opsets = {item.domain: item.version for item in model.opset_import}
    nodes = tuple(_without_constants(model, constants))
    kind = images[0].type.tensor_type
    dims = [dim.dim_value or None for dim in kind.shape.dim]
    return Graph(
        nodes=nodes,
        constants=constants,
        image=images[0].name,
        dtype=kind.elem_type,
        shape=tuple(dims),
        outputs=tuple(item.name for item in graph.output),
        opset=opsets.get("", 1),
        labels=_labels(model),
    )


def _array(tensor: onnx.TensorProto) -> np.ndarray:
    try:
        return np.array(numpy_helper.to_array(tensor))
    except (ValueError, TypeError, KeyError) as error:
        raise ForeignError(f"{tensor.name}: a constant that cannot be read ({error})") from error


def _without_constants(
    model: onnx.ModelProto, constants: dict[str, np.ndarray]
) -> Iterator[onnx.NodeProto]:
    """The nodes whose inputs are not all constant; the results of the others become constants."""
    for node in model.graph.node:
        inputs = {name: constants[name] for name in node.input if name in constants}
        if len(inputs) < len({*node.input} - {""}):
            yield node
            continue
        constants.update(zip(node.output, _computed(model, node, inputs), strict=False))


def _computed(
    model: onnx.ModelProto, node: onnx.NodeProto, inputs: dict[str, np.ndarray]
) -> list[np.ndarray]:
    """What a node gives for constants."""
    graph = helper.make_graph([node], "constant", [], _untyped(node.output))
    graph.input.extend(_untyped(inputs))
    # The evaluator lacks some operators in the opsets they were first in.
    latest = [helper.make_opsetid("", onnx.defs.onnx_opset_version())]
    for opsets in (model.opset_import, latest):
        made = helper.make_model(graph, opset_imports=opsets)
        try:
            return [np.asarray(value) for value in ReferenceEvaluator(made).run(None, inputs)]
        except Exception as error:  # whatever an operator of any opset may raise
            reason = error
    raise ForeignError(f"{called(node)}: cannot be computed ({reason})") from reason


def _untyped(names) -> list[onnx.ValueInfoProto]:
    return [helper.make_tensor_value_info(name, TensorProto.UNDEFINED, None) for name in names]


def _labels(model: onnx.ModelProto) -> tuple[str, ...] | None:
    """A JSON list of strings among the metadata, as our own files have it."""
    for entry in model.metadata_props:
        if entry.key == LABELS:
            try:
                labels = json.loads(entry.value)
            except json.JSONDecodeError:
                return None
            if isinstance(labels, list) and all(isinstance(label, str) for label in labels):
                return tuple(labels)
    return None
