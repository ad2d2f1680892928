"""From an ONNX graph back to a quantized network, strictly.

Geometry comes from the graph itself. Two steps: follow the graph from the image and read each
layer, refusing by name whatever is outside the contract; then export what was read again, and
refuse the file if a node, a constant or a shape is not what :mod:`spec.export` writes for it.
"""

import json

import onnx
from onnx import TensorProto

from spec import arith, export
from spec.decision import Decision
from spec.error import ArtifactError
from spec.network import Conv, FeatureMap, Fire, MaxPool, Network
from spec.operands import (
    REQUANTIZE,
    attributes,
    check_zero_point,
    constant,
    equal,
    multiplier,
    name,
    scale_log2,
)
from spec.quantized import QuantizedConv, QuantizedNetwork

OPERATORS = (
    *("DequantizeLinear", "QuantizeLinear", "QLinearConv", "MaxPool", "Concat"),
    *("Cast", "ReduceSum", "Sub", "Mul", "Softmax"),
)


def parse(model: onnx.ModelProto) -> QuantizedNetwork:
    """The quantized network of an ONNX model.

    Raises
    ------
    ArtifactError
        Naming the node, and the way out, if the model is not one that
        :func:`spec.export.model` writes.
    """
    try:
        quantized = _read(model)
        expected = export.model(quantized).graph
    except ArtifactError:
        raise
    except (ValueError, TypeError) as error:
        # From the descriptors, which name the layer themselves.
        raise ArtifactError(f"{error}; {REQUANTIZE}") from error
    _compare(expected, model.graph)
    return quantized


def _read(model: onnx.ModelProto) -> QuantizedNetwork:
    graph = model.graph
    if not graph.node:
        raise ArtifactError(f"the file holds no graph; {REQUANTIZE}")
    for node in graph.node:
        if node.op_type not in OPERATORS or node.domain:
            raise ArtifactError(
                f"{name(node)}: operator {node.op_type} is not supported, only "
                f"{', '.join(OPERATORS)}; {REQUANTIZE}"
            )
    labels, metadata = _metadata(model)
    versions = {opset.domain: opset.version for opset in model.opset_import}
    if versions != {"": export.OPSET}:
        raise ArtifactError(f"the opset must be {export.OPSET}, not {versions}; {REQUANTIZE}")
    image = _image(graph)
    walk = _Walk(graph)
    layers = walk.layers(image)
    decision = _decision(metadata)
    network = Network(graph.name, image, layers)
    return QuantizedNetwork(network, walk.convs, labels, metadata, decision)


def _metadata(model: onnx.ModelProto) -> tuple[tuple[str, ...], dict[str, str]]:
    """The labels and the rest of the metadata."""
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    if export.LABELS not in metadata:
        raise ArtifactError(
            f"the metadata has no {export.LABELS}: the file is cut off or not of this project; "
            f"copy it again, or {REQUANTIZE}"
        )
    if not all(isinstance(text, str) for entry in metadata.items() for text in entry):
        raise ArtifactError(f"the metadata is not UTF-8 text: the file is damaged; {REQUANTIZE}")
    try:
        labels = json.loads(metadata.pop(export.LABELS))
    except json.JSONDecodeError:
        labels = None
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise ArtifactError(
            f"the metadata's {export.LABELS} must be a JSON list of strings; {REQUANTIZE}"
        )
    return tuple(labels), metadata


def _decision(metadata: dict[str, str]) -> Decision:
    """How the answer follows from the sums; its keys leave the metadata."""
    numbers = {}
    for key in (export.NONE_CLASS, export.NONE_THRESHOLD):
        text = metadata.pop(key, None)
        try:
            numbers[key] = None if text is None else int(text)
        except ValueError:
            raise ArtifactError(
                f"the metadata's {key} must be an integer, not {text}; {REQUANTIZE}"
            ) from None
    return Decision(none=numbers[export.NONE_CLASS], threshold=numbers[export.NONE_THRESHOLD])


def _image(graph: onnx.GraphProto) -> FeatureMap:
    """The shape of the one input."""
    if len(graph.input) == 1:
        tensor = graph.input[0].type.tensor_type
        batch, *shape = [dim.dim_value for dim in tensor.shape.dim] or [0]
        if tensor.elem_type == TensorProto.UINT8 and batch == 1 and len(shape) == 3:
            return FeatureMap(*shape)
    raise ArtifactError(
        f"{', '.join(item.name for item in graph.input) or 'the graph'}: there must be one input, "
        f"uint8 of the fixed shape [1, channels, height, width]; {REQUANTIZE}"
    )


class _Walk:
    """Follows one graph from its image to its class sums."""

    def __init__(self, graph: onnx.GraphProto):
        self.constants = {tensor.name: tensor for tensor in graph.initializer}
        self.consumers: dict[str, list[onnx.NodeProto]] = {}
        for node in graph.node:
            for tensor in node.input:
                self.consumers.setdefault(tensor, []).append(node)
        self.convs: dict[str, QuantizedConv] = {}

    def layers(self, image: FeatureMap) -> tuple[Conv | MaxPool | Fire, ...]:
        """The layers in order; their integers go to ``convs``."""
        layers: dict[str, Conv | MaxPool | Fire] = {}
        below, shape, below_log2 = export.QUANTIZED_IMAGE, image, arith.IMAGE_SCALE_LOG2
        while True:
            readers = self.consumers.get(below, [])
            if len(readers) != 1:
                raise ArtifactError(
                    f"{below}: is read by {', '.join(map(name, readers)) or 'no node'}; one node "
                    f"must read it, or two expands if it is a squeeze; {REQUANTIZE}"
                )
            node = readers[0]
            if node.op_type == "Cast":
                return tuple(layers.values())
            if node.op_type == "MaxPool":
                layer = _pool(node, shape)
            elif node.op_type == "QLinearConv":
                layer, below_log2 = self._fire_or_convolution(node, shape, below_log2)
            else:
                raise ArtifactError(
                    f"{name(node)}: {node.op_type} cannot follow {below}; {REQUANTIZE}"
                )
            if layer.name in layers:
                raise ArtifactError(f"{layer.name}: the graph has a loop; {REQUANTIZE}")
            layers[layer.name] = layer
            below, shape = layer.name, layer.o

    def _fire_or_convolution(
        self, node: onnx.NodeProto, shape: FeatureMap, i_log2: int
    ) -> tuple[Conv | Fire, int]:
        """The layer that starts with a QLinearConv, and log2 of its output scale."""
        first = self._convolution(node, shape, i_log2)
        readers = self.consumers.get(name(node), [])
        if [reader.op_type for reader in readers] != ["QLinearConv"] * 2:
            return first.conv, first.o_scale_log2
        one, three = (self._convolution(r, first.conv.o, first.o_scale_log2) for r in readers)
        fire = Fire(
            name=first.conv.name.removesuffix(".squeeze"),
            i=shape,
            squeeze_channels=first.conv.channels,
            expand1x1_channels=one.conv.channels,
            expand3x3_channels=three.conv.channels,
        )
        for expected, read in zip(fire.convs, (first.conv, one.conv, three.conv), strict=True):
            if read != expected:
                raise ArtifactError(
                    f"{read.name}: a Fire module needs here {_describe(expected)}, "
                    f"not {_describe(read)}; {REQUANTIZE}"
                )
        return fire, three.o_scale_log2

    def _convolution(self, node: onnx.NodeProto, shape: FeatureMap, i_log2: int) -> QuantizedConv:
        """Read one QLinearConv and keep it in ``convs``."""
        if len(node.input) != 9:
            raise ArtifactError(
                f"{name(node)}: must have 9 inputs, the bias last, not {len(node.input)}; "
                f"{REQUANTIZE}"
            )
        i_scale, i_zero, weight, weight_scale, weight_zero, o_scale, o_zero, bias = (
            constant(node, self.constants.get(node.input[index]), index) for index in range(1, 9)
        )
        _, strides, pads = attributes(node, "kernel_shape", "strides", "pads")
        check_zero_point(node, "input", i_zero, (export.ZERO_POINT[True],))
        check_zero_point(node, "weight", weight_zero, (0,))
        check_zero_point(node, "output", o_zero, tuple(export.ZERO_POINT.values()))
        if scale_log2(node, "input", i_scale) != i_log2:
            raise ArtifactError(
                f"{name(node)}: reads its input with scale {i_scale}, but it was written with "
                f"2^{i_log2}; {REQUANTIZE}"
            )
        o_log2 = scale_log2(node, "output", o_scale)
        if weight.ndim != 4 or weight.shape[2] != weight.shape[3]:
            raise ArtifactError(
                f"{name(node)}: weights must be square kernels, not of shape {weight.shape}; "
                f"{REQUANTIZE}"
            )
        conv = Conv(
            name=name(node),
            i=shape,
            channels=weight.shape[0],
            kernel=weight.shape[2],
            stride=equal(node, "strides", strides, 2),
            padding=equal(node, "pads", pads, 4),
            relu=int(o_zero) == export.ZERO_POINT[True],
        )
        self.convs[conv.name] = QuantizedConv(
            conv=conv,
            weight=weight,
            bias=bias,
            multiplier=multiplier(node, weight_scale, o_log2 - i_log2),
            o_scale_log2=o_log2,
        )
        return self.convs[conv.name]


def _pool(node: onnx.NodeProto, shape: FeatureMap) -> MaxPool:
    kernels, strides, ceil_mode = attributes(node, "kernel_shape", "strides", "ceil_mode")
    if ceil_mode != 1:
        raise ArtifactError(f"{name(node)}: ceil_mode must be 1, not {ceil_mode}; {REQUANTIZE}")
    kernel, stride = equal(node, "kernel_shape", kernels, 2), equal(node, "strides", strides, 2)
    return MaxPool(name=name(node), i=shape, kernel=kernel, stride=stride)


def _describe(conv: Conv) -> str:
    return (
        f"{conv.name} with kernel {conv.kernel}, stride {conv.stride}, padding {conv.padding}"
        f"{'' if conv.relu else ', no ReLU'}"
    )


def _compare(expected: onnx.GraphProto, graph: onnx.GraphProto) -> None:
    """Refuse the first thing in which a graph differs from the one expected."""
    for what, ours, theirs in (
        ("node", expected.node, graph.node),
        ("constant", expected.initializer, graph.initializer),
        ("input", expected.input, graph.input),
        ("output", expected.output, graph.output),
        ("shape", expected.value_info, graph.value_info),
    ):
        wanted = {item.name: item for item in ours}
        for item in theirs:
            if item.name not in wanted:
                raise ArtifactError(f"{item.name}: the {what} does not belong here; {REQUANTIZE}")
            if wanted.pop(item.name) != item:
                raise ArtifactError(
                    f"{item.name}: the {what} is not what this network needs; {REQUANTIZE}"
                )
        for missing in wanted:
            raise ArtifactError(f"{missing}: the {what} is missing; {REQUANTIZE}")
