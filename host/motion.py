"""What moved before a camera that does not: where each frame of a sequence differs from the others.

Integers only, and a few hundred cells a frame, so that a circuit behind a camera can do the same:
sums of grey over cells, the median of each cell over time, a difference, a box.
"""

from dataclasses import dataclass

import numpy as np

CELLS = 48
"""Cells along a frame's longer side."""

GREY = (77, 150, 29)
"""Weights of red, green and blue in 256ths (ITU-R BT.601)."""

FLOOR = 6
"""The least difference in grey that counts; below it is the sensor's noise."""

SPREAD = 5
"""How often the median difference of a frame a cell must differ to count; leaves move, too."""

MARGIN = 3
"""Cells that are added around what moved."""

LEAST = 12
"""Cells along the side of the smallest square; a smaller one would show too little."""


FEWEST = 3
"""Pictures of a sequence: of fewer, nobody knows what is usual."""


@dataclass(frozen=True, slots=True)
class Square:
    """A part of a frame, in its pixels."""

    left: int
    top: int
    side: int

    def of(self, picture: np.ndarray) -> np.ndarray:
        """That part of a picture, shape (side, side, 3)."""
        rows = slice(self.top, self.top + self.side)
        return picture[rows, self.left : self.left + self.side]


def cells(picture: np.ndarray) -> tuple[np.ndarray, int]:
    """Mean grey of each cell, int64, shape (rows, columns), and a cell's side in pixels.

    ``picture`` is uint8, shape (height, width, 3); pixels beyond the last whole cell do not count.
    """
    height, width = picture.shape[:2]
    side = max(1, min(max(height, width) // CELLS, height, width))  # of a strip, one row of cells
    rows, columns = height // side, width // side
    whole = picture[: rows * side, : columns * side].reshape(rows, side, columns, side, 3)
    sums = whole.sum(axis=(1, 3), dtype=np.int64) @ np.array(GREY)  # no copy of the picture
    return sums // (256 * side * side), side


def active(frames: np.ndarray) -> np.ndarray:
    """Which cells of each frame are not as in most others: bool, shape (frames, rows, columns).

    A light that changes everywhere alike does not count, nor a cell without a neighbour that is
    active, too. ``frames`` is of integers, as :func:`cells` gives them, at least ``FEWEST`` frames.
    """
    usual = np.sort(frames, axis=0)[len(frames) // 2]
    difference = frames - usual
    flat = np.sort(difference.reshape(len(frames), -1), axis=1)
    difference = difference - flat[:, flat.shape[1] // 2, None, None]
    away = np.abs(difference)
    spread = np.sort(away.reshape(len(frames), -1), axis=1)[:, away[0].size // 2]
    found = away > np.maximum(FLOOR, SPREAD * spread)[:, None, None]
    padded = np.pad(found, ((0, 0), (1, 1), (1, 1))).astype(np.int64)
    height, width = found.shape[1:]
    around = sum(
        padded[:, row : row + height, column : column + width]
        for row in range(3)
        for column in range(3)
    )
    return found & (around > 1)


def squares(frames: np.ndarray, side: int, height: int, width: int) -> list[Square | None]:
    """The square around what moved in each frame of a sequence; None where nothing did.

    The square lies within the picture; its side is at least ``LEAST`` cells, at most the
    picture's shorter side.

    Parameters
    ----------
    frames
        Cells of each picture, as :func:`cells` gives them, at least ``FEWEST`` frames.
    side
        Of a cell, in pixels.
    height, width
        Of every picture.
    """
    return [_square(own, side, height, width) for own in active(frames)]


def _square(found: np.ndarray, cell: int, height: int, width: int) -> Square | None:
    rows, columns = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
    if not len(rows):
        return None
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    left, right = int(columns[0]), int(columns[-1]) + 1
    side = max(bottom - top, right - left) + 2 * MARGIN
    side = min(max(side, LEAST) * cell, height, width)

    def start(low: int, high: int, length: int) -> int:
        return min(max((low + high) * cell // 2 - side // 2, 0), length - side)

    return Square(start(left, right, width), start(top, bottom, height), side)
