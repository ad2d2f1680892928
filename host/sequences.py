"""Photographs of a camera that does not move, each seen where it differs from the others."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from host.motion import FEWEST, Square, cells, squares
from photo.files import PhotographError, read, read_whole
from spec.photograph import Framing, square
from spec.text import printable

Box = tuple[float, float, float, float]
"""A part of a picture: left, top, width, height, as shares of it."""


def moving(
    paths: list[Path],
    framing: Framing,
    refused: dict[Path, PhotographError],
    boxes: dict[Path, Box],
    tell: Callable[[str], None],
) -> Iterator[tuple[Path, bytes]]:
    """Path and pixels of each photograph: of the square where something moved, else as ever.

    Photographs of one folder and of one size are a sequence. Each is read twice, and one at a time.

    Parameters
    ----------
    refused
        Gets what cannot be read.
    boxes
        Gets where something moved.
    tell
        Gets a line on each sequence that is too short.
    """
    folders = defaultdict(list)
    for path in dict.fromkeys(paths):
        folders[path.parent].append(path)
    for folder, own in folders.items():
        found = _sequences(folder, own, refused, tell)
        for path, where in found.items():
            try:
                yield path, _pixels(path, where, framing, boxes)
            except PhotographError as error:
                refused[path] = error


def _sequences(
    folder: Path,
    paths: list[Path],
    refused: dict[Path, PhotographError],
    tell: Callable[[str], None],
) -> dict[Path, Square | None]:
    """Where something moved in each photograph of a folder that can be read."""
    sizes = defaultdict(dict)
    for path in paths:
        try:
            picture = read_whole(path)
        except PhotographError as error:
            refused[path] = error
            continue
        sizes[picture.shape[:2]][path] = cells(picture)
    found: dict[Path, Square | None] = {}
    for (height, width), counted in sizes.items():
        if len(counted) < FEWEST:
            found |= dict.fromkeys(counted)
            tell(
                f"{printable(folder)}: {len(counted)} of {width}×{height} pixels, fewer than "
                f"{FEWEST}: what moved is not known; seen whole"
            )
            continue
        side = next(iter(counted.values()))[1]
        frames = np.stack([grey for grey, _ in counted.values()])
        found |= zip(counted, squares(frames, side, height, width), strict=True)
    return {path: found[path] for path in paths if path in found}


def _pixels(path: Path, where: Square | None, framing: Framing, boxes: dict[Path, Box]) -> bytes:
    if where is None:
        return read(path, framing).tobytes()
    picture = read_whole(path)
    height, width = picture.shape[:2]
    box = (where.left / width, where.top / height, where.side / width, where.side / height)
    boxes[path] = tuple(round(share, 4) for share in box)
    return square(Image.fromarray(where.of(picture)), framing.side).tobytes()
