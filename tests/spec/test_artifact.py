"""The file, and the proof that ONNX Runtime computes from it what the reference computes."""

import os
import re
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from spec import artifact, reference, synthetic
from spec.network import Conv, FeatureMap, Fire, MaxPool, Network
from spec.quantized import QuantizedNetwork
from spec.squeezenet import published, squeezenet, tiny


def last_changed(network: Network, **changes) -> Network:
    """The network with another last convolution."""
    layers = (*network.layers[:-1], replace(network.last, **changes))
    return Network(network.name, network.image, layers)


def oblong() -> Network:
    """An image of unequal sides, a Fire of unequal halves, and no pool before the end."""
    first = Conv(name="conv1", i=FeatureMap(3, 9, 14), channels=5, kernel=3, stride=1, padding=1)
    fire = Fire(
        name="fire2", i=first.o, squeeze_channels=3, expand1x1_channels=2, expand3x3_channels=7
    )
    pool = MaxPool(name="pool2", i=fire.o, kernel=3, stride=1)
    return Network("oblong", first.i, (first, fire, pool, Conv(name="end", i=pool.o, channels=2)))


NETWORKS = {
    **{f"size {size}": tiny(image_size=size) for size in (5, 8, 9, 10, 11, 15, 18)},
    **{f"pool 2, size {n}": tiny(image_size=n, pool_kernel=2, blocks=2) for n in (9, 12, 15, 21)},
    "7×7 conv1": tiny(image_size=23, conv1_kernel=7, conv1_padding=0),
    "7×7 conv1, padded": tiny(image_size=22, conv1_kernel=7, conv1_padding=3),
    "no padding": tiny(image_size=14, conv1_padding=0),
    "stride 1": tiny(image_size=9, conv1_stride=1),
    "stride 3": tiny(image_size=16, conv1_stride=3, conv1_kernel=5, conv1_padding=2),
    "no last ReLU": last_changed(tiny(image_size=11), relu=False),
    "last padding": last_changed(tiny(image_size=11), padding=1),
    "last padding, no ReLU": last_changed(tiny(image_size=11), padding=1, relu=False),
    "many channels": tiny(image_size=10, num_filters=40, base_e=64, classes=33),
    "one class": tiny(classes=1),
    "oblong": oblong(),
}


def mismatches(
    quantized: QuantizedNetwork,
    path: Path,
    images: list[np.ndarray],
    level=onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL,
) -> dict[str, int]:
    """For each tensor, the values in which the reference and ONNX Runtime differ."""
    artifact.save(quantized, path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = level
    session = onnxruntime.InferenceSession(
        artifact.exposed(path), options, providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    different = {}
    for image in images:
        planes = image.transpose(2, 0, 1)[None]
        outputs = dict(zip(names, session.run(None, {"image": planes}), strict=True))
        theirs = artifact.as_reference(quantized, outputs)
        ours = reference.run(quantized, image)
        assert list(ours) == list(theirs)
        for name, tensor in ours.items():
            assert tensor.dtype == theirs[name].dtype
            assert tensor.shape == theirs[name].shape
            count = int((tensor != theirs[name]).sum())
            different[name] = different.get(name, 0) + count
        np.testing.assert_allclose(
            outputs["probabilities"][0], reference.probabilities(quantized, ours["sums"]), atol=1e-5
        )
    return different


def pictures(network: Network, count: int = 2) -> list[np.ndarray]:
    """Synthetic photographs, black, white, and white noise."""
    photographs = [synthetic.image(network, 100 + seed) for seed in range(count)]
    noise = np.random.default_rng(5).integers(0, 256, photographs[0].shape).astype(np.uint8)
    black = np.zeros_like(noise)
    return [*photographs, black, ~black, noise]


@pytest.mark.parametrize("name", NETWORKS)
def test_onnx_runtime_agrees_in_every_value(tmp_path, name):
    network = NETWORKS[name]
    for seed in (0, 1):
        quantized = synthetic.quantized(network, seed)
        different = mismatches(quantized, tmp_path / "a.onnx", pictures(network))
        assert not any(different.values()), different


@pytest.mark.parametrize("level", ["ORT_DISABLE_ALL", "ORT_ENABLE_BASIC", "ORT_ENABLE_ALL"])
def test_the_reference_network_agrees_in_every_value(tmp_path, level):
    network = squeezenet()
    quantized = synthetic.quantized(network, 7)
    different = mismatches(
        quantized,
        tmp_path / "a.onnx",
        pictures(network, 1),
        getattr(onnxruntime.GraphOptimizationLevel, level),
    )
    assert not any(different.values()), different


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_published_network_agrees_in_every_value(tmp_path, version):
    network = published(version)
    quantized = synthetic.quantized(network)
    different = mismatches(quantized, tmp_path / "a.onnx", [synthetic.image(network, 1)])
    assert not any(different.values()), different


def test_extreme_integers_agree(tmp_path):
    # Weights of ±127 and white images: sums near 2^24, every multiplier, every saturation.
    network = tiny(image_size=9, num_filters=512, base_e=32)
    quantized = synthetic.quantized(network)
    random = np.random.default_rng(6)
    convs = {}
    for name, conv in quantized.convs.items():
        weight = np.where(conv.weight > 0, 127, -127).astype(np.int8)
        multiplier = np.rint(2 ** random.uniform(0, 16, conv.conv.channels)).clip(1, 65535)
        convs[name] = replace(
            conv,
            weight=weight,
            multiplier=multiplier.astype(np.int32),
            bias=random.integers(-90_000, 90_000, conv.conv.channels).astype(np.int32),
        )
    quantized = replace(quantized, convs=convs)
    assert max(conv.accumulator_bound for conv in convs.values()) > 0.98 * 2**24
    different = mismatches(quantized, tmp_path / "a.onnx", pictures(network))
    assert not any(different.values()), different


def same(one: QuantizedNetwork, other: QuantizedNetwork) -> bool:
    """Whether two quantized networks are equal in every field."""
    return (
        one.network == other.network
        and one.labels == other.labels
        and one.metadata == other.metadata
        and one.convs.keys() == other.convs.keys()
        and all(
            np.array_equal(getattr(conv, key), getattr(other.convs[name], key))
            and conv.o_scale_log2 == other.convs[name].o_scale_log2
            for name, conv in one.convs.items()
            for key in ("weight", "bias", "multiplier")
        )
    )


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_saved_is_loaded(tmp_path, name):
    network = NETWORKS[name]
    quantized = replace(
        synthetic.quantized(network, 2),
        labels=tuple(f"Löwe {index}" for index in range(network.classes)),
        metadata={"preprocessing": "none", "accuracy": "0.5", "another": "ü"},
    )
    # Scales that differ from tensor to tensor, up to the ends of the range.
    scales = np.random.default_rng(0).integers(-31, 32, len(network.layers)).tolist()
    convs = {
        conv.name: replace(
            quantized.convs[conv.name], o_scale_log2=-31 if "squeeze" in conv.name else scale
        )
        for layer, scale in zip(network.layers, scales, strict=True)
        for conv in layer.convs
    }
    quantized = replace(quantized, convs=convs)
    path, again = tmp_path / "a.onnx", tmp_path / "b.onnx"
    artifact.save(quantized, path)
    loaded = artifact.load(path)
    assert same(quantized, loaded)
    # Metadata in another order gives the same bytes.
    artifact.save(replace(loaded, metadata=dict(reversed(loaded.metadata.items()))), again)
    assert path.read_bytes() == again.read_bytes()
    assert all(conv.weight.flags.writeable for conv in loaded.convs.values())


@pytest.mark.parametrize("name", NETWORKS)
def test_the_checker_is_content(tmp_path, name):
    artifact.save(synthetic.quantized(NETWORKS[name]), tmp_path / "a.onnx")
    onnx.checker.check_model(tmp_path / "a.onnx", full_check=True)
    # Shapes inferred from the operators alone are the shapes of the geometry.
    model = onnx.load(tmp_path / "a.onnx")
    del model.graph.value_info[:]
    model = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    inferred = {
        info.name: tuple(d.dim_value for d in info.type.tensor_type.shape.dim)
        for info in model.graph.value_info
    }
    for tensor, shape in NETWORKS[name].tensors():
        assert inferred[tensor] == (1, *shape.shape), tensor


def test_the_reference_network_is_small(tmp_path):
    path = tmp_path / "a.onnx"
    artifact.save(synthetic.quantized(squeezenet()), path)
    assert path.stat().st_size <= 120_000


def test_the_runtime_reports_labels_and_metadata(tmp_path):
    path = tmp_path / "a.onnx"
    artifact.save(replace(synthetic.quantized(tiny()), metadata={"accuracy": "1"}), path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    assert metadata == {"accuracy": "1", "labels": '["class 0", "class 1", "class 2"]'}


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.onnx"
    artifact.save(synthetic.quantized(tiny(), 0), path)
    before = path.read_bytes()

    def full(self, data):
        with open(self, "wb") as file:
            file.write(data[:100])
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(artifact.ArtifactError, match=r"a\.onnx: cannot be written \(No space left"):
        artifact.save(synthetic.quantized(tiny(), 1), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_an_impossible_path_is_refused(tmp_path):
    quantized = synthetic.quantized(tiny())
    for path in (tmp_path / "nowhere" / "a.onnx", tmp_path):
        message = f"{path}: cannot be written ("
        with pytest.raises(artifact.ArtifactError, match=re.escape(message)):
            artifact.save(quantized, path)
    assert not list(tmp_path.iterdir())


def test_the_key_of_the_labels_is_taken(tmp_path):
    quantized = replace(synthetic.quantized(tiny()), metadata={"labels": "x"})
    with pytest.raises(artifact.ArtifactError, match="must not use the key labels"):
        artifact.save(quantized, tmp_path / "a.onnx")


def test_the_file_is_readable_by_others(tmp_path):
    artifact.save(synthetic.quantized(tiny()), tmp_path / "a.onnx")
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE((tmp_path / "a.onnx").stat().st_mode) == 0o666 & ~mask
