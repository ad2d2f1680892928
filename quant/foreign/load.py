"""An ONNX file of a SqueezeNet as a float checkpoint."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from onnx import TensorProto

from model.checkpoint import Checkpoint
from model.pretrained import TRAINED_WITH, Trained
from quant.foreign.graph import ForeignError, Graph, read_graph
from quant.foreign.layers import layers_of
from quant.foreign.maps import Convolution, Image, Map, Scores
from quant.foreign.operators import scores_of

QUANTIZED = ("QLinearConv", "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear")


@dataclass(frozen=True, eq=False, kw_only=True)
class Foreign:
    """A network read from somebody else's file.

    Parameters
    ----------
    checkpoint
        What it computes, in float.
    graph
        The file.
    output
        The output that has its scores.
    final
        The operator that these have gone through at the end: ``Softmax``, ``LogSoftmax`` or none.
    trained
        What the file's input is.
    notes
        In what it is not quite the file's network, a line each.
    """

    checkpoint: Checkpoint
    graph: Graph
    output: str
    final: str
    trained: Trained
    notes: tuple[str, ...]

    @property
    def channels_last(self) -> bool:
        return _image(self.graph, self.checkpoint.network.image.height).last


def load(path: Path, trained_with: str, side: int | None) -> Foreign:
    """Read an ONNX file: a chain of convolutions, Fire modules and max-pools, and their average.

    Batch norms, scales and the normalization of the input go into the convolutions. A file that is
    quantized already is taken as the float network that its integers stand for.

    Parameters
    ----------
    path
        The file.
    trained_with
        What its input is: a key of ``TRAINED_WITH``.
    side
        Of the image, where the file leaves it free.

    Raises
    ------
    ForeignError
        If it cannot be read, or is not of the family; the message names file, node and reason.
    """
    try:
        return _load(path, TRAINED_WITH[trained_with], side)
    except ForeignError as error:
        raise ForeignError(f"{path}: {error}") from error


def _load(path: Path, trained: Trained, side: int | None) -> Foreign:
    graph = read_graph(path)
    image = _image(graph, side)
    output, scores = scores_of(graph, image)
    layers = layers_of(scores, "".join(c if c.isalnum() else "_" for c in path.stem))
    notes = []
    first = layers.network.first
    if first.padding and not _black_is_zero(_first(scores), trained):
        notes.append(
            f"{first.name} pads with zeros after the normalization, the engine with black pixels: "
            "the map's edge differs"
        )
    if any(node.op_type in QUANTIZED for node in graph.nodes):
        notes.append("it is quantized already: what its integers stand for is quantized anew")
    weights = dict(layers.weights)
    if trained.bgr:
        weights[first.name] = weights[first.name][:, ::-1]
    state = {}
    for conv in layers.network.convs:
        for kind, array in (("weight", weights[conv.name]), ("bias", layers.biases[conv.name])):
            state[f"{conv.name}.conv.{kind}"] = torch.from_numpy(array.astype(np.float32))
            if not np.isfinite(array).all():
                raise ForeignError(f"{conv.name}: a {kind} is not finite")
    classes, labels = layers.network.classes, graph.labels
    if labels is None or len(labels) != classes:
        labels = tuple(f"class {index}" for index in range(classes))
    preprocessing = trained.preprocessing
    if preprocessing.shorter_side:
        shorter = max(preprocessing.shorter_side, layers.network.image.height)
        preprocessing = replace(preprocessing, shorter_side=shorter)
    checkpoint = Checkpoint(
        parameters=layers.network,
        batch_norm=False,
        state=state,
        labels=labels,
        preprocessing=preprocessing,
        provenance={"weights": path.name},
    )
    return Foreign(
        checkpoint=checkpoint,
        graph=graph,
        output=output,
        final=scores.final,
        trained=trained,
        notes=tuple(notes),
    )


def _image(graph: Graph, side: int | None) -> Image:
    """The input, its shape known."""
    name, shape = graph.image, graph.shape or (None,) * 4
    if graph.dtype == TensorProto.DOUBLE:
        raise ForeignError(f"{name}: is of float64; export the network in float32 (model.float())")
    shown = "×".join("?" if length is None else str(length) for length in shape)
    if len(shape) != 4:
        raise ForeignError(f"{name}: must be images, four axes, not {shown}")
    last = shape[3] == 3 and shape[1] != 3
    channels, *sides = (shape[3], *shape[1:3]) if last else shape[1:]
    if channels not in (3, None):
        raise ForeignError(f"{name}: must have three colours, not the shape {shown}")
    for found in sides:
        if found is None and side is None:
            raise ForeignError(f"{name}: is of any size ({shown}); say which with --image 224")
        if found is not None and side not in (None, found):
            raise ForeignError(f"{name}: is of the fixed size {shown}, not of --image {side}")
    height, width = (found or side for found in sides)
    if height != width:
        raise ForeignError(f"{name}: must be square, not {shown}")
    return Image(name=name, shape=(3, height, width), last=last)


def _first(scores: Scores) -> Convolution:
    """The convolution that reads the image."""
    x: Map = scores.i
    while not isinstance(x, Convolution) or not isinstance(x.i, Image):
        x = x.i if hasattr(x, "i") else x.parts[0]
    return x


def _black_is_zero(first: Convolution, trained: Trained) -> bool:
    """Whether a black pixel is what the file's padding is."""
    black = -np.array(trained.preprocessing.mean) / np.array(trained.preprocessing.std)
    if trained.bgr:
        black = black[::-1]
    if first.i.carries:
        black = first.i.gain * black + first.i.offset
    return not np.abs(black).max() > 1e-6
