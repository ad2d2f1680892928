"""The artifact: one ONNX file that holds a quantized network, labels and metadata.

``quant`` writes it; ``hw``, ``host``, ``sim`` and ONNX Runtime read it. What the graph looks
like is in :mod:`spec.export`, what is refused on the way back in :mod:`spec.parse`.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # onnx lets it through

from spec import export
from spec.error import ArtifactError
from spec.files import read_bytes
from spec.parse import parse
from spec.quantized import QuantizedNetwork

__all__ = ["ArtifactError", "as_reference", "exposed", "load", "save"]


def save(quantized: QuantizedNetwork, path: str | Path) -> None:
    """Write the file; the same network gives the same bytes.

    An existing file is replaced only once the new one is complete.

    Raises
    ------
    ArtifactError
        If the path cannot be written, or the metadata has a key of the file's own.
    """
    path = Path(path)
    for key in export.OWN:
        if key in quantized.metadata:
            raise ArtifactError(f"{path}: the metadata must not use the key {key}")
    data = export.model(quantized).SerializeToString(deterministic=True)
    part = path.parent / f".{path.name}.{os.getpid()}.part"
    try:
        part.write_bytes(data)
        os.replace(part, path)
    except OSError as error:
        raise ArtifactError(
            f"{path}: cannot be written ({error.strerror}); choose another path"
        ) from error
    finally:
        part.unlink(missing_ok=True)


def load(path: str | Path) -> QuantizedNetwork:
    """Read the file back, strictly: geometry from the graph, every rule of the contract checked.

    Raises
    ------
    ArtifactError
        If the file cannot be read, is not ONNX, or is not a network of the contract; the message
        is one line that names the file, the node and the way out.
    """
    try:
        return parse(_read(path))
    except ArtifactError as error:
        raise ArtifactError(f"{path}: {error}") from error


def exposed(path: str | Path) -> bytes:
    """The file with every tensor of the network as an output, for an ONNX Runtime session.

    Turn what the session gives into the reference's form with :func:`as_reference`.
    """
    quantized = load(path)
    model = _read(path)
    model.graph.output.extend(export.tensor_infos(quantized))
    return model.SerializeToString()


def as_reference(
    quantized: QuantizedNetwork, outputs: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The tensors of an ONNX Runtime session in the form of :func:`spec.reference.run`.

    ``outputs`` has, by name, the session's result for every tensor of the network and ``sums``.
    """
    last = quantized.network.last
    tensors = {}
    for name, _ in quantized.network.tensors():
        relu = name != last.name or last.relu
        shifted = outputs[name][0].astype(np.int16) - export.ZERO_POINT[relu]
        tensors[name] = shifted.astype(np.uint8 if relu else np.int8)
    tensors["sums"] = outputs["sums"][0].astype(np.int64)
    return tensors


def _read(path: str | Path) -> onnx.ModelProto:
    try:
        return onnx.load_model_from_string(read_bytes(path))
    except OSError as error:
        raise ArtifactError(
            f"cannot be read ({error.strerror}); make a model with `python -m quant`"
        ) from error
    except DecodeError as error:
        raise ArtifactError(
            "is not a complete ONNX file; copy it again, or make one with `python -m quant`"
        ) from error
