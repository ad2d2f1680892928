"""Files as other tools write them, made node by node: what is taken, what is refused by name."""

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)

from quant.foreign.check import check
from quant.foreign.graph import ForeignError
from quant.foreign.load import load
from spec.artifact import ArtifactError
from spec.artifact import load as artifact
from spec.network import Fire, MaxPool
from spec.operands import REQUANTIZE


class Writer:
    """A graph, node by node; each method returns the name of what the node gives."""

    def __init__(self):
        self.nodes, self.constants = [], []
        self.random = np.random.default_rng(2)

    def constant(self, array) -> str:
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array, np.float32), name))
        return name

    def node(self, op: str, *inputs: str, outputs: int = 1, **attributes) -> str:
        name = f"{op.lower()}{len(self.nodes)}"
        names = [name, *(f"{name}.{index}" for index in range(1, outputs))]
        self.nodes.append(helper.make_node(op, inputs, names, name, **attributes))
        return name

    def conv(self, x: str, into: int, out: int, kernel: int = 1, **attributes) -> str:
        deviation = (2 / into) ** 0.5 / kernel
        # Most channels are positive somewhere.
        weight = self.random.normal(deviation / 4, deviation, (out, into, kernel, kernel))
        bias = self.random.normal(0, 0.1, out)
        inputs = (x, self.constant(weight), self.constant(bias))
        return self.node("Conv", *inputs, kernel_shape=[kernel] * 2, **attributes)

    def relu(self, x: str, *conv, **attributes) -> str:
        return self.node("Relu", self.conv(x, *conv, **attributes))

    def fire(self, x: str, into: int, squeeze: int, expand: int) -> str:
        x = self.relu(x, into, squeeze)
        both = self.relu(x, squeeze, expand), self.relu(x, squeeze, expand, 3, pads=[1] * 4)
        return self.node("Concat", *both, axis=1)

    def begin(self) -> str:
        return self.relu("data_0", 3, 8, 3, strides=[2, 2])

    def end(self, x: str, into: int = 8) -> str:
        x = self.node("GlobalAveragePool", self.relu(x, into, 4))
        return self.node("Softmax", x, axis=1)

    def save(self, path, last: str, *, opset=13, shape=(1, 3, 37, 37)):
        graph = helper.make_graph(
            self.nodes,
            "graph",
            [helper.make_tensor_value_info("data_0", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info(last, TensorProto.FLOAT, None)],
            self.constants,
        )
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
        made.ir_version = 8
        onnx.save(made, path)
        return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "theirs.onnx"


@pytest.fixture
def images() -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(256, (6, 3, 37, 37), dtype=torch.uint8, generator=generator)


def zoo(opset: int) -> tuple[Writer, str]:
    """As Caffe's networks were converted: pools padded where Caffe rounds up, two outputs."""
    w = Writer()
    x = w.node("MaxPool", w.begin(), kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 1, 1])
    x = w.fire(x, 8, 3, 6)
    x = w.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 0, 0])
    x = w.fire(x, 12, 4, 8)
    x = w.node("Dropout", x, outputs=2, **({} if opset >= 12 else {"ratio": 0.5}))
    x = w.relu(x, 16, 5, pads=[1] * 4)
    return w, w.node("Softmax", w.node("GlobalAveragePool", x), axis=1)


@pytest.mark.parametrize("opset", [7, 9, 13])
def test_the_zoos_layout(path, images, opset):
    writer, last = zoo(opset)
    # 37 → 18 by conv1; Caffe's pool gives 9, and its end lies one pixel beyond the map.
    read = load(writer.save(path, last, opset=opset), "caffe", None)
    network = read.checkpoint.network
    assert [type(layer) for layer in network.layers[1:5]] == [MaxPool, Fire, MaxPool, Fire]
    assert network.last.padding == 1 and network.classes == 5 and network.image.height == 37
    assert check(path, read, images).difference < 1e-5


def test_opsets_that_runtimes_have_given_up(path):
    writer, last = zoo(3)
    read = load(writer.save(path, last, opset=3), "caffe", None)
    assert read.checkpoint.network.classes == 5


def test_channels_last_with_a_normalization_of_its_own(path, images):
    w = Writer()
    x = w.node("Sub", "data_0", w.constant([[[[10, 20, 30]]]]))
    x = w.node("Transpose", w.node("Mul", x, w.constant(0.01)), perm=[0, 3, 1, 2])
    x = w.node("Relu", w.conv(x, 3, 8, 3))
    read = load(w.save(path, w.end(x), shape=("n", 37, 37, 3)), "bytes", None)
    assert check(path, read, images).difference < 1e-5


def test_pads_of_their_own_and_sizes_by_rule(path, images):
    w = Writer()
    pads = w.node("Cast", w.constant([0, 0, 1, 1, 0, 0, 1, 1]), to=TensorProto.INT64)
    x = w.relu(w.node("Pad", "data_0", pads), 3, 8, 3, auto_pad="VALID")
    x = w.node("Clip", w.conv(x, 8, 8), w.constant(0.0))
    x = w.node("Concat", w.relu(x, 8, 4), w.relu(x, 8, 4, 3, auto_pad="SAME_UPPER"), axis=-3)
    x = w.node("ReduceMean", w.relu(x, 8, 4), axes=[-2, -1], keepdims=0)
    read = load(w.save(path, x), "unit", None)
    assert read.checkpoint.network.first.padding == 1
    assert check(path, read, images).difference < 1e-5


class Reader(CalibrationDataReader):
    def __init__(self, images):
        self._images = iter(images.float().numpy()[:, None] / 255)

    def get_next(self):
        image = next(self._images, None)
        return None if image is None else {"data_0": image}


@pytest.mark.parametrize("form", [QuantFormat.QOperator, QuantFormat.QDQ])
@pytest.mark.parametrize("per_channel", [False, True])
def test_what_somebody_else_quantized_is_quantized_anew(path, images, tmp_path, form, per_channel):
    w = Writer()
    x = w.fire(w.node("MaxPool", w.begin(), kernel_shape=[3, 3], strides=[2, 2]), 8, 4, 4)
    x = w.node("GlobalAveragePool", w.relu(x, 8, 4))
    w.save(path, x, shape=(1, 3, 35, 35))
    images = images[:, :, 1:36, 1:36]
    quantized = tmp_path / "quantized.onnx"
    quantize_static(path, quantized, Reader(images), quant_format=form, per_channel=per_channel)
    read = load(quantized, "unit", None)
    assert all(conv.relu for conv in read.checkpoint.network.convs)
    assert "it is quantized already" in read.notes[0]
    assert check(quantized, read, images).difference < 0.05
    floats = load(path, "unit", None)
    for name, tensor in floats.checkpoint.state.items():
        other = read.checkpoint.state[name]
        assert (tensor - other).abs().max() < 0.02 * tensor.abs().max()


@pytest.mark.parametrize("weights", [QuantType.QUInt8, QuantType.QInt8])
@pytest.mark.parametrize("head", ["convolution", "linear"])
def test_what_is_quantized_for_each_image_is_quantized_anew(path, images, tmp_path, weights, head):
    """Scales that the file works out while it runs, ``quantize_dynamic``: its weights are known."""
    w = Writer()
    x = w.fire(w.node("MaxPool", w.begin(), kernel_shape=[3, 3], strides=[2, 2]), 8, 4, 4)
    if head == "convolution":
        x = w.node("GlobalAveragePool", w.relu(x, 8, 4))
    else:
        x = w.node("Flatten", w.node("GlobalAveragePool", x))
        x = w.node("Gemm", x, w.constant(w.random.normal(0, 1, (8, 4))), w.constant([0, 1, 2, 3]))
    w.save(path, x, shape=(1, 3, 35, 35))
    quantized = tmp_path / "quantized.onnx"
    quantize_dynamic(path, quantized, weight_type=weights)
    with pytest.raises(ArtifactError) as refused:
        artifact(quantized)
    assert str(refused.value).endswith(REQUANTIZE)  # and that command takes it:
    read = load(quantized, "unit", None)
    assert "it is quantized already" in read.notes[0]
    assert check(quantized, read, images[:, :, 1:36, 1:36]).difference < 0.05
    floats = load(path, "unit", None)
    for name, tensor in floats.checkpoint.state.items():
        other = read.checkpoint.state[name]
        assert (tensor - other).abs().max() < 0.02 * tensor.abs().max()


def bypass(w):
    x = w.fire(w.begin(), 8, 4, 4)
    return w.end(w.node("Add", x, w.fire(x, 8, 4, 4)))


def plain_convolution(w):
    return w.end(w.fire(w.relu(w.begin(), 8, 8, 3), 8, 4, 4))


def grouped(w):
    x = w.constant(np.ones((8, 4, 1, 1)))
    return w.end(w.node("Relu", w.node("Conv", w.begin(), x, group=2)))


def no_relu(w):
    x = w.relu(w.begin(), 8, 4)
    x = w.node("Concat", w.conv(x, 4, 4), w.relu(x, 4, 4, 3, pads=[1] * 4), axis=1)
    return w.end(x)


def three_by_three_twice(w):
    x = w.relu(w.begin(), 8, 4)
    both = (w.relu(x, 4, 4, 3, pads=[1] * 4) for _ in range(2))
    return w.end(w.node("Concat", *both, axis=1))


def two_squeezes(w):
    x = w.begin()
    one = w.relu(w.relu(x, 8, 4), 4, 4)
    three = w.relu(w.relu(x, 8, 4), 4, 4, 3, pads=[1] * 4)
    return w.end(w.node("Concat", one, three, axis=1))


def uneven_pads(w):
    return w.end(w.relu("data_0", 3, 8, 3, pads=[0, 0, 1, 1]))


def pool_padded_before(w):
    x = w.node("MaxPool", w.begin(), kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    return w.end(x)


def average_in_the_middle(w):
    return w.end(w.node("AveragePool", w.begin(), kernel_shape=[2, 2], strides=[2, 2]))


def no_average(w):
    return w.node("Flatten", w.relu(w.begin(), 8, 4))


def scores_rectified_and_scaled(w):
    x = w.node("GlobalAveragePool", w.relu(w.begin(), 8, 4))
    return w.node("Mul", x, w.constant(2.0))


REFUSED = {
    bypass: "joins two maps (a bypass)",
    plain_convolution: "a convolution between others must be part of a Fire module",
    grouped: "the engine has no convolutions in groups",
    no_relu: "must have a ReLU",
    three_by_three_twice: "one expand must be 1×1, the other 3×3",
    two_squeezes: "both expands must read one squeeze",
    uneven_pads: "pads [0, 0, 1, 1] differ from side to side",
    pool_padded_before: "pads above or left of the map",
    average_in_the_middle: "averages windows of 2×2 of 18×18",
    no_average: "must follow the average over positions",
    scores_rectified_and_scaled: "scores must not be scaled after their ReLU",
    (
        lambda w: w.end(w.node("LeakyRelu", w.conv("data_0", 3, 8)))
    ): "the engine has no such operator",
    (lambda w: w.end(w.node("Sigmoid", w.begin()))): "sigmoid2 (Sigmoid): the engine has no",
    (lambda w: w.end(w.conv("data_0", 3, 8))): "only the last convolution may go without ReLU",
    (lambda w: w.end(w.relu("data_0", 3, 8, 3, dilations=[2, 2]))): "no dilated windows",
    (lambda w: w.end(w.relu("data_0", 3, 8, 50))): "a 50×50 window does not fit",
    (lambda w: w.node("Clip", w.conv("data_0", 3, 8), *map(w.constant, (0, 6)))): "clips to 0…6",
    (lambda w: w.begin()): "is no class scores",
    (lambda w: w.end("nowhere", 3)): "its input nowhere is computed nowhere",
}


@pytest.mark.parametrize("build", REFUSED, ids=[str(i) for i in range(len(REFUSED))])
def test_what_is_not_of_the_family_is_refused_by_name(path, build):
    writer = Writer()
    writer.save(path, build(writer))
    with pytest.raises(ForeignError) as error:
        load(path, "unit", None)
    assert str(error.value).startswith(f"{path}: ") and REFUSED[build] in str(error.value)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((1, 1, 37, 37), "must have three colours, not the shape 1×1×37×37"),
        ((1, 3, 37, 38), "must be square"),
        ((1, 3 * 37 * 37), "must be images, four axes"),
    ],
)
def test_what_the_image_must_be(path, shape, message):
    writer = Writer()
    writer.save(path, writer.end(writer.begin()), shape=shape)
    with pytest.raises(ForeignError, match=message):
        load(path, "unit", None)


@pytest.mark.parametrize("content", [b"", b"no onnx", None, "half"])
def test_what_is_no_onnx_file(path, content):
    if content == "half":
        writer = Writer()
        writer.save(path, writer.end(writer.begin()))
        content = path.read_bytes()[:500]
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(
        ForeignError, match=r"cannot be read|is not a complete|holds no graph|class"
    ):
        load(path, "unit", None)


@pytest.mark.parametrize("zero_first", [False, True])
def test_the_larger_of_a_map_and_zero_is_a_relu(path, images, zero_first):
    """As PyTorch's exporter writes ``clamp(min=0)``."""
    w = Writer()
    inputs = [w.conv("data_0", 3, 8, 3, strides=[2, 2]), w.constant(0.0)]
    x = w.node("Max", *(inputs[::-1] if zero_first else inputs))
    w.save(path, w.end(x))
    read = load(path, "unit", None)
    assert read.checkpoint.network.first.relu
    assert check(path, read, images).difference < 1e-5


@pytest.mark.parametrize("other", [[0.1], [0.0, 1.0]])
def test_the_larger_of_a_map_and_a_number(path, other):
    w = Writer()
    others = [w.constant(number) for number in other]
    x = w.node("Max", w.conv("data_0", 3, 8, 3, strides=[2, 2]), *others)
    w.save(path, w.end(x))
    with pytest.raises(ForeignError, match="takes the maximum of more than a map and zero"):
        load(path, "unit", None)
