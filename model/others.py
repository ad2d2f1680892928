"""Pictures of anything else: the class for none, one's own cameras, backgrounds to paste on."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from model.data import DataError, Photographs, Splits, read_folder
from photo.files import PhotographError, find, read
from spec.decision import NONE
from spec.photograph import Framing
from spec.text import printable


@dataclass(frozen=True, kw_only=True, eq=False)
class Backgrounds:
    """What a small picture can be pasted on; each uint8, shape (pictures, 3, size, size).

    ``empties`` are as likely as all ``others`` together.
    """

    empties: torch.Tensor
    others: torch.Tensor

    def draw(self, count: int, generator: torch.Generator) -> torch.Tensor:
        """``count`` of them, each drawn from all."""
        pools = [pool for pool in (self.empties, self.others) if len(pool)]
        first = torch.rand(count, generator=generator) < 0.5
        drawn = torch.stack(
            [pool[torch.randint(len(pool), (count,), generator=generator)] for pool in pools]
        )
        return torch.where(first[:, None, None, None], drawn[0], drawn[-1])


def read_pictures(folder: Path, size: int | Framing, *, strict: bool = False) -> Photographs:
    """Every picture in a folder and the folders below it, all of the one class ``none``.

    Raises
    ------
    DataError
        If there is no such folder or no picture in it; with ``strict``, if a file is no picture.
    """
    if not folder.is_dir():
        raise DataError(f"{printable(folder)}: no such folder of pictures")
    found = find(folder)
    images, names, skipped = [], [], list(found.others)
    for file in found.photographs:
        try:
            images.append(read(file, size))
        except PhotographError as error:
            skipped.append(str(error))
            continue
        names.append(printable(file.as_posix()))
    if skipped and strict:
        raise DataError(f"{skipped[0]}; remove it, or go without --strict")
    if not images:
        raise DataError(f"{printable(folder)}: holds no picture")
    return Photographs(
        images=torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).contiguous(),
        targets=torch.zeros(len(images), dtype=torch.int64),
        names=tuple(names),
        labels=(NONE,),
        skipped=tuple(skipped),
    )


def with_none(photographs: Photographs) -> Photographs:
    """The same photographs, ``none`` one more label, the last."""
    if NONE in photographs.labels:
        raise DataError(
            f"a class folder is called {NONE}, and there is --others or --empties; give its "
            "pictures as --others"
        )
    return replace(photographs, labels=(*photographs.labels, NONE))


def joined(parts: list[tuple[Photographs, int]], labels: tuple[str, ...]) -> Photographs:
    """All photographs of several parts under common labels, each part so many times."""
    parts = [part for part, times in parts for _ in range(times)]
    numbers = [torch.tensor([labels.index(label) for label in part.labels]) for part in parts]
    skipped = (line for part in parts for line in part.skipped)
    return Photographs(
        images=torch.cat([part.images for part in parts]),
        targets=torch.cat([n[part.targets] for n, part in zip(numbers, parts, strict=True)]),
        names=tuple(name for part in parts for name in part.names),
        labels=labels,
        skipped=tuple(dict.fromkeys(skipped)),
    )


def add_others(
    splits: Splits,
    size: int | Framing,
    *,
    others: Path | None,
    empties: Path | None,
    field: Path | None,
    repeat: int,
    strict: bool = False,
) -> tuple[Splits, Backgrounds | None]:
    """The splits with more to train on, and what there is to paste on.

    Parameters
    ----------
    others, empties
        Folders of pictures that show none of the classes. With either there is a class ``none``.
    field
        Folder of class folders: more photographs of some of the classes, from one's own cameras.
    repeat
        How often an epoch shows each of ``empties`` and ``field``, which are few.

    Raises
    ------
    DataError
        As :func:`read_pictures` and :func:`model.data.read_folder`; if ``field`` has a folder that
        is no class.
    """
    parts = [(splits.train, 1)]
    if field is not None:
        own = read_folder(field, size, strict=strict)
        unknown = sorted(set(own.labels) - set(splits.train.labels))
        if unknown:
            raise DataError(f"{field}: {unknown[0]} is no class of the data; remove the folder")
        parts.append((own, repeat))
    labels, backgrounds = splits.train.labels, None
    if others is not None or empties is not None:
        pools = {"others": others, "empties": empties}
        read_ = {
            name: read_pictures(path, size, strict=strict)
            for name, path in pools.items()
            if path is not None
        }
        nothing = splits.train.images[:0]
        backgrounds = Backgrounds(
            **{name: read_[name].images if name in read_ else nothing for name in pools}
        )
        parts += [(part, repeat if name == "empties" else 1) for name, part in read_.items()]
        held = {name: with_none(part) for name, part in splits.items()}
        labels = held["train"].labels
        splits = Splits(**({"test": None} | held))
    if len(parts) > 1:
        splits = replace(splits, train=joined(parts, labels))
    return splits, backgrounds
