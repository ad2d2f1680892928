"""What a student sees of its teacher: augmented views, and the scores of each, computed once."""

import os
from dataclasses import dataclass, fields
from pathlib import Path

import torch
from torch.nn import functional
from tqdm import tqdm

from model.augment import DRAWS, Augmentation, augment, mix
from model.checkpoint import CheckpointError, unpickle
from model.data import Photographs, pixels
from model.head import fit
from model.others import Backgrounds
from model.scenes import NEVER, Scenes, staged
from model.settings import Settings
from model.teacher import Teacher, read_teacher, read_untaught
from spec import terminal

DECAY = "refit_decay"
"""The setting that came later: views that do not tell it were made with its default."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Views:
    """Augmented copies of the training photographs.

    Parameters
    ----------
    images
        uint8, shape (photographs, views, 3, size, size).
    labels
        float32, shape (photographs, views, classes): what share of the view each class has; all
        of it for one class, unless the view is mixed of two photographs.
    scores
        The teacher's, float32, shape (photographs, views, classes).
    hints
        What else the teacher scores, float32, shape (photographs, views, hints), or None.
    """

    images: torch.Tensor
    labels: torch.Tensor
    scores: torch.Tensor
    hints: torch.Tensor | None = None


def make_views(
    teacher: Teacher,
    train: Photographs,
    *,
    count: int,
    size: int,
    how: Augmentation,
    scenes: Scenes = NEVER,
    backgrounds: Backgrounds | None = None,
    decay: float = 0.03,
    batch: int = 32,
    mixup: float = 0.0,
    cutmix: float = 0.0,
    seed: int,
) -> Views:
    """``count`` views of every training photograph, and what the teacher says of them.

    A batch is mixed before the teacher sees it, so its scores are of what the student sees, not a
    mean of two scores (Beyer et al., "Knowledge distillation: A good teacher is patient and
    consistent", 2022). See :func:`model.augment.mix` for ``mixup`` and ``cutmix``. A teacher that
    gives hints and no scores gets a layer on the hints, fitted to the views and their labels, with
    ``decay`` times its squared weights added to the loss.
    """
    generator = torch.Generator().manual_seed(seed)
    images = torch.empty(len(train), count, 3, size, size, dtype=torch.uint8)
    labels, scores = torch.empty(2, len(train), count, len(train.labels))
    hints = None
    for view in tqdm(range(count), desc="teacher", disable=terminal.bars_off()):
        for rows in torch.randperm(len(train), generator=generator).split(batch):
            draws = torch.rand(len(rows), DRAWS, generator=generator)
            copies = augment(train.images[rows], size, how, draws)
            copies = staged(copies, backgrounds, how, scenes, generator)
            shares = functional.one_hot(train.targets[rows], len(train.labels)).float()
            copies, (labels[rows, view],) = mix(
                copies, (shares,), mixup=mixup, cutmix=cutmix, generator=generator
            )
            images[rows, view] = (copies * 255).round().to(torch.uint8)
            own, more = teacher(pixels(images[rows, view]))
            if own is not None:
                scores[rows, view] = own
            if more is not None:
                if hints is None:
                    hints = torch.empty(len(train), count, more.shape[1])
                hints[rows, view] = more
    if own is None:
        flat = hints.flatten(0, 1)
        weight, bias = fit(flat, labels.flatten(0, 1).double(), len(train.labels), decay)
        scores = (flat @ weight + bias).unflatten(0, hints.shape[:2])
    return Views(images=images, labels=labels, scores=scores, hints=hints)


#: The settings that views depend on, besides the augmentation and the photographs.
SETTINGS = (
    *("teacher", "refit", "views", "image", "batch", "mixup", "cutmix", "seed", "precision"),
    *("others", "empties", DECAY),
)


def views_of(
    settings: Settings, train: Photographs, backgrounds: Backgrounds | None = None
) -> Views:
    """:func:`make_views` as a run's settings say, or from the file that holds them already.

    Raises
    ------
    CheckpointError
        If the teacher cannot be read, or the file holds other views.
    """
    lasting = settings.lasting()
    seed = settings.seed if settings.views_seed is None else settings.views_seed
    made_from = {key: lasting[key] for key in SETTINGS} | {
        "seed": str(seed),
        "image": f"{settings.image}{f' of {settings.shorter_side}' * bool(settings.shorter_side)}",
        "augmentation": str(settings.augmentation),
        "scenes": str(settings.scenes),
        "photographs": "\n".join(train.names),
    }
    file = settings.views_file
    if file is not None and file.exists():
        return _load(file, made_from)
    if settings.refit:
        teacher = read_untaught(settings.teacher)
    else:
        precision = getattr(torch, settings.precision)
        teacher = read_teacher(settings.teacher, train.labels, precision)
    views = make_views(
        teacher,
        train,
        count=settings.views,
        size=settings.image,
        how=settings.augmentation,
        scenes=settings.scenes,
        backgrounds=backgrounds,
        decay=settings.refit_decay,
        batch=settings.batch,
        mixup=settings.mixup,
        cutmix=settings.cutmix,
        seed=seed,
    )
    if file is not None:
        _save(file, made_from, views)
    return views


def _load(file: Path, made_from: dict[str, str]) -> Views:
    content = unpickle(file, "a file of views", mmap=True)
    names = {item.name for item in fields(Views)}
    if not isinstance(content, dict) or content.keys() != {"from", *names}:
        raise CheckpointError(f"{file}: not a file of views; give another name")
    found = {DECAY: Settings.defaults()[DECAY]} | content.pop("from")
    differ = [key for key, value in made_from.items() if found.get(key) != value]
    if differ:
        raise CheckpointError(f"{file}: its views were made with another {differ[0]}")
    return Views(**content)


def _save(file: Path, made_from: dict[str, str], views: Views) -> None:
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        torch.save({"from": made_from, **vars(views)}, part)
        os.replace(part, file)
    except (OSError, RuntimeError) as error:
        raise CheckpointError(f"{file}: cannot be written ({error})") from error
    finally:
        part.unlink(missing_ok=True)
