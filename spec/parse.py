"""From an ONNX graph back to a quantized network, strictly.

Geometry comes from the graph itself. Two steps: follow the graph from the image and read each
layer, refusing by name whatever is outside the contract; then export what was read again, and
refuse the file if a node, a constant or a shape is not what :mod:`spec.export` writes for it.
"""

import json
import math

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from spec import arith, export
from spec.error import ArtifactError
from spec.network import Conv, FeatureMap, Fire, MaxPool, Network
from spec.quantized import QuantizedConv, QuantizedNetwork

REQUANTIZE = "requantize the trained network with `python -m quant CHECKPOINT --data DIR`"
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
        quantized = _Reader(model).read()
    except ArtifactError:
        raise
    except (ValueError, TypeError) as error:
        raise ArtifactError(f"{error}; {REQUANTIZE}") from error
    _compare(export.model(quantized).graph, model.graph)
    return quantized


class _Reader:
    """Follows one graph from its image to its class sums."""

    def __init__(self, model: onnx.ModelProto):
        self.model = model
        self.graph = model.graph
        self.constants = {tensor.name: tensor for tensor in self.graph.initializer}
        self.consumers: dict[str, list[onnx.NodeProto]] = {}
        for node in self.graph.node:
            for name in node.input:
                self.consumers.setdefault(name, []).append(node)

    def read(self) -> QuantizedNetwork:
        if not self.graph.node:
            raise ArtifactError(f"the file holds no graph; {REQUANTIZE}")
        for node in self.graph.node:
            if node.op_type not in OPERATORS or node.domain:
                raise ArtifactError(
                    f"{_name(node)}: operator {node.op_type} is not supported, only "
                    f"{', '.join(OPERATORS)}; {REQUANTIZE}"
                )
        versions = {opset.domain: opset.version for opset in self.model.opset_import}
        if versions != {"": export.OPSET}:
            raise ArtifactError(f"the opset must be {export.OPSET}, not {versions}; {REQUANTIZE}")
        labels, metadata = self._metadata()
        image = self._image()
        convs: dict[str, QuantizedConv] = {}
        layers = self._layers(image, convs)
        network = Network(self.graph.name, image, tuple(layers))
        return QuantizedNetwork(network, convs, labels, metadata)

    def _metadata(self) -> tuple[tuple[str, ...], dict[str, str]]:
        metadata = {entry.key: entry.value for entry in self.model.metadata_props}
        if export.LABELS not in metadata:
            raise ArtifactError(
                f"the metadata has no {export.LABELS}: the file is cut off, or not from this "
                f"project; copy it again, or {REQUANTIZE}"
            )
        try:
            labels = json.loads(metadata.pop(export.LABELS))
        except json.JSONDecodeError:
            labels = None
        if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
            raise ArtifactError(f"the metadata's {export.LABELS} must be a JSON list of strings")
        return tuple(labels), metadata

    def _image(self) -> FeatureMap:
        inputs = [i for i in self.graph.input if i.name not in self.constants]
        tensor = inputs[0].type.tensor_type if len(inputs) == 1 else TensorProto()
        shape = [d.dim_value for d in tensor.shape.dim] if len(inputs) == 1 else []
        if (
            len(shape) != 4
            or tensor.elem_type != TensorProto.UINT8
            or shape[0] != 1
            or min(shape) < 1
        ):
            raise ArtifactError(
                f"{', '.join(i.name for i in inputs) or 'the graph'}: there must be one input, "
                f"uint8 of shape [1, 3, height, width]; {REQUANTIZE}"
            )
        return FeatureMap(*shape[1:])

    def _layers(self, image: FeatureMap, convs: dict[str, QuantizedConv]) -> list:
        layers: list[Conv | MaxPool | Fire] = []
        below, shape = export.QUANTIZED_IMAGE, image
        scale_log2 = arith.IMAGE_SCALE_LOG2
        while True:
            node, *others = self.consumers.get(below, [None])
            if node is None:
                raise ArtifactError(
                    f"{below}: nothing reads it, so the graph ends before its class sums; "
                    f"{REQUANTIZE}"
                )
            if others:
                names = ", ".join(_name(n) for n in (node, *others))
                raise ArtifactError(f"{below}: feeds {names}; only a squeeze may feed two nodes")
            if node.op_type == "Cast":
                return layers
            if node.op_type == "MaxPool":
                layers.append(self._pool(node, shape))
            elif node.op_type == "QLinearConv":
                conv = self._convolution(node, shape, scale_log2)
                scale_log2 = conv.o_scale_log2
                convs[conv.conv.name] = conv
                expands = self.consumers.get(_name(node), [])
                if len(expands) == 2 and all(n.op_type == "QLinearConv" for n in expands):
                    pair = [self._convolution(n, conv.conv.o, scale_log2) for n in expands]
                    layers.append(self._fire(conv, pair))
                    convs |= {expand.conv.name: expand for expand in pair}
                    scale_log2 = pair[-1].o_scale_log2
                else:
                    layers.append(conv.conv)
            else:
                raise ArtifactError(f"{_name(node)}: {node.op_type} cannot follow {below}")
            below, shape = layers[-1].name, layers[-1].o

    def _pool(self, node: onnx.NodeProto, shape: FeatureMap) -> MaxPool:
        values = _attributes(node, "kernel_shape", "strides", "ceil_mode")
        if values["ceil_mode"] != 1:
            raise ArtifactError(f"{_name(node)}: ceil_mode must be 1, not {values['ceil_mode']}")
        kernel, stride = (_same(node, key, values[key], 2) for key in ("kernel_shape", "strides"))
        return MaxPool(name=_name(node), i=shape, kernel=kernel, stride=stride)

    def _fire(self, squeeze: QuantizedConv, expands: list[QuantizedConv]) -> Fire:
        name = squeeze.conv.name.removesuffix(".squeeze")
        one, three = (expand.conv for expand in expands)
        fire = Fire(
            name=name,
            i=squeeze.conv.i,
            squeeze_channels=squeeze.conv.channels,
            expand1x1_channels=one.channels,
            expand3x3_channels=three.channels,
        )
        for read, expected in zip((squeeze.conv, one, three), fire.convs, strict=True):
            if read != expected:
                raise ArtifactError(
                    f"{read.name}: in a Fire module this must be {expected}, not {read}"
                )
        return fire

    def _convolution(
        self, node: onnx.NodeProto, shape: FeatureMap, scale_log2: int
    ) -> QuantizedConv:
        name = _name(node)
        if len(node.input) != 9:
            raise ArtifactError(f"{name}: must have 9 inputs, bias last, not {len(node.input)}")
        _, i_scale, i_zero, weight, weight_scale, weight_zero, o_scale, o_zero, bias = (
            None if index == 0 else self._constant(node, index) for index in range(9)
        )
        values = _attributes(node, "kernel_shape", "strides", "pads")
        self._zero_point(name, "input", i_zero, (-128,))
        self._zero_point(name, "weight", weight_zero, (0,))
        self._zero_point(name, "output", o_zero, tuple(export.ZERO_POINT.values()))
        if _scale_log2(name, "input", i_scale) != scale_log2:
            raise ArtifactError(
                f"{name}: reads its input with the scale {i_scale}, but it was written with "
                f"2^{scale_log2}; {REQUANTIZE}"
            )
        o_scale_log2 = _scale_log2(name, "output", o_scale)
        if weight.ndim != 4 or weight.shape[2] != weight.shape[3]:
            raise ArtifactError(f"{name}: weights must be square kernels, not {weight.shape}")
        if weight.shape[1] != shape.channels:
            raise ArtifactError(
                f"{name}: its weights take {weight.shape[1]} channels, but its input is {shape}"
            )
        conv = Conv(
            name=name,
            i=shape,
            channels=weight.shape[0],
            kernel=weight.shape[2],
            stride=_same(node, "strides", values["strides"], 2),
            padding=_same(node, "pads", values["pads"], 4),
            relu=int(o_zero) == export.ZERO_POINT[True],
        )
        return QuantizedConv(
            conv=conv,
            weight=weight,
            bias=bias,
            multiplier=_multiplier(name, weight_scale, o_scale_log2 - scale_log2),
            o_scale_log2=o_scale_log2,
        )

    def _constant(self, node: onnx.NodeProto, index: int) -> np.ndarray:
        name = node.input[index]
        if name not in self.constants:
            raise ArtifactError(f"{_name(node)}: its input {name} must be a constant")
        tensor = self.constants[name]
        if tensor.data_location == TensorProto.EXTERNAL:
            raise ArtifactError(f"{name}: must be stored in the file itself, not beside it")
        try:
            return numpy_helper.to_array(tensor)
        except (ValueError, TypeError) as error:
            raise ArtifactError(f"{name}: cannot be read: {error}") from error

    def _zero_point(
        self, name: str, what: str, value: np.ndarray, allowed: tuple[int, ...]
    ) -> None:
        if value.shape != () or value.dtype != np.int8 or int(value) not in allowed:
            shown = f"{value.dtype} {value.tolist()}" if value.size < 4 else f"{value.dtype} list"
            raise ArtifactError(
                f"{name}: the {what} zero point must be int8 {' or '.join(map(str, allowed))}, "
                f"not {shown}; {REQUANTIZE}"
            )


def _name(node: onnx.NodeProto) -> str:
    """A node is called by its output, whatever its own name."""
    return node.output[0] if node.output else node.name


def _attributes(node: onnx.NodeProto, *keys: str) -> dict:
    """The values of exactly these attributes."""
    values = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    if sorted(values) != sorted(keys):
        raise ArtifactError(
            f"{_name(node)}: attributes must be {', '.join(keys)}, "
            f"not {', '.join(sorted(values)) or 'none'}"
        )
    return values


def _same(node: onnx.NodeProto, key: str, values: list[int], count: int) -> int:
    if len(values) != count or len(set(values)) != 1:
        raise ArtifactError(
            f"{_name(node)}: {key} must be {count} equal numbers, not {list(values)}"
        )
    return values[0]


def _scale_log2(name: str, what: str, value: np.ndarray) -> int:
    mantissa, exponent = math.frexp(float(value)) if value.shape == () else (0.0, 0)
    if mantissa != 0.5:
        raise ArtifactError(
            f"{name}: the {what} scale must be one power of two, not {value}; {REQUANTIZE}"
        )
    return exponent - 1


def _multiplier(name: str, scale: np.ndarray, ratio_log2: int) -> np.ndarray:
    """``M`` of each channel, from weight scales of ``M · 2^-16 · s_out / s_in``."""
    multiplier = np.ldexp(scale.astype(np.float64), arith.SHIFT - ratio_log2)
    whole = np.rint(multiplier)
    wrong = np.flatnonzero((multiplier != whole) | (whole < 1))
    if wrong.size:
        raise ArtifactError(
            f"{name}: the weight scale of channel {wrong[0]} is {scale.flat[wrong[0]]}, which "
            f"is no multiple of 2^{ratio_log2 - arith.SHIFT} (not dyadic); {REQUANTIZE}"
        )
    return np.minimum(whole, 1 << arith.MULTIPLIER_BITS).astype(np.int32)


def _compare(expected: onnx.GraphProto, graph: onnx.GraphProto) -> None:
    """Refuse the first thing in which a graph differs from the one expected."""
    for what, ours, theirs in (
        ("node", expected.node, graph.node),
        ("constant", expected.initializer, graph.initializer),
        ("input", expected.input, graph.input),
        ("output", expected.output, graph.output),
        ("shape", expected.value_info, graph.value_info),
    ):
        by_name = {item.name: item for item in theirs}
        for item in ours:
            if item.name not in by_name:
                raise ArtifactError(f"{item.name}: the {what} is missing; {REQUANTIZE}")
            if by_name.pop(item.name) != item:
                raise ArtifactError(
                    f"{item.name}: the {what} is not what this network needs; {REQUANTIZE}"
                )
        for name in by_name:
            raise ArtifactError(f"{name}: the {what} does not belong here; {REQUANTIZE}")
