"""How many values of a frame differ from the NumPy reference and from ONNX Runtime."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime

from sim.cosimulate import Frame
from spec import artifact, reference
from spec.quantized import QuantizedNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One tensor: how many values it has, and how many of them differ from whom."""

    name: str
    values: int
    reference: int
    onnxruntime: int

    @property
    def differs(self) -> bool:
        return bool(self.reference or self.onnxruntime)


def run_onnxruntime(
    path: Path, quantized: QuantizedNetwork, image: np.ndarray
) -> dict[str, np.ndarray]:
    """Every tensor that ONNX Runtime computes from a file, as :func:`spec.reference.run`."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    providers = ["CPUExecutionProvider"]
    session = onnxruntime.InferenceSession(artifact.exposed(path), options, providers)
    names = [output.name for output in session.get_outputs()]
    outputs = session.run(names, {"image": image.transpose(2, 0, 1)[None]})
    return artifact.as_reference(quantized, dict(zip(names, outputs, strict=True)))


def differences(
    tensors: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]
) -> dict[str, int]:
    """For each expected tensor, how many values are not equal; all of them if the shape is not."""
    counts = {}
    for name, values in expected.items():
        same_kind = tensors[name].shape == values.shape and tensors[name].dtype == values.dtype
        counts[name] = np.count_nonzero(tensors[name] != values) if same_kind else values.size
    return counts


def compare(
    frame: Frame, quantized: QuantizedNetwork, image: np.ndarray, path: Path | None = None
) -> list[Comparison]:
    """A line for every tensor of the network, and one for the class sums.

    ``path`` is the network's ONNX file; without one it is written, for ONNX Runtime to read.
    """
    if path is None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "network.onnx"
            artifact.save(quantized, path)
            return compare(frame, quantized, image, path)
    expected = reference.run(quantized, image)
    from_numpy = differences(frame.tensors, expected)
    from_onnx = differences(frame.tensors, run_onnxruntime(path, quantized, image))
    return [
        Comparison(
            name=name,
            values=values.size,
            reference=int(from_numpy[name]),
            onnxruntime=int(from_onnx[name]),
        )
        for name, values in expected.items()
    ]
