"""Photographs of a camera that does not move, each seen where it differs from the others."""

from collections import defaultdict, deque
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

BEFORE = 24
"""Photographs of a camera that a new one is compared with, the last ones."""


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
        found = sequences(printable(folder), own, refused, tell)
        for path, where in found.items():
            try:
                yield path, seen(path, where, framing, boxes)
            except PhotographError as error:
                refused[path] = error


def sequences(
    camera: str,
    paths: list[Path],
    refused: dict[Path, PhotographError],
    tell: Callable[[str], None],
) -> dict[Path, Square | None]:
    """Where something moved in each photograph of a camera; those of one size are a sequence.

    Parameters are as :func:`moving` has them; ``camera`` is what to call it.
    """
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
                f"{camera}: {len(counted)} of {width}×{height} pixels, fewer than "
                f"{FEWEST}: what moved is not known; seen whole"
            )
            continue
        side = next(iter(counted.values()))[1]
        frames = np.stack([grey for grey, _ in counted.values()])
        found |= zip(counted, squares(frames, side, height, width), strict=True)
    return {path: found[path] for path in paths if path in found}


def seen(path: Path, where: Square | None, framing: Framing, boxes: dict[Path, Box]) -> bytes:
    """The pixels of a photograph as the network sees it: of a square, or else as ever.

    Raises
    ------
    PhotographError
        If it cannot be read.
    """
    if where is None:
        return read(path, framing).tobytes()
    return _part(read_whole(path), path, where, framing, boxes)


def _part(
    picture: np.ndarray, path: Path, where: Square, framing: Framing, boxes: dict[Path, Box]
) -> bytes:
    height, width = picture.shape[:2]
    box = (where.left / width, where.top / height, where.side / width, where.side / height)
    boxes[path] = tuple(round(share, 4) for share in box)
    return square(Image.fromarray(where.of(picture)), framing.side).tobytes()


class Followed:
    """Cameras that do not move, whose photographs come one after another.

    Those of one folder and of one size are one camera's. Each is compared with the ``BEFORE`` that
    came before it, so the first ``FEWEST - 1`` of a camera are seen whole.

    Parameters
    ----------
    framing
        What of a photograph the network sees.
    boxes
        Gets where something moved.
    tell
        Gets a line on each camera, at its first photograph.
    """

    def __init__(self, framing: Framing, boxes: dict[Path, Box], tell: Callable[[str], None]):
        self._framing = framing
        self._boxes = boxes
        self._tell = tell
        self._before: dict[tuple, deque[np.ndarray]] = {}

    def see(self, path: Path) -> bytes | None:
        """The pixels of the square where a new photograph differs; None if it is seen whole.

        Raises
        ------
        PhotographError
            If it cannot be read.
        """
        picture = read_whole(path)
        self._boxes.pop(path, None)  # of another photograph of this name
        grey, side = cells(picture)
        height, width = picture.shape[:2]
        camera = path.parent, height, width
        if camera not in self._before:
            self._before[camera] = deque(maxlen=BEFORE)
            self._tell(
                f"{printable(path.parent)}: the first {FEWEST - 1} of {width}×{height} pixels are "
                "seen whole: what moves is not known yet"
            )
        frames = [*self._before[camera], grey]
        self._before[camera].append(grey)
        if len(frames) < FEWEST:
            return None
        where = squares(np.stack(frames), side, height, width)[-1]
        return None if where is None else _part(picture, path, where, self._framing, self._boxes)
