"""Class folders of photographs, decoded once into memory; the splits; the bad files."""

import hashlib
import os
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from model.layout import DataError, check_depth, check_inside, folders_in, layout_of
from model.metrics import interval
from photo.files import PhotographError, find, read
from spec.photograph import Framing
from spec.text import TextError, printable, read_lines

__all__ = [
    "DataError",
    "Photographs",
    "Splits",
    "inventory",
    "read_files",
    "read_folder",
    "read_splits",
    "remarks",
]

SHOWN = 20
"""Classes that are listed; of more, only as many."""

RARE = 10
"""A class with so many times fewer photographs than the largest is worth a word."""

WIDE = 0.1
"""A 95 % interval wider than this is worth a word: fewer than some 140 photographs."""


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
        Paths relative to the data folder, printable.
    labels
        Class names, printable, in order of the folders' names.
    skipped
        One line a file that is no photograph, with the reason.
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

    def counts(self) -> list[int]:
        """Photographs of each class."""
        return torch.bincount(self.targets, minlength=len(self.labels)).tolist()

    def digests(self) -> dict[str, str]:
        """What tells a photograph's pixels from others', by name."""
        return {
            name: hashlib.blake2b(image.numpy().tobytes(), digest_size=8).hexdigest()
            for name, image in zip(self.names, self.images, strict=True)
        }

    def batches(self, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Pixels in 0…1 (float32, channels last in memory) and targets, in order."""
        for images, targets in zip(self.images.split(size), self.targets.split(size), strict=True):
            yield pixels(images), targets


@dataclass(frozen=True, kw_only=True)
class Splits:
    """The three parts; ``test`` may be missing. ``notes`` say what else was found."""

    train: Photographs
    validation: Photographs
    test: Photographs | None
    notes: tuple[str, ...] = ()

    def items(self) -> Iterator[tuple[str, Photographs]]:
        """Name and photographs of each part that is there."""
        yield "train", self.train
        yield "validation", self.validation
        if self.test is not None:
            yield "test", self.test


def pixels(images: torch.Tensor) -> torch.Tensor:
    """uint8 images as float32 in 0…1."""
    return images.to(memory_format=torch.channels_last).float() / 255


def read_folder(
    folder: Path,
    size: int | Framing,
    *,
    root: Path | None = None,
    strict: bool = False,
    nested: bool = False,
) -> Photographs:
    """Every photograph of a folder of class folders.

    Parameters
    ----------
    folder
        Its subfolders are the classes, in order of name. Hidden ones are not looked at.
    size
        Side of the square images, in pixels, or their framing.
    root
        What names are relative to; ``folder`` itself if None.
    strict
        Refuse the first file that is no photograph, instead of skipping it.
    nested
        Take classes all of whose photographs lie in folders of theirs.

    Raises
    ------
    DataError
        If there is no such folder, no class in it, a class without a photograph, two classes of
        the same name; if all classes hold folders only, and it is not ``nested``; and as
        :func:`model.layout.check_inside`.
    """
    classes = folders_in(folder)
    if not classes:
        raise DataError(
            f"{printable(folder)}: holds no class folders; it must hold one folder of photographs "
            "a class"
        )
    labels = tuple(printable(path.name) for path in classes)
    twice = [label for label in labels if labels.count(label) > 1]
    if twice:
        raise DataError(
            f"{printable(folder)}: two class folders are called {twice[0]}, with accents that are "
            "composed in two ways; put their photographs into one"
        )
    for one, other in _alike(labels, visible):
        raise DataError(
            f"{printable(folder)}: the class folders {one!a} and {other!a} differ only in what is "
            "not seen; put their photographs into one, or rename one"
        )
    images, targets, names, skipped, kept = [], [], [], [], []
    for target, path in enumerate(classes):
        found = find(path)
        own, bad = [], list(found.others)
        for file in found.photographs:
            try:
                images.append(read(file, size))
            except PhotographError as error:
                bad.append(str(error))
                continue
            own.append(file)
            targets.append(target)
            names.append(printable(file.relative_to(root or folder).as_posix()))
        if bad and strict:
            raise DataError(f"{bad[0]}; remove it, or go without --strict")
        if not own:
            raise DataError(
                f"{printable(path)}: an empty class; add photographs or remove the folder"
            )
        skipped += sorted(bad)
        kept.append(own)
    check_inside(classes, kept, nested=nested)
    if not nested:
        check_depth(folder, classes, kept)
    return Photographs(
        images=torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).contiguous(),
        targets=torch.tensor(targets),
        names=tuple(names),
        labels=labels,
        skipped=tuple(skipped),
    )


def visible(label: str) -> str:
    """A name as it is seen: without spaces, and without characters that have no width."""
    text = unicodedata.normalize("NFKC", label)
    return "".join(c for c in text if unicodedata.category(c) != "Cf" and not c.isspace())


def _alike(labels: tuple[str, ...], look: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """Pairs of names that look the same."""
    first: dict[str, str] = {}
    for label in labels:
        before = first.setdefault(look(label), label)
        if before != label:
            yield before, label


def read_files(paths: list[Path], size: int | Framing, *, strict: bool = False) -> Photographs:
    """Single photographs, each of the class that the folder it lies in is called after.

    Parameters
    ----------
    paths
        Of the files; their names are the paths as given. One that is named twice counts once.
    size, strict
        As for :func:`read_folder`.

    Raises
    ------
    DataError
        If one is missing or a folder; if none, or with ``strict`` not every one, can be read.
    """
    found: dict[Path, np.ndarray] = {}
    skipped = []
    for path in dict.fromkeys(paths):
        if path.is_dir():
            raise DataError(f"{printable(path)}: a folder; class folders are for --data")
        if not path.exists():
            raise DataError(f"{printable(path)}: no such file")
        try:
            found[path] = read(path, size)
        except PhotographError as error:
            if strict:
                raise DataError(f"{error}; leave it away, or go without --strict") from error
            skipped.append(str(error))
    if not found:
        raise DataError(skipped[0])
    classes = [printable(Path(os.path.abspath(path)).parent.name) for path in found]
    labels = tuple(sorted(set(classes)))
    return Photographs(
        images=torch.from_numpy(np.stack([*found.values()])).permute(0, 3, 1, 2).contiguous(),
        targets=torch.tensor([labels.index(name) for name in classes]),
        names=tuple(printable(path) for path in found),
        labels=labels,
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
    """Indices of the photographs that a text file names, one path a line.

    The paths may begin with ``./`` and have backslashes; see :func:`spec.text.read_lines`.
    """
    shown = printable(path)
    if not path.is_file():
        raise DataError(f"{shown}: no such list of validation files")
    try:
        lines = read_lines(path)
    except TextError as error:
        raise DataError(str(error)) from error
    index: dict[str, list[int]] = {}
    for number, name in enumerate(photographs.names):
        index.setdefault(name, []).append(number)
    chosen = set()
    for line in lines:
        plain = line.replace("\\", "/").removeprefix("./")
        if line not in index and plain not in index:
            raise DataError(
                f"{shown}: names {line}, which is no photograph in the data; a line is a path in "
                f"that folder, such as {photographs.names[0]}"
            )
        chosen.update(index[line if line in index else plain])
    for target, label in enumerate(photographs.labels):
        members = set((photographs.targets == target).nonzero().flatten().tolist())
        if not members & chosen:
            raise DataError(f"{shown}: names no photograph of {label}")
        if members <= chosen:
            raise DataError(f"{shown}: names every photograph of {label}; none is left to train on")
    return sorted(chosen)


def read_splits(
    data: Path,
    size: int | Framing,
    *,
    validation_list: Path | None = None,
    validation_share: float = 0.0,
    seed: int = 0,
    strict: bool = False,
    nested: bool = False,
) -> Splits:
    """Training, validation and test photographs of a data folder.

    Training is ``data/train``, or ``data`` itself. Validation is what the list names (paths
    relative to ``data``), or the share of each class, held out of training; else ``data/valid``.
    Test is ``data/test``, else ``data/valid`` if validation did not need it.

    Raises
    ------
    DataError
        As :func:`read_folder` and :func:`model.layout.layout_of`; if there is no validation part;
        if the parts' classes differ; if there is one class only.
    """
    layout = layout_of(data)

    def part(name: str) -> Photographs | None:
        folder = layout.parts.get(name)
        if folder is None:
            return None
        return read_folder(folder, size, root=data, strict=strict, nested=nested)

    train = part("train") or read_folder(data, size, root=data, strict=strict, nested=nested)
    valid, test = part("valid"), part("test")
    if validation_list is not None or validation_share:
        if validation_list is not None:
            chosen = listed(train, validation_list)
        else:
            chosen = held_out(train, validation_share, seed)
        rest = sorted(set(range(len(train))) - set(chosen))
        validation, train = train.take(chosen), replace(train.take(rest), skipped=train.skipped)
        test = test or valid
    elif valid is None:
        raise DataError(
            f"{printable(data)}: no valid/ folder; give --validation-share 0.12 or "
            "--validation-list FILE"
        )
    else:
        validation = valid
    for other in (validation, test):
        if other is not None and other.labels != train.labels:
            differ = sorted(set(other.labels) ^ set(train.labels))
            raise DataError(
                f"{printable(data)}: the splits' class folders differ: {', '.join(differ)}"
            )
    if len(train.labels) < 2:
        raise DataError(
            f"{printable(data)}: holds one class, {train.labels[0]}; there must be two or more to "
            "tell apart"
        )
    return Splits(train=train, validation=validation, test=test, notes=layout.notes)


def inventory(name: str, part: Photographs) -> Iterator[str]:
    """Lines on what was found of a part: photographs, files skipped and why, classes."""
    yield f"{name}: {len(part)} photographs, {len(part.skipped)} files skipped"
    for line in part.skipped:
        yield f"  skipped {line}"
    counts = [f"{label} {count}" for label, count in zip(part.labels, part.counts(), strict=True)]
    more = f", … {len(counts) - SHOWN} more" if len(counts) > SHOWN else ""
    yield f"  {len(counts)} classes: {', '.join(counts[:SHOWN])}{more}"


def remarks(splits: Splits) -> Iterator[str]:
    """Lines on what its figures cannot be trusted for."""
    yield from splits.notes
    for one, other in _alike(splits.train.labels, lambda label: visible(label).casefold()):
        yield f"the classes {one} and {other} differ only in capital letters: are they one?"
    counts = splits.train.counts()
    for label, count in zip(splits.train.labels, counts, strict=True):
        if count * RARE <= max(counts):
            yield (
                f"train: {count} of {label}, and {max(counts)} of the largest class: it will "
                "hardly be learned; add photographs of it"
            )
    both = _in_two_classes(splits)
    if both:
        yield (
            f"{len(both)} photographs are in two classes or more, pixel for pixel "
            f"({both[0]}, …): at most one of them is right"
        )
    trained = set(splits.train.digests().values())
    for name, part in splits.items():
        if name == "train":
            continue
        same = sum(digest in trained for digest in part.digests().values())
        if same:
            yield f"{name}: {same} of {len(part)} photographs are in training, too, pixel for pixel"
        nine = round(0.9 * len(part))
        low, high = interval(nine, len(part))
        if high - low > WIDE:
            yield (
                f"{name}: few photographs for a figure: {nine} right of {len(part)} would mean an "
                f"accuracy of {low:.2f} to {high:.2f} (95 %)"
            )


def _in_two_classes(splits: Splits) -> list[str]:
    """Names of photographs whose pixels another class has, too."""
    classes, names = {}, {}
    for _, part in splits.items():
        digests = part.digests()
        for name, target in zip(part.names, part.targets.tolist(), strict=True):
            classes.setdefault(digests[name], set()).add(target)
            names.setdefault(digests[name], []).append(name)
    return [name for digest, own in names.items() if len(classes[digest]) > 1 for name in own]
