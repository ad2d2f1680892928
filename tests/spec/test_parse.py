"""Everything that is refused when a file is read, by name and with the way out."""

import re

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from spec import artifact, export, synthetic
from spec.error import ArtifactError
from spec.parse import parse
from spec.squeezenet import tiny

OUT = (
    "requantize it with `python -m quant FILE.onnx --trained-with NAME --data DIR "
    "--output NEW.onnx`"
)


@pytest.fixture
def model() -> onnx.ModelProto:
    return export.model(synthetic.quantized(tiny(image_size=11)))


def node(model: onnx.ModelProto, name: str) -> onnx.NodeProto:
    return next(n for n in model.graph.node if n.name == name)


def constant(model: onnx.ModelProto, name: str, value: np.ndarray) -> None:
    """Put another value in place of a constant."""
    tensor = next(t for t in model.graph.initializer if t.name == name)
    tensor.CopyFrom(numpy_helper.from_array(value, name))


def value(model: onnx.ModelProto, name: str) -> np.ndarray:
    tensor = next(t for t in model.graph.initializer if t.name == name)
    return np.array(numpy_helper.to_array(tensor))


def attribute(model: onnx.ModelProto, name: str, key: str, new) -> None:
    target = node(model, name)
    kept = [a for a in target.attribute if a.name != key]
    del target.attribute[:]
    target.attribute.extend([*kept, helper.make_attribute(key, new)])


def refused(model: onnx.ModelProto, message: str, out: str = OUT) -> None:
    with pytest.raises(ArtifactError, match="^" + re.escape(message)) as caught:
        parse(model)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(out)


def test_what_is_exported_is_parsed(model):
    assert parse(model).network == tiny(image_size=11)


@pytest.mark.parametrize("name", ["conv1", "pool1", "fire2", "fire3.expand3x3", "sums"])
def test_an_unsupported_operator(model, name):
    node(model, name).op_type = "Conv"
    refused(model, f"{name}: operator Conv is not supported, only DequantizeLinear, Quantize")


def test_an_operator_of_another_domain(model):
    node(model, "conv1").domain = "com.microsoft"
    refused(model, "conv1: operator QLinearConv is not supported")


def test_no_graph(model):
    del model.graph.node[:]
    refused(model, "the file holds no graph")


def test_another_opset(model):
    model.opset_import[0].version = 13
    refused(model, "the opset must be 17, not {'': 13}")


def test_no_labels(model):
    del model.metadata_props[-1]
    refused(model, "the metadata has no labels: the file is cut off")


@pytest.mark.parametrize("text", ["[1, 2, 3]", "cat, dog", '"cat"'])
def test_labels_of_another_form(model, text):
    model.metadata_props[-1].value = text
    refused(model, "the metadata's labels must be a JSON list of strings")


def test_too_few_labels(model):
    model.metadata_props[-1].value = '["cat"]'
    refused(model, "there must be 3 labels, not 1")


@pytest.mark.parametrize(
    ("dtype", "shape"),
    [
        (TensorProto.FLOAT, (1, 3, 11, 11)),
        (TensorProto.UINT8, (2, 3, 11, 11)),
        (TensorProto.UINT8, ("batch", 3, 11, 11)),
        (TensorProto.UINT8, (1, 3, 11)),
        (TensorProto.UINT8, ()),
    ],
)
def test_an_image_of_another_form(model, dtype, shape):
    model.graph.input[0].CopyFrom(helper.make_tensor_value_info("image", dtype, shape))
    refused(model, "image: there must be one input, uint8 of the fixed shape [1, channels, ")


def test_an_image_of_another_size(model):
    shape = (1, 3, 1, 1)
    model.graph.input[0].CopyFrom(helper.make_tensor_value_info("image", TensorProto.UINT8, shape))
    refused(model, "pool1: a 3×3 window does not fit a map of 8×1×1")
    shape = (1, 3, 24, 24)
    model.graph.input[0].CopyFrom(helper.make_tensor_value_info("image", TensorProto.UINT8, shape))
    refused(model, "sums.zero_point: the constant is not what this network needs")


def test_two_images(model):
    model.graph.input.append(helper.make_tensor_value_info("b", TensorProto.UINT8, (1, 3, 11, 11)))
    refused(model, "image, b: there must be one input")


@pytest.mark.parametrize(
    ("name", "place"), [("conv1.scale", "output"), ("image.scale", "input"), ("fire2.scale", "")]
)
def test_a_scale_that_is_no_power_of_two(model, name, place):
    constant(model, name, np.array(0.3, np.float32))
    at = "fire2.expand1x1: the output" if name == "fire2.scale" else f"conv1: the {place}"
    refused(model, f"{at} scale must be one float32 power of two, not 0.3")


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -0.5, 0.0])
def test_a_scale_that_is_no_number(model, wrong):
    constant(model, "conv1.scale", np.array(wrong, np.float32))
    refused(model, "conv1: the output scale must be one float32 power of two, not")


def test_a_list_of_scales(model):
    constant(model, "conv1.scale", np.ones(2, np.float32))
    refused(model, "conv1: the output scale must be one float32 power of two, not float32 of")


def test_a_scale_out_of_range(model):
    constant(model, "fire3.squeeze.scale", np.array(2.0**-40, np.float32))
    for name in ("fire3.squeeze", "fire3.expand1x1", "fire3.expand3x3"):
        up = 2.0 ** (-36 if name == "fire3.squeeze" else 36)
        scale = value(model, f"{name}.weight.scale") * np.float32(up)
        constant(model, f"{name}.weight.scale", scale)
    refused(model, "fire3.squeeze: log2 of the output scale must lie in -31…31, not -40")


@pytest.mark.parametrize("wrong", [0.001, 2.0**-22, 2.0**-5 * 65536, np.nan, np.inf, -(2.0**-10)])
def test_a_third_party_weight_scale(model, wrong):
    scale = value(model, "fire2.squeeze.weight.scale")
    scale[2] = wrong
    constant(model, "fire2.squeeze.weight.scale", scale)
    shown = f"{np.float32(wrong):.9g}"
    refused(
        model,
        f"fire2.squeeze: the weight scale of channel 2 is {shown}, not one of 1…65535 times "
        f"2^-16 (not dyadic)",
    )


def test_one_weight_scale_for_all_channels(model):
    constant(model, "conv1.weight.scale", np.array(2.0**-12, np.float32))
    refused(model, "conv1: multiplier must be int32 of shape (8,), not int32 of shape ()")


def test_a_weight_scale_of_another_type(model):
    scale = value(model, "conv1.weight.scale").astype(np.float64)
    constant(model, "conv1.weight.scale", scale)
    refused(model, "conv1: the weight scale must be float32, not float64")


def test_uint8_activations(model):
    constant(model, "zero_point", np.array(0, np.uint8))
    refused(model, "conv1: the input zero point must be int8 -128, not uint8 0")


def test_another_input_zero_point(model):
    constant(model, "zero_point", np.array(3, np.int8))
    refused(model, "conv1: the input zero point must be int8 -128, not int8 3")


def test_another_output_zero_point(model):
    constant(model, "conv4.zero_point", np.array(-1, np.int8))
    refused(model, "conv4: the output zero point must be int8 -128 or 0, not int8 -1")


def test_a_middle_convolution_without_relu(model):
    node(model, "fire2.squeeze").input[7] = "weight.zero_point"
    refused(
        model, "fire2.squeeze: a Fire module needs here fire2.squeeze with kernel 1, stride 1, "
    )
    node(model, "fire2.squeeze").input[7] = "zero_point"
    node(model, "conv1").input[7] = "weight.zero_point"
    refused(model, "conv1: only the last convolution may go without ReLU")


@pytest.mark.parametrize(
    ("wrong", "shown"),
    [
        (np.array(1, np.int8), "int8 1"),
        (np.array(0, np.uint8), "uint8 0"),
        (np.zeros(8, np.int8), "int8 of shape (8,)"),
    ],
)
def test_another_weight_zero_point(model, wrong, shown):
    constant(model, "weight.zero_point", wrong)
    refused(model, f"conv1: the weight zero point must be int8 0, not {shown}")


def test_a_scale_read_that_was_not_written(model):
    node(model, "fire2.squeeze").input[1] = "image.scale"
    refused(model, "fire2.squeeze: reads its input with scale 0.00390625, but it was written with")


@pytest.mark.parametrize(
    ("name", "new", "message"),
    [
        ("weight", np.zeros((8, 3, 3, 3), np.uint8), "weight must be int8 of shape (8, 3, 3, 3)"),
        ("weight", np.zeros((8, 3, 3), np.int8), "weights must be square kernels, not of shape"),
        ("weight", np.zeros((8, 3, 3, 1), np.int8), "weights must be square kernels, not of shap"),
        ("weight", np.zeros((8, 4, 3, 3), np.int8), "weight must be int8 of shape (8, 3, 3, 3), "),
        ("weight", np.full((8, 3, 3, 3), -128, np.int8), "weights must lie within ±127, not -128"),
        ("bias", np.zeros(8, np.int64), "bias must be int32 of shape (8,), not int64"),
        ("bias", np.zeros(7, np.int32), "bias must be int32 of shape (8,), not int32 of shape (7"),
        ("bias", np.full(8, 1 << 24, np.int32), "an accumulator can reach 1"),
    ],
)
def test_weights_and_biases(model, name, new, message):
    constant(model, f"conv1.{name}", new)
    refused(model, f"conv1: {message}")


@pytest.mark.parametrize(
    ("name", "key", "new", "message"),
    [
        ("conv1", "strides", [1, 2], "strides must be 2 equal numbers, not [1, 2]"),
        ("conv1", "pads", [0, 0, 1, 1], "pads must be 4 equal numbers, not [0, 0, 1, 1]"),
        ("conv1", "pads", [9] * 4, "padding must be from 0 to the kernel 3, not 9"),
        ("conv1", "group", 1, "attributes must be kernel_shape, strides, pads, not group, kernel"),
        ("conv1", "kernel_shape", [5, 5], "the node is not what this network needs"),
        ("pool1", "strides", [2, 1], "strides must be 2 equal numbers, not [2, 1]"),
        ("pool1", "kernel_shape", [3], "kernel_shape must be 2 equal numbers, not [3]"),
        ("pool1", "ceil_mode", 0, "ceil_mode must be 1, not 0"),
        ("pool1", "pads", [0] * 4, "attributes must be kernel_shape, strides, ceil_mode, not "),
        ("fire2", "axis", 2, "the node is not what this network needs"),
        ("sums.raw", "keepdims", 1, "the node is not what this network needs"),
        ("probabilities", "axis", 0, "the node is not what this network needs"),
    ],
)
def test_attributes(model, name, key, new, message):
    attribute(model, name, key, new)
    refused(model, f"{name}: {message}")


def test_an_expand_of_another_kernel(model):
    attribute(model, "fire2.expand3x3", "pads", [0] * 4)
    refused(
        model,
        "fire2.expand3x3: a Fire module needs here fire2.expand3x3 with kernel 3, stride 1, "
        "padding 1, not fire2.expand3x3 with kernel 3, stride 1, padding 0",
    )


def test_expands_of_two_scales(model):
    graph = model.graph
    graph.initializer.append(numpy_helper.from_array(np.array(0.5, np.float32), "other"))
    node(model, "fire2.expand1x1").input[6] = "other"
    scale = value(model, "fire2.expand1x1.weight.scale") * np.float32(8)
    constant(model, "fire2.expand1x1.weight.scale", scale)
    refused(model, "fire2: both expands must share one output scale, not 2^-1 and 2^-4")


def test_a_weight_that_is_computed(model):
    node(model, "conv1").input[3] = "image.quantized"
    refused(model, "image.quantized: is read by conv1, conv1; one node must read it")
    node(model, "conv1").input[3] = "nowhere"
    refused(model, "conv1: its input nowhere must be a constant")


def test_a_weight_beside_the_file(model):
    tensor = next(t for t in model.graph.initializer if t.name == "conv1.weight")
    tensor.data_location = TensorProto.EXTERNAL
    refused(model, "conv1.weight: must be stored in the file itself, not beside it")


def test_a_weight_cut_short(model):
    tensor = next(t for t in model.graph.initializer if t.name == "conv1.weight")
    tensor.raw_data = tensor.raw_data[:-1]
    refused(model, "conv1.weight: cannot be read (")


def test_no_bias(model):
    del node(model, "conv1").input[8]
    refused(model, "conv1: must have 9 inputs, the bias last, not 8")


def test_an_extra_branch(model):
    model.graph.node.append(
        helper.make_node("Concat", ["pool1", "pool1"], ["twice"], name="twice", axis=1)
    )
    refused(model, "pool1: is read by fire2.squeeze, twice, twice; one node must read it")


def test_an_extra_branch_inside_a_fire(model):
    model.graph.node.append(
        helper.make_node("Cast", ["fire2.expand1x1"], ["more"], name="more", to=TensorProto.FLOAT)
    )
    refused(model, "more: the node does not belong here")


def test_a_bypass(model):
    node(model, "fire3.squeeze").input[0] = "pool1"
    refused(model, "pool1: is read by fire2.squeeze, fire3.squeeze; one node must read it")


def test_expands_joined_the_wrong_way(model):
    node(model, "fire2").input[:] = reversed(node(model, "fire2").input)
    refused(model, "fire2: the node is not what this network needs")


def test_no_end(model):
    model.graph.node.remove(node(model, "conv4.int32"))
    refused(model, "conv4: is read by no node; one node must read it")


def test_a_softmax_in_the_middle(model):
    node(model, "pool1").op_type = "Softmax"
    refused(model, "pool1: Softmax cannot follow conv1")


def test_a_loop(model):
    # Two nodes write conv1, and the second reads it.
    node(model, "pool1").output[0] = "conv1"
    node(model, "pool1").input[0] = "image.quantized"
    node(model, "conv1").input[0] = "conv1"
    model.graph.node.remove(node(model, "fire2.squeeze"))
    refused(model, "conv1: the graph has a loop")


def test_metadata_that_is_no_text(model):
    broken = onnx.ModelProto.FromString(
        model.SerializeToString().replace(b"synthetic", b"\xff" * 9)
    )
    refused(broken, "the metadata is not UTF-8 text: the file is damaged")


@pytest.mark.parametrize(
    ("field", "name", "what"),
    [
        ("node", "sums", "node"),
        ("initializer", "sums.scale", "constant"),
        ("output", "logits", "output"),
        ("value_info", "pool1", "shape"),
    ],
)
def test_what_is_missing_or_too_much(model, field, name, what):
    items = getattr(model.graph, field)
    item = next(i for i in items if i.name == name)
    items.append(item)
    refused(model, f"{name}: the {what} does not belong here")
    items.remove(item)
    items.remove(item)
    refused(model, f"{name}: the {what} is missing")


def test_a_wrong_constant_of_the_head(model):
    constant(model, "sums.zero_point", np.array(0, np.int32))
    refused(model, "sums.zero_point: the constant is not what this network needs")


def test_a_declared_shape_that_is_wrong(model):
    shape = next(i for i in model.graph.value_info if i.name == "pool1")
    shape.type.tensor_type.shape.dim[1].dim_value = 9
    refused(model, "pool1: the shape is not what this network needs")


def test_missing_and_foreign_files(tmp_path):
    path = tmp_path / "a.onnx"
    with pytest.raises(ArtifactError, match=r"a\.onnx: cannot be read \(No such file or dir"):
        artifact.load(path)
    with pytest.raises(ArtifactError, match=r"cannot be read \(Is a directory\); make a model"):
        artifact.load(tmp_path)
    path.write_text("%PDF-1.4 no model at all\n" * 50)
    with pytest.raises(ArtifactError, match=r"a\.onnx: is not a complete ONNX file; copy it"):
        artifact.load(path)
    path.write_bytes(b"")
    with pytest.raises(ArtifactError, match=r"a\.onnx: the file holds no graph; requantize"):
        artifact.load(path)
    with pytest.raises(ArtifactError, match=r"a\.onnx: the file holds no graph"):
        artifact.exposed(path)


def test_a_file_cut_anywhere(tmp_path, model):
    path = tmp_path / "a.onnx"
    data = model.SerializeToString()
    ends = range(len(data) - 300, len(data))
    for length in (*range(0, len(data) - 300, 97), *ends):
        path.write_bytes(data[:length])
        with pytest.raises(ArtifactError, match=r"a\.onnx: "):
            artifact.load(path)


def test_a_damaged_file_is_refused_or_valid(tmp_path, model):
    # A flipped bit in a weight gives another valid network; anything else must be refused.
    path = tmp_path / "a.onnx"
    data = np.frombuffer(model.SerializeToString(), np.uint8)
    random = np.random.default_rng(8)
    refusals = 0
    for position in random.integers(0, len(data), 300):
        damaged = data.copy()
        damaged[position] ^= 1 << random.integers(8)
        path.write_bytes(damaged.tobytes())
        try:
            artifact.load(path)
        except ArtifactError as error:
            refusals += 1
            assert "\n" not in str(error)
    assert refusals > 100
