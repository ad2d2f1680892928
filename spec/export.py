"""From a quantized network to its ONNX graph: QLinearConv, MaxPool and Concat on int8.

The uint8 image becomes int8 by a DequantizeLinear and a QuantizeLinear of the same scale 2^-8,
which is ``q = u − 128`` exactly. Every activation is int8 with zero point −128, so that zero
padding is black, and ``u = q + 128``; only a last convolution without ReLU has zero point 0.
The head sums each class over positions in int32: output ``sums`` is the circuit's result.

Every tensor and the node that makes it carry the name of :meth:`spec.network.Network.tensors`.
The same network gives the same bytes.
"""

import json

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from spec import arith
from spec.network import Conv, Fire, MaxPool
from spec.quantized import QuantizedNetwork

OPSET = 17
IR_VERSION = 8
LABELS = "labels"
"""Key of the labels in the metadata, a JSON list; written last, so a cut file has none."""
NONE_CLASS = "none.class"
"""Key of the index of the class that stands for none of the others, if there is one."""
NONE_THRESHOLD = "none.threshold"
"""Key of the least lead for any other answer than none, an integer, if none is an answer."""
OWN = (LABELS, NONE_CLASS, NONE_THRESHOLD)
"""Keys that free metadata must not use."""

IMAGE = "image"
QUANTIZED_IMAGE = "image.quantized"
OUTPUTS = ("sums", "logits", "probabilities")
ZERO_POINT = {True: -128, False: 0}
"""Zero point of a convolution's output, with and without ReLU."""


def _constants(quantized: QuantizedNetwork) -> dict[str, np.ndarray]:
    """Every initializer by name."""
    network = quantized.network
    constants = {
        f"{IMAGE}.scale": np.array(2.0**arith.IMAGE_SCALE_LOG2, np.float32),
        f"{IMAGE}.zero_point": np.array(0, np.uint8),
        "zero_point": np.array(ZERO_POINT[True], np.int8),
        "weight.zero_point": np.array(0, np.int8),
    }
    i_scale_log2 = arith.IMAGE_SCALE_LOG2
    for layer in network.layers:
        start = i_scale_log2
        for conv in layer.convs:
            integers = quantized.convs[conv.name]
            scale_log2 = integers.o_scale_log2
            constants[f"{conv.name}.weight"] = integers.weight
            constants[f"{conv.name}.weight.scale"] = np.ldexp(
                integers.multiplier.astype(np.float32), scale_log2 - start - arith.SHIFT
            )
            constants[f"{conv.name}.bias"] = integers.bias
            constants[_scale(layer, conv)] = np.array(2.0**scale_log2, np.float32)
            i_scale_log2 = scale_log2
            if isinstance(layer, Fire) and conv.name == layer.squeeze.name:
                start = scale_log2
    last = network.last
    constants |= {
        f"{last.name}.zero_point": np.array(ZERO_POINT[last.relu], np.int8),
        "positions": np.array([2, 3], np.int64),
        "sums.zero_point": np.array(ZERO_POINT[last.relu] * last.o.pixels, np.int32),
        "sums.scale": np.array(2.0**i_scale_log2 / last.o.pixels, np.float32),
    }
    return constants


def _scale(layer: Conv | Fire, conv: Conv) -> str:
    """Name of a convolution's output scale; the two expands of a Fire module share one."""
    shared = isinstance(layer, Fire) and conv.name != layer.squeeze.name
    return f"{layer.name if shared else conv.name}.scale"


def _nodes(quantized: QuantizedNetwork) -> list[onnx.NodeProto]:
    network = quantized.network
    nodes = []

    def add(op: str, inputs: list[str], output: str, **attributes) -> None:
        nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))

    def convolution(layer: Conv | Fire, conv: Conv, below: str, scale: str) -> None:
        zero_point = f"{conv.name}.zero_point" if conv == network.last else "zero_point"
        weight = f"{conv.name}.weight"
        inputs = [below, scale, "zero_point", weight, f"{weight}.scale", "weight.zero_point"]
        add(
            "QLinearConv",
            [*inputs, _scale(layer, conv), zero_point, f"{conv.name}.bias"],
            conv.name,
            kernel_shape=[conv.kernel] * 2,
            strides=[conv.stride] * 2,
            pads=[conv.padding] * 4,
        )

    scale = f"{IMAGE}.scale"
    add("DequantizeLinear", [IMAGE, scale, f"{IMAGE}.zero_point"], f"{IMAGE}.float")
    add("QuantizeLinear", [f"{IMAGE}.float", scale, "zero_point"], QUANTIZED_IMAGE)
    below = QUANTIZED_IMAGE
    for layer in network.layers:
        if isinstance(layer, MaxPool):
            add(
                "MaxPool",
                [below],
                layer.name,
                kernel_shape=[layer.kernel] * 2,
                strides=[layer.stride] * 2,
                ceil_mode=1,
            )
        elif isinstance(layer, Fire):
            squeeze, *expands = layer.convs
            convolution(layer, squeeze, below, scale)
            for conv in expands:
                convolution(layer, conv, squeeze.name, _scale(layer, squeeze))
            add("Concat", [conv.name for conv in expands], layer.name, axis=1)
            scale = f"{layer.name}.scale"
        else:
            convolution(layer, layer, below, scale)
            scale = _scale(layer, layer)
        below = layer.name
    sums, logits, probabilities = OUTPUTS
    add("Cast", [below], f"{below}.int32", to=TensorProto.INT32)
    add("ReduceSum", [f"{below}.int32", "positions"], f"{sums}.raw", keepdims=0)
    add("Sub", [f"{sums}.raw", f"{sums}.zero_point"], sums)
    add("Cast", [sums], f"{sums}.float", to=TensorProto.FLOAT)
    add("Mul", [f"{sums}.float", f"{sums}.scale"], logits)
    add("Softmax", [logits], probabilities, axis=1)
    return nodes


def tensor_infos(quantized: QuantizedNetwork) -> list[onnx.ValueInfoProto]:
    """Type and shape of every tensor of ``network.tensors()``."""
    return [
        helper.make_tensor_value_info(name, TensorProto.INT8, (1, *shape.shape))
        for name, shape in quantized.network.tensors()
    ]


def model(quantized: QuantizedNetwork) -> onnx.ModelProto:
    """The ONNX model of a quantized network."""
    network = quantized.network
    image = helper.make_tensor_value_info(
        IMAGE,
        TensorProto.UINT8,
        (1, *network.image.shape),
        doc_string="Raw RGB pixels, 0…255; axes: batch, channel, row, column.",
    )
    types = (TensorProto.INT32, TensorProto.FLOAT, TensorProto.FLOAT)
    graph = helper.make_graph(
        _nodes(quantized),
        network.name,
        [image],
        [
            helper.make_tensor_value_info(name, dtype, (1, network.classes))
            for name, dtype in zip(OUTPUTS, types, strict=True)
        ],
        [numpy_helper.from_array(a, name) for name, a in _constants(quantized).items()],
        value_info=tensor_infos(quantized),
    )
    result = helper.make_model(
        graph,
        producer_name="caracal",
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    decision = quantized.decision
    metadata = dict(quantized.metadata)
    if decision.refuses:
        metadata[NONE_THRESHOLD] = str(decision.threshold)
    if decision.none is not None:
        metadata[NONE_CLASS] = str(decision.none)
    for key, value in sorted(metadata.items()):
        result.metadata_props.add(key=key, value=value)
    result.metadata_props.add(
        key=LABELS, value=json.dumps(list(quantized.labels), ensure_ascii=False)
    )
    return result
