"""Learning from a teacher: its scores of augmented views, computed once, and the loss."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional
from tqdm import tqdm

from model.augment import DRAWS, Augmentation, augment
from model.checkpoint import CheckpointError, load, unpickle
from model.data import Photographs, pixels
from model.pretrained import TORCHVISION
from model.settings import Settings

Teacher = Callable[[torch.Tensor], torch.Tensor]
"""Scores (images, classes), float32, of pixels in 0…1, shape (images, 3, height, width)."""


def read_teacher(path: Path, labels: tuple[str, ...], precision: torch.dtype) -> Teacher:
    """A float checkpoint of this room, or any ONNX classifier of as many classes.

    An ONNX file with float input gets torchvision's normalization; one with uint8 input gets raw
    pixels, one with int8 input raw pixels − 128.

    Raises
    ------
    CheckpointError
        If the file cannot be read, or its classes are not ``labels``.
    """
    if path.suffix == ".onnx":
        return _onnx(path, len(labels))
    checkpoint = load(path)
    if checkpoint.labels != labels:
        raise CheckpointError(
            f"{path}: the teacher knows {', '.join(checkpoint.labels)}; "
            f"the data has {', '.join(labels)}"
        )
    module = checkpoint.module().to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def teacher(images: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", precision, enabled=precision != torch.float32):
            return module(images)

    return teacher


def _onnx(path: Path, classes: int) -> Teacher:
    import onnxruntime  # only a run with such a teacher needs it

    try:
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exceptions have no common base
        raise CheckpointError(f"{path}: not an ONNX file that can be run ({error})") from error
    entry = session.get_inputs()[0]
    found = session.get_outputs()[0].shape
    if found[-1] != classes and found[1:2] != [classes]:
        raise CheckpointError(
            f"{path}: scores of shape {found}, and the data has {classes} classes"
        )
    mean, std = (
        np.array(v, np.float32)[:, None, None] for v in (TORCHVISION.mean, TORCHVISION.std)
    )

    def teacher(images: torch.Tensor) -> torch.Tensor:
        array = images.contiguous().numpy()
        if entry.type == "tensor(float)":
            array = (array - mean) / std
        else:
            array = np.rint(array * 255)
            array = (
                array.astype(np.uint8) if "uint8" in entry.type else (array - 128).astype(np.int8)
            )
        count = (
            len(array)
            if isinstance(entry.shape[0], str) or entry.shape[0] is None
            else entry.shape[0]
        )
        parts = [
            session.run(None, {entry.name: array[start : start + count]})[0]
            for start in range(0, len(array), count)
        ]
        return (
            torch.from_numpy(np.concatenate(parts)).float().reshape(len(array), classes, -1).mean(2)
        )

    return teacher


def make_views(
    teacher: Teacher,
    train: Photographs,
    *,
    count: int,
    size: int,
    how: Augmentation,
    seed: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Augmented copies of every training photograph, and what the teacher says of them.

    Returns
    -------
    tuple of two tensors
        uint8 images, shape (photographs, count, 3, size, size); float32 scores, shape
        (photographs, count, classes).
    """
    generator = torch.Generator().manual_seed(seed)
    views = torch.empty(len(train), count, 3, size, size, dtype=torch.uint8)
    scores = torch.empty(len(train), count, len(train.labels))
    for index in tqdm(range(len(train)), desc="teacher", disable=None):
        draws = torch.rand(count, DRAWS, generator=generator)
        copies = train.images[index : index + 1].expand(count, -1, -1, -1)
        views[index] = (augment(copies, size, how, draws) * 255).round().to(torch.uint8)
        scores[index] = teacher(pixels(views[index]))
    return views, scores


def views_of(settings: Settings, train: Photographs) -> tuple[torch.Tensor, torch.Tensor]:
    """:func:`make_views` as a run's settings say, or from the file that holds them already.

    Raises
    ------
    CheckpointError
        If the teacher cannot be read, or the file holds other views.
    """
    made_from = {
        key: settings.lasting()[key] for key in ("teacher", "views", "image", "seed", "precision")
    } | {"augmentation": str(settings.augmentation), "photographs": "\n".join(train.names)}
    file = settings.views_file
    if file is not None and file.exists():
        content = unpickle(file, "a file of views", mmap=True)
        if not isinstance(content, dict) or content.keys() != {"from", "views", "scores"}:
            raise CheckpointError(f"{file}: not a file of views; give another name")
        differ = [key for key, value in made_from.items() if content["from"][key] != value]
        if differ:
            raise CheckpointError(f"{file}: its views were made with another {differ[0]}")
        return content["views"], content["scores"]
    teacher = read_teacher(settings.teacher, train.labels, getattr(torch, settings.precision))
    views, scores = make_views(
        teacher,
        train,
        count=settings.views,
        size=settings.image,
        how=settings.augmentation,
        seed=settings.seed,
    )
    if file is not None:
        part = file.with_name(f"{file.name}.{os.getpid()}.part")
        try:
            torch.save({"from": made_from, "views": views, "scores": scores}, part)
            os.replace(part, file)
        except (OSError, RuntimeError) as error:
            raise CheckpointError(f"{file}: cannot be written ({error})") from error
        finally:
            part.unlink(missing_ok=True)
    return views, scores


def distillation_loss(
    scores: torch.Tensor, softened: torch.Tensor, temperature: float
) -> torch.Tensor:
    """``T² · KL(teacher ‖ student)``, both softened by ``T``; the mean over images.

    ``softened`` is ``softmax(teacher scores / T)``, shape (images, classes).
    Hinton et al., "Distilling the Knowledge in a Neural Network", 2015, section 2.
    """
    student = functional.log_softmax(scores / temperature, dim=1)
    return functional.kl_div(student, softened, reduction="batchmean") * temperature**2
