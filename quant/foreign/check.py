"""The network that was read against the file itself, in ONNX Runtime, on photographs."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from onnx import TensorProto, helper

from quant.foreign.graph import ForeignError
from quant.foreign.load import Foreign

ROUNDING = 0.01
"""More than float32 and float16 explain, of the largest score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How the scores agree: the largest difference, of the largest score, and the best classes."""

    difference: float
    same: int
    photographs: int

    def __str__(self) -> str:
        return (
            f"scores differ by {self.difference:.1e} of the largest at most; the best class is "
            f"the same for {self.same} of {self.photographs} photographs"
        )


def check(path: Path, foreign: Foreign, images: torch.Tensor) -> Likeness:
    """Compare on uint8 images, shape (images, 3, height, width).

    Raises
    ------
    ForeignError
        If ONNX Runtime cannot run the file, or the scores differ though nothing explains it.
    """
    theirs = _theirs(path, foreign, images)
    module = foreign.checkpoint.module()
    with torch.inference_mode():
        ours = module(images.float() / 255)
    final = {"Softmax": ours.softmax, "LogSoftmax": ours.log_softmax}.get(foreign.final)
    ours = (final(dim=1) if final else ours).numpy()
    largest = np.abs(theirs).max()
    found = Likeness(
        difference=float(np.abs(ours - theirs).max() / (largest or 1)),
        same=int((ours.argmax(axis=1) == theirs.argmax(axis=1)).sum()),
        photographs=len(images),
    )
    if not foreign.notes and not found.difference < ROUNDING:
        raise ForeignError(f"{path}: the network read from it does not compute the same: {found}")
    return found


def _theirs(path: Path, foreign: Foreign, images: torch.Tensor) -> np.ndarray:
    """The file's own scores, shape (images, classes)."""
    graph, learned = foreign.graph, foreign.trained.preprocessing
    mean, std = (np.array(v, np.float64)[:, None, None] for v in (learned.mean, learned.std))
    pixels = (images.numpy() / 255 - mean) / std
    if foreign.trained.bgr:
        pixels = pixels[:, ::-1]
    if foreign.channels_last:
        pixels = pixels.transpose(0, 2, 3, 1)
    dtype = helper.tensor_dtype_to_np_dtype(graph.dtype or TensorProto.FLOAT)
    if np.issubdtype(dtype, np.integer):
        pixels = np.rint(pixels)
    pixels = np.ascontiguousarray(pixels).astype(dtype)
    count = (graph.shape or (None,))[0] or len(pixels)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # As written: optimized, a quantized file saturates 16-bit pairs on some processors.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = torch.get_num_threads()
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        parts = []
        for start in range(0, len(pixels), count):
            part = pixels[start : start + count]
            whole = np.concatenate([part, np.repeat(part[:1], count - len(part), axis=0)])
            parts.append(session.run([foreign.output], {graph.image: whole})[0][: len(part)])
    except Exception as error:  # onnxruntime's own exceptions have no common base
        reason = " ".join(str(error).split())
        raise ForeignError(f"{path}: ONNX Runtime cannot run it ({reason})") from error
    return np.concatenate(parts).astype(np.float64).reshape(len(images), -1)
