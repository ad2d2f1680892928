"""Teachers: anything that scores photographs for the classes of the data."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch.nn import functional

from model.checkpoint import CheckpointError, load
from model.pretrained import TORCHVISION
from spec import terminal
from spec.export import LABELS

Teacher = Callable[[torch.Tensor], tuple[torch.Tensor | None, torch.Tensor | None]]
"""Scores (images, classes) and hints (images, …), either may be None, float32, of pixels in 0…1,
shape (images, 3, height, width). Hints are whatever else it scores, such as other classes."""

_KINDS = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8,
}
"""Inputs that photographs can be, by ONNX Runtime's names."""

_ASSUMED = {True: "torchvision's normalization", False: "raw pixels"}
"""What is given to an input of floats or not."""

LONGEST = 4096
"""The most pixels along a side, and photographs in a batch, that an input may be fixed to."""

LOGITS, HINTS = "logits", "hints"
"""Names of an ONNX teacher's outputs."""


def read_teacher(path: Path, labels: tuple[str, ...], precision: torch.dtype) -> Teacher:
    """A float checkpoint of this room, or any ONNX classifier of as many classes.

    Raises
    ------
    CheckpointError
        If the file cannot be read, or its classes are not ``labels``. An ONNX file need not name
        its classes; then only their number is compared.
    """
    if path.suffix == ".onnx":
        teacher = OnnxClassifier(path)
        terminal.note(f"{path}: {teacher.assumed}")
        named = teacher.labels
        if named is None and teacher.classes != len(labels):
            raise CheckpointError(
                f"{path}: scores {teacher.classes} classes, and the data has {len(labels)} "
                "classes; python -m model.head fits it to them"
            )
    else:
        checkpoint = load(path)
        named = checkpoint.labels
        module = checkpoint.module().to(memory_format=torch.channels_last)

        @torch.inference_mode()
        def teacher(images: torch.Tensor) -> tuple[torch.Tensor, None]:
            with torch.autocast("cpu", precision, enabled=precision != torch.float32):
                return module(images), None

    if named is not None and named != labels:
        raise CheckpointError(
            f"{path}: the teacher knows {', '.join(named)}; the data has {', '.join(labels)}"
        )
    return teacher


def read_untaught(path: Path) -> Teacher:
    """An ONNX classifier of any classes, that gives hints and no scores.

    Raises
    ------
    CheckpointError
        If the file is none that can be run.
    """
    classifier = OnnxClassifier(path)
    terminal.note(f"{path}: {classifier.assumed}")

    def teacher(images: torch.Tensor) -> tuple[None, torch.Tensor]:
        scores, hints = classifier(images)
        return None, scores if hints is None else hints

    return teacher


class OnnxClassifier:
    """An ONNX file that scores images, run by ONNX Runtime; a ``Teacher``.

    Its scores are the output called ``logits``, as in our own files, or else the first one; a map
    of scores is averaged over positions. An output called ``hints`` gives those. A float input
    gets torchvision's normalization, a uint8 input raw pixels, an int8 input raw pixels − 128.
    Channels may come first or last; images are resized to an input of fixed size.

    Attributes
    ----------
    output : str
        The name of the output that holds the scores.
    classes : int
    hints : bool
        Whether it gives any.
    labels : tuple of str, or None
        What the file's metadata say of the classes.
    assumed : str
        What the file does not say and is taken for granted, in words.

    Raises
    ------
    CheckpointError
        If the file cannot be run, or its first output is not of scores; when it is called, if it
        cannot be run on photographs, or its scores are not finite.
    """

    def __init__(self, path: Path):
        self._path = path
        if path.exists() and not path.is_file():  # a pipe would be waited for
            raise CheckpointError(f"{path}: not a regular file")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        try:
            self._session = onnxruntime.InferenceSession(
                path, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's own exceptions have no common base
            reason = " ".join(str(error).split())
            raise CheckpointError(f"{path}: not an ONNX file that can be run ({reason})") from error
        entries = self._session.get_inputs()
        if len(entries) != 1:
            names = ", ".join(entry.name for entry in entries) or "none"
            raise CheckpointError(
                f"{path}: must have one input, the photographs, not {len(entries)} ({names})"
            )
        (self._entry,) = entries
        self._look_at_the_input(path)
        shapes = {leave.name: leave.shape for leave in self._session.get_outputs()}
        self.output = LOGITS if LOGITS in shapes else next(iter(shapes))
        shape = shapes[self.output]
        if len(shape) < 2 or not isinstance(shape[1], int):
            raise CheckpointError(
                f"{path}: its output {self.output} has the shape {shape}, where class scores have "
                "(images, classes)"
            )
        self.classes = shape[1]
        pixels = _ASSUMED[np.issubdtype(_KINDS[self._entry.type], np.floating)]
        others = [name for name in shapes if name not in (self.output, HINTS)]
        more = f", not {', '.join(others)}" if others else ""
        self.assumed = f"input: {pixels}; scores: its output {self.output}{more}"
        self.hints = HINTS in shapes
        text = self._session.get_modelmeta().custom_metadata_map.get(LABELS)
        self.labels = None if text is None else tuple(json.loads(text))

    def _look_at_the_input(self, path: Path) -> None:
        """Layout, size, batch and kind of the input, or why it takes no photographs."""
        shape, kind = self._entry.shape, self._entry.type
        if kind not in _KINDS:
            raise CheckpointError(
                f"{path}: its input is a {kind}, where photographs are one of {', '.join(_KINDS)}"
            )
        if len(shape) != 4 or (shape[1] != 3 and shape[3] != 3):
            raise CheckpointError(
                f"{path}: its input has the shape {shape}, where photographs in colour have "
                "(images, 3, height, width) or (images, height, width, 3)"
            )
        self._last = shape[1] != 3  # channels
        sides = shape[1:3] if self._last else shape[2:]
        fixed = [side for side in sides if isinstance(side, int)]
        self._sides = tuple(fixed) if len(fixed) == 2 else None
        self._batch = shape[0] if isinstance(shape[0], int) else None
        lengths = [*fixed, *([] if self._batch is None else [self._batch])]
        if not all(1 <= length <= LONGEST for length in lengths):
            raise CheckpointError(
                f"{path}: its input has the shape {shape}, where lengths are 1 to {LONGEST}"
            )

    def __call__(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        if self._sides is not None and tuple(images.shape[2:]) != self._sides:
            images = functional.interpolate(
                images, self._sides, mode="bilinear", antialias=True
            ).clamp(0, 1)
        array, kind = images.contiguous().numpy(), _KINDS[self._entry.type]
        if np.issubdtype(kind, np.floating):
            mean, std = (
                np.array(v, np.float32)[:, None, None] for v in (TORCHVISION.mean, TORCHVISION.std)
            )
            array = ((array - mean) / std).astype(kind)
        else:
            array = np.rint(array * 255)
            array = (array if kind is np.uint8 else array - 128).astype(kind)
        if self._last:
            array = np.ascontiguousarray(array.transpose(0, 2, 3, 1))
        count = self._batch or len(array)
        missing = -len(array) % count
        if missing:  # the last batch is filled up
            array = np.concatenate([array, np.repeat(array[-1:], missing, axis=0)])
        outputs = [self.output, HINTS] if self.hints else [self.output]
        try:
            parts = [
                self._session.run(outputs, {self._entry.name: array[start : start + count]})
                for start in range(0, len(array), count)
            ]
        except Exception as error:  # onnxruntime's own exceptions have no common base
            reason = " ".join(str(error).split())
            size = "×".join(map(str, array.shape[1:]))
            raise CheckpointError(
                f"{self._path}: cannot be run on photographs of {size} ({reason})"
            ) from error
        scores, *hints = (
            torch.from_numpy(np.concatenate(output)).float()[: len(images)]
            for output in zip(*parts, strict=True)
        )
        scores = scores.reshape(len(images), self.classes, -1).mean(2)
        if not torch.isfinite(scores).all():
            raise CheckpointError(f"{self._path}: gives scores that are not finite")
        return scores, hints[0] if hints else None
