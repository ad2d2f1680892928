"""Class folders of photographs, decoded once into memory; the splits; the bad files."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError

from spec.photograph import Framing, square


class DataError(ValueError):
    """A folder that cannot be trained on; the message names it and the way out."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Photographs:
    """Decoded photographs with their classes.

    Parameters
    ----------
    images
        uint8, shape (photographs, 3, size, size), RGB.
    targets
        int64, shape (photographs,), indices into ``labels``.
    names
        Paths relative to the data folder.
    labels
        Class names, in order of the folders' names.
    skipped
        One line a file that is no photograph.
    """

    images: torch.Tensor
    targets: torch.Tensor
    names: tuple[str, ...]
    labels: tuple[str, ...]
    skipped: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    def take(self, indices: list[int]) -> "Photographs":
        """Some of them, in the order of ``indices``; the skipped files stay behind."""
        return Photographs(
            images=self.images[indices],
            targets=self.targets[indices],
            names=tuple(self.names[index] for index in indices),
            labels=self.labels,
        )

    def batches(self, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Pixels in 0…1 (float32, channels last in memory) and targets, in order."""
        for images, targets in zip(self.images.split(size), self.targets.split(size), strict=True):
            yield pixels(images), targets


@dataclass(frozen=True, kw_only=True)
class Splits:
    """The three parts; ``test`` may be missing."""

    train: Photographs
    validation: Photographs
    test: Photographs | None

    def items(self) -> Iterator[tuple[str, Photographs]]:
        """Name and photographs of each part that is there."""
        yield "train", self.train
        yield "validation", self.validation
        if self.test is not None:
            yield "test", self.test


def pixels(images: torch.Tensor) -> torch.Tensor:
    """uint8 images as float32 in 0…1."""
    return images.to(memory_format=torch.channels_last).float() / 255


def read(path: Path, size: int | Framing) -> np.ndarray:
    """The photograph in a file, as :func:`spec.photograph.square` gives it.

    Raises
    ------
    DataError
        If the file is no image, or a damaged one.
    """
    try:
        with Image.open(path) as image:
            return square(image, size)
    except UnidentifiedImageError:
        raise DataError(f"{path}: not an image") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{path}: damaged image ({error})") from error


def read_folder(
    folder: Path, size: int | Framing, *, root: Path | None = None, strict: bool = False
) -> Photographs:
    """Every photograph of a folder of class folders.

    Parameters
    ----------
    folder
        Its subfolders are the classes, in order of name. Hidden files are not looked at.
    size
        Side of the square images, in pixels, or their framing.
    root
        What names are relative to; ``folder`` itself if None.
    strict
        Refuse the first file that is no photograph, instead of skipping it.

    Raises
    ------
    DataError
        If there is no such folder, no class in it, or a class without a photograph.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; it must hold one folder of photographs a class")
    classes = sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] != ".")
    if not classes:
        raise DataError(f"{folder}: holds no class folders")
    images, targets, names, skipped = [], [], [], []
    for target, path in enumerate(classes):
        for file in sorted(path.rglob("*")):
            if file.is_dir() or file.name[0] == ".":
                continue
            try:
                images.append(read(file, size))
            except DataError as error:
                if strict:
                    raise DataError(f"{error}; remove it, or go without --strict") from error
                skipped.append(str(error))
                continue
            targets.append(target)
            names.append(file.relative_to(root or folder).as_posix())
        if target not in targets:
            raise DataError(f"{path}: an empty class; add photographs or remove the folder")
    return Photographs(
        images=torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).contiguous(),
        targets=torch.tensor(targets),
        names=tuple(names),
        labels=tuple(path.name for path in classes),
        skipped=tuple(skipped),
    )


def held_out(photographs: Photographs, share: float, seed: int) -> list[int]:
    """Indices of a seeded share of each class, at least one photograph of each."""
    generator = torch.Generator().manual_seed(seed)
    chosen = []
    for target in range(len(photographs.labels)):
        members = (photographs.targets == target).nonzero().flatten()
        if len(members) < 2:
            raise DataError(
                f"class {photographs.labels[target]}: one photograph cannot be split; add more"
            )
        count = min(max(1, round(share * len(members))), len(members) - 1)
        order = torch.randperm(len(members), generator=generator)
        chosen += members[order[:count]].tolist()
    return sorted(chosen)


def listed(photographs: Photographs, path: Path) -> list[int]:
    """Indices of the photographs that a text file names, one path a line."""
    if not path.is_file():
        raise DataError(f"{path}: no such list of validation files")
    index = {name: number for number, name in enumerate(photographs.names)}
    chosen = []
    for line in path.read_text().split("\n"):
        if line.strip():
            if line.strip() not in index:
                raise DataError(f"{path}: names {line.strip()}, which is no photograph in the data")
            chosen.append(index[line.strip()])
    missing = set(range(len(photographs.labels))) - set(photographs.targets[chosen].tolist())
    if missing:
        raise DataError(f"{path}: names no photograph of {photographs.labels[min(missing)]}")
    return sorted(set(chosen))


def read_splits(
    data: Path,
    size: int | Framing,
    *,
    validation_list: Path | None = None,
    validation_share: float = 0.0,
    seed: int = 0,
    strict: bool = False,
) -> Splits:
    """Training, validation and test photographs of a data folder.

    Training is ``data/train``, or ``data`` itself. Validation is what the list names (paths
    relative to ``data``), or the share of each class, held out of training; else ``data/valid``.
    Test is ``data/test``, else ``data/valid`` if validation did not need it.

    Raises
    ------
    DataError
        As :func:`read_folder`; if there is no validation part; if the parts' classes differ.
    """

    def part(folder: Path) -> Photographs:
        return read_folder(folder, size, root=data, strict=strict)

    train = part(data / "train" if (data / "train").is_dir() else data)
    valid = part(data / "valid") if (data / "valid").is_dir() else None
    test = part(data / "test") if (data / "test").is_dir() else None
    if validation_list is not None or validation_share:
        if validation_list is not None:
            chosen = listed(train, validation_list)
        else:
            chosen = held_out(train, validation_share, seed)
        rest = sorted(set(range(len(train))) - set(chosen))
        validation, held, skipped = train.take(chosen), train.take(rest), train.skipped
        train = Photographs(**{**vars(held), "skipped": skipped})
        test = test or valid
    elif valid is None:
        raise DataError(
            f"{data}: no valid/ folder; give --validation-share 0.12 or --validation-list FILE"
        )
    else:
        validation = valid
    for other in (validation, test):
        if other is not None and other.labels != train.labels:
            differ = sorted(set(other.labels) ^ set(train.labels))
            raise DataError(f"{data}: the splits' class folders differ: {', '.join(differ)}")
    return Splits(train=train, validation=validation, test=test)
