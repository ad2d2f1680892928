"""What each ONNX operator does to a map; any opset's attributes and inputs, quantized or not."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import onnx
from onnx import helper

from quant.foreign import maps
from quant.foreign.graph import ForeignError, Graph, called
from quant.foreign.maps import Concatenation, Convolution, Image, Map, Padded, Pool, Scores


@dataclass(frozen=True, eq=False)
class Halfway:
    """The mean of a map over one axis of its positions; the other one is now number ``left``."""

    i: Map
    left: int


@dataclass(frozen=True, eq=False)
class Step:
    """The scale that a file works out for each image, times ``gain``, a constant array."""

    gain: np.ndarray


UNKNOWN = object()
"""The value of a tensor that is no map, such as the shape of one."""


class Node:
    """A node with the values of its inputs: maps, arrays, ``UNKNOWN``, or None for none."""

    def __init__(self, node: onnx.NodeProto, values: dict, opset: int):
        self.name = called(node)
        self.op = node.op_type
        self.inputs = [values[name] if name else None for name in node.input]
        self.opset = opset
        self._attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}

    def refuse(self, why: str) -> ForeignError:
        return ForeignError(f"{self.name}: {why}")

    def attribute(self, key: str, default=None):
        value = self._attributes.get(key, default)
        return value.decode() if isinstance(value, bytes) else value

    def map(self, index: int = 0) -> Map:
        """The input ``index``, which must be a map."""
        value = self.inputs[index] if index < len(self.inputs) else None
        if isinstance(value, Halfway):
            raise self.refuse("must follow the average over rows and columns both")
        if not isinstance(value, Map):
            raise self.refuse(f"its input {index} must depend on the image")
        return value

    def array(self, index: int, default=None) -> np.ndarray:
        """The input ``index``, which must be a constant, as float64."""
        value = self.inputs[index] if index < len(self.inputs) else None
        if value is None and default is not None:
            return default
        if not isinstance(value, np.ndarray):
            raise self.refuse(f"its input {index} must be a constant")
        return value.astype(np.float64)

    def numbers(self, key: str, index: int, default=None) -> list[int] | None:
        """A list that is an attribute or, in later opsets, an input."""
        if key in self._attributes:
            return list(self._attributes[key])
        value = self.inputs[index] if index < len(self.inputs) else None
        if value is None:
            return default
        return [int(number) for number in self.array(index).ravel()]


def _windows(node: Node, sides: tuple[int, int]) -> tuple[int, int, tuple[int, ...], list[int]]:
    """Kernel, stride, pads above, left, below, right, and how many windows fit each way."""
    kernel = node.attribute("kernel_shape")
    strides = node.attribute("strides", [1, 1])
    for key, values in (("kernel_shape", kernel), ("strides", strides)):
        if len(values) != 2 or values[0] != values[1]:
            raise node.refuse(f"{key} must be two equal numbers, not {list(values)}")
    if any(number != 1 for number in node.attribute("dilations", [1, 1])):
        raise node.refuse("the engine has no dilated windows")
    size, stride = kernel[0], strides[0]
    pads = node.attribute("pads", [0, 0, 0, 0])
    way = node.attribute("auto_pad", "NOTSET")
    if way in ("SAME_UPPER", "SAME_LOWER"):
        total = [max((-(-side // stride) - 1) * stride + size - side, 0) for side in sides]
        low = [length // 2 for length in total]
        high = [length - half for length, half in zip(total, low, strict=True)]
        pads = low + high if way == "SAME_UPPER" else high + low
    spans = [side + pads[at] + pads[at + 2] - size for at, side in enumerate(sides)]
    if min(spans) < 0:
        raise node.refuse(f"a {size}×{size} window does not fit a map of {sides}")
    if node.attribute("ceil_mode", 0):
        counts = [-(-span // stride) + 1 for span in spans]
    else:
        counts = [span // stride + 1 for span in spans]
    return size, stride, tuple(pads), counts


def _kernel_known(node: Node, weight: np.ndarray) -> None:
    if weight.ndim != 4:
        raise node.refuse(f"weights must have four axes, not the shape {weight.shape}")
    node._attributes.setdefault("kernel_shape", list(weight.shape[2:]))
    if node.attribute("group", 1) != 1:
        raise node.refuse("the engine has no convolutions in groups")


def convolution(node: Node) -> Map:
    x, weight = node.map(), node.array(1)
    bias = node.array(2, np.zeros(len(weight)))
    return _convolution(node, x, weight, bias)


def _convolution(node: Node, x: Map, weight: np.ndarray, bias: np.ndarray) -> Map:
    _kernel_known(node, weight)
    if isinstance(x, Scores) and weight.shape[2:] == (1, 1):
        return maps.linear(x, node.name, weight[:, :, 0, 0], bias)
    _, stride, pads, _ = _windows(node, x.shape[1:])
    return maps.convolved(x, node.name, weight, bias, stride, pads)


def pool(node: Node) -> Map:
    x = node.map()
    size, stride, pads, counts = _windows(node, x.shape[1:])
    inner = x.i if isinstance(x, Padded) else x
    total = tuple(
        a + b for a, b in zip(x.pads if isinstance(x, Padded) else (0,) * 4, pads, strict=True)
    )
    if any(total[:2]):
        raise node.refuse("pads above or left of the map, which the engine does not")
    if isinstance(x, Padded) and (x.carries or not maps.is_rectified(inner)):
        raise node.refuse("its map is padded with zeros, and may be below zero")
    return maps.pooled(inner, node.name, size, stride, tuple(counts))


def average(node: Node) -> Map:
    x = node.map()
    size, _, pads, counts = _windows(node, x.shape[1:])
    if counts != [1, 1] or any(pads) or (size, size) != x.shape[1:]:
        raise node.refuse(
            f"averages windows of {size}×{size} of {x.shape[1]}×{x.shape[2]}; only an average of "
            "the whole map, at the end, is the engine's (another image size may do)"
        )
    return maps.averaged(x, node.name)


def mean(node: Node) -> Map:
    x = node.inputs[0]
    axes = node.numbers("axes", 1, [0, 1, 2, 3])
    if isinstance(x, Halfway) and axes in ([x.left], [-1]):
        return maps.averaged(x.i, node.name)
    axes = sorted(axis % 4 for axis in axes)
    if axes == [3] or (axes == [2] and node.attribute("keepdims", 1)):
        return Halfway(node.map(), 5 - axes[0])
    if axes == [2]:
        return Halfway(node.map(), 2)
    x = node.map()
    if axes != [2, 3]:
        raise node.refuse(f"must average rows and columns (axes 2 and 3), not {axes}")
    return maps.averaged(x, node.name)


def concatenation(node: Node) -> Map:
    if node.attribute("axis", 1) % 4 != 1:
        raise node.refuse("must join channels (axis 1)")
    return maps.concatenated([node.map(index) for index in range(len(node.inputs))], node.name)


def batch_norm(node: Node) -> Map:
    if node.attribute("training_mode", 0):
        raise node.refuse("is in training mode; export the network after model.eval()")
    gamma, beta, mu, variance = (node.array(index) for index in range(1, 5))
    gain = gamma / np.sqrt(variance + node.attribute("epsilon", 1e-5))
    return maps.scaled(node.map(), gain, beta - mu * gain)


def relu(node: Node) -> Map:
    return maps.rectified(node.map(), node.name)


def largest(node: Node) -> Map:
    """The larger of a map and zero."""
    x = node.map(0 if isinstance(node.inputs[0], Map) else 1)
    others = [value for value in node.inputs if value is not x]
    if len(others) != 1 or not isinstance(others[0], np.ndarray) or others[0].any():
        raise node.refuse("takes the maximum of more than a map and zero")
    return maps.rectified(x, node.name)


def clip(node: Node) -> Map:
    low = node.attribute("min", -math.inf)
    high = node.attribute("max", math.inf)
    if len(node.inputs) > 1:
        low = float(node.array(1, np.array(-math.inf)))
        high = float(node.array(2, np.array(math.inf)))
    if low != 0 or high < 1e9:
        raise node.refuse(f"clips to {low:g}…{high:g}; the engine has a plain ReLU only")
    return relu(node)


def arithmetic(node: Node) -> Map | Step:
    """A map and a constant, one number a channel or one for all; or a step and either."""
    first = isinstance(node.inputs[0], Map)
    step = next((value for value in node.inputs if isinstance(value, Step)), None)
    if step is not None and node.op != "Mul":
        raise node.refuse("a scale that is worked out for each image may be multiplied only")
    if step is not None and not any(isinstance(value, Map) for value in node.inputs):
        return Step(step.gain * node.array(0 if node.inputs[1] is step else 1))
    x = node.map(0 if first else 1)
    if isinstance(node.inputs[1 if first else 0], Map):
        raise node.refuse("joins two maps (a bypass), which the engine does not")
    other = node.array(1 if first else 0) if step is None else step.gain
    channels, ones = x.shape[0], np.ones(x.shape[0])
    alone = other.size == 1 or isinstance(x, Scores) or node.opset < 7
    axis = (channels,) if isinstance(x, Image) and x.last else (channels, 1, 1)
    if other.size not in (1, channels) or not (alone or other.shape[-len(axis) :] == axis):
        raise node.refuse(f"a constant of shape {other.shape} for {channels} channels")
    other = other.ravel() * ones
    if node.op == "Div" and (not first or not other.all()):
        raise node.refuse("must not divide by the map, or by zero")
    if node.op == "Sub":
        return maps.scaled(x, ones if first else -ones, -other if first else other)
    gain = {"Mul": lambda: other, "Div": lambda: 1 / other, "Add": lambda: ones}[node.op]()
    return maps.scaled(x, gain, other if node.op == "Add" else 0 * ones)


def linear(node: Node) -> Map:
    x, weight = node.map(), node.array(1)
    bias = np.zeros(1)
    if node.op == "MatMulInteger":
        weight = weight - node.array(3, np.zeros(()))
    if node.op == "Gemm":
        weight = node.attribute("alpha", 1.0) * (
            weight.T if node.attribute("transB", 0) else weight
        )
        bias = node.attribute("beta", 1.0) * node.array(2, bias)
        if node.attribute("transA", 0):
            raise node.refuse("must not be transposed")
    if not isinstance(x, Scores) or weight.ndim != 2 or len(weight) != x.shape[0]:
        raise node.refuse("a linear layer must follow the average over positions")
    return maps.linear(x, node.name, weight.T, bias.ravel() + np.zeros(weight.shape[1]))


def padded(node: Node) -> Map:
    x = node.map()
    pads = node.numbers("pads" if node.opset > 1 else "paddings", 1)
    value = node.attribute("value", 0.0)
    if len(node.inputs) > 2:
        value = float(node.array(2, np.zeros(())))
    if node.attribute("mode", "constant") != "constant" or value or len(pads) != 8:
        raise node.refuse("must pad with zeros")
    if any(pads[at] for at in (0, 1, 4, 5)) or min(pads) < 0:
        raise node.refuse("must pad rows and columns only")
    around = (pads[2], pads[3], pads[6], pads[7])
    if not any(around):
        return x
    channels, height, width = x.shape
    shape = (channels, height + pads[2] + pads[6], width + pads[3] + pads[7])
    if isinstance(x, Padded):
        raise node.refuse("must not pad twice")
    return Padded(name=node.name, shape=shape, i=x, pads=around, gain=None, offset=None)


def transposed(node: Node) -> Map:
    x = node.map()
    if not isinstance(x, Image) or not x.last or node.attribute("perm") != [0, 3, 1, 2]:
        raise node.refuse("axes must not be exchanged, but for an image's channels at the start")
    return replace(x, last=False)


def same(node: Node) -> Map:
    return node.map()


def flat(node: Node) -> Map:
    """Another shape, which only the scores may be given."""
    x = node.map()
    if isinstance(x, Convolution | Concatenation | Pool) and x.shape[1:] == (1, 1):
        return maps.averaged(x, node.name)
    if not isinstance(x, Scores):
        raise node.refuse("must follow the average over positions; rows and columns would be lost")
    return x


def softmax(node: Node) -> Map:
    x = flat(node)
    return replace(x, final=node.op)


_LOWEST = {
    np.dtype(np.uint8): 0,
    np.dtype(np.int8): -128,
    np.dtype(np.uint16): 0,
    np.dtype(np.int16): -32768,
}


def _clamped(node: Node, x: Map, zero: object) -> Map:
    """A quantized map: if its lowest integer stands for zero, it went through a ReLU."""
    if zero is None:
        zero = np.zeros((), np.uint8)
    if not isinstance(zero, np.ndarray) or zero.dtype not in _LOWEST:
        raise node.refuse("a zero point must be a constant of 8 or 16 bits")
    lowest = _LOWEST[zero.dtype]
    unclamped = isinstance(x, Convolution | Concatenation) and not x.carries
    return maps.rectified(x, node.name) if unclamped and (zero == lowest).all() else x


def quantized(node: Node) -> Map:
    return _clamped(node, node.map(), node.inputs[2] if len(node.inputs) > 2 else None)


def quantized_convolution(node: Node) -> Map:
    i_scale, scale, zero = node.array(1), node.array(4), node.array(5)
    weight = node.array(3)
    rows = (-1, 1, 1, 1)
    weight = (weight - zero.reshape(rows)) * scale.reshape(rows)
    bias = node.array(8, np.zeros(len(weight))) * i_scale * scale.ravel()
    return _clamped(node, _convolution(node, node.map(), weight, bias), node.inputs[7])


def quantized_for_each_image(node: Node) -> tuple[Map, Step]:
    """A map as it is, and its step, by which a multiplication scales the integers back."""
    return node.map(), Step(np.ones(()))


def integer_convolution(node: Node) -> Map:
    """A convolution whose scale follows as a multiplication."""
    weight = node.array(1)
    zero = node.array(3, np.zeros(())).reshape(-1, 1, 1, 1)
    return _convolution(node, node.map(), weight - zero, np.zeros(len(weight)))


def quantized_concatenation(node: Node) -> Map:
    parts = [node.map(index) for index in range(2, len(node.inputs), 3)]
    return _clamped(node, maps.concatenated(parts, node.name), node.inputs[1])


def quantized_average(node: Node) -> Map:
    if node.attribute("channels_last", 0):
        raise node.refuse("channels must come first")
    return maps.averaged(node.map(), node.name)


OPERATORS: dict[str, Callable[[Node], Map | Step | tuple[Map, Step]]] = {
    "Conv": convolution,
    "MaxPool": pool,
    "AveragePool": average,
    "GlobalAveragePool": lambda node: maps.averaged(node.map(), node.name),
    "ReduceMean": mean,
    "Concat": concatenation,
    "BatchNormalization": batch_norm,
    "Relu": relu,
    "Max": largest,
    "Clip": clip,
    **dict.fromkeys(("Add", "Sub", "Mul", "Div"), arithmetic),
    **dict.fromkeys(("Gemm", "MatMul", "MatMulInteger"), linear),
    "Pad": padded,
    "Transpose": transposed,
    **dict.fromkeys(("Identity", "Dropout", "Cast", "DequantizeLinear"), same),
    **dict.fromkeys(("Flatten", "Reshape", "Squeeze", "Unsqueeze"), flat),
    **dict.fromkeys(("Softmax", "LogSoftmax"), softmax),
    "QuantizeLinear": quantized,
    "DynamicQuantizeLinear": quantized_for_each_image,
    "ConvInteger": integer_convolution,
    "QLinearConv": quantized_convolution,
    "QLinearConcat": quantized_concatenation,
    "QLinearGlobalAveragePool": quantized_average,
}


DOMAINS = ("", "ai.onnx", "com.microsoft")
"""ONNX's own operators, under two names, and those of ONNX Runtime's quantizer."""

FAMILY = ("Conv", "BatchNormalization", "Relu", "MaxPool", "Concat", "GlobalAveragePool", "Gemm")
"""What a message says; its variants are taken, too."""


def scores_of(graph: Graph, image: Image) -> tuple[str, Scores]:
    """The class scores that a graph computes of an image, and the output that has them.

    Raises
    ------
    ForeignError
        Naming the node that is outside the family, and why.
    """
    values: dict[str, object] = dict(graph.constants)
    values[graph.image] = image
    for proto in graph.nodes:
        missing = [name for name in proto.input if name and name not in values]
        if missing:
            raise ForeignError(f"{called(proto)}: its input {missing[0]} is computed nowhere")
        node = Node(proto, values, graph.opset)
        known = [value for value in node.inputs if value is not None]
        has_map = any(isinstance(value, Map | Halfway | Step) for value in known)
        refused = [value for value in known if isinstance(value, ForeignError)]
        if refused:
            result = refused[0]
        elif proto.op_type == "Shape" or not has_map:
            result = UNKNOWN
        elif proto.op_type not in OPERATORS or proto.domain not in DOMAINS:
            result = node.refuse(
                f"the engine has no such operator; it takes a chain of {', '.join(FAMILY)}"
            )
        else:
            try:
                result = OPERATORS[proto.op_type](node)
            except ForeignError as error:  # what the scores do not depend on may be anything
                result = error
        results = result if isinstance(result, tuple) else (result,)
        results += (UNKNOWN,) * (len(proto.output) - len(results))
        values |= {name: value for name, value in zip(proto.output, results, strict=False) if name}
    for name in graph.outputs:
        value = values.get(name)
        if isinstance(value, ForeignError):
            raise value
        if isinstance(value, Convolution) and value.shape[1:] == (1, 1):
            value = maps.averaged(value, value.name)
        if isinstance(value, Scores):
            return name, value
    raise ForeignError(
        f"{graph.outputs[0]}: is no class scores; a classifier ends in the average over positions"
    )
