"""What a board's screen shows, pixel for pixel: the reference of :mod:`hw.display`.

Left the picture that the network saw, twice as large; right a panel of letters: the answer, a label
and a bar for each class, the frame's number, frames a second, and the frame's cycles.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spec import font

HEIGHT, WIDTH = 480, 640
"""Of the screen, in pixels: VGA's."""
FRONT, SYNC, BACK = (16, 10), (96, 2), (48, 33)
"""Blanking before, of, and after the pulses of a line and of a frame: pixels, and lines (VESA DMT,
640 × 480 at 60 Hz). Both pulses are low."""

PICTURE_TOP, PICTURE_LEFT = 16, 16
LARGEST = (HEIGHT - 2 * PICTURE_TOP) // 2
"""Side of the largest picture that is shown."""
ZOOM = 2

PANEL_LEFT = 480
COLUMNS, ROWS = (WIDTH - PANEL_LEFT) // font.WIDTH, HEIGHT // font.HEIGHT
"""Of the panel, in letters."""

ANSWER_ROW, FIRST_LABEL_ROW = 0, 2
MOST_CLASSES = 10
"""That have a label and a bar."""
BAR = COLUMNS * font.WIDTH
"""Pixels of a full bar."""

NUMBERS = {"FRAME": (24, 5), "FRAMES/S": (25, 4), "CYCLES": (26, 8)}
"""What the numbers are called, their row, and how many digits they have."""

MARK = 0x80
"""In a cell's code: it is in the answer's colour."""
PAPER, INK, MARKED = (0, 0, 0), (255, 255, 255), (0, 255, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is told of a frame: its number, the answer, the class sums, the largest one that is of a
    class, cycles, and how many frames there were in the last full second."""

    number: int
    winner: int
    sums: tuple[int, ...]
    best: int
    cycles: int
    rate: int


def label_row(index: int) -> int:
    """The row of a class's label; its bar is in the next one."""
    return FIRST_LABEL_ROW + 2 * index


def cut(label: str) -> bytes:
    """A label's codes, a row of them."""
    return font.codes(label)[:COLUMNS].ljust(COLUMNS, b" ")


def still(labels: Sequence[str]) -> np.ndarray:
    """The panel before the first frame: codes, uint8, (ROWS, COLUMNS)."""
    cells = np.full((ROWS, COLUMNS), ord(" "), np.uint8)
    for index, label in enumerate(labels[:MOST_CLASSES]):
        cells[label_row(index)] = list(cut(label))
    for name, (row, _) in NUMBERS.items():
        cells[row] = list(cut(name))
    return cells


def bar_pixels(best: int, value: int, shift: int) -> int:
    """The length of a class's bar: a full one for the best sum, one less for each ``2^shift``."""
    return max(0, min(BAR, BAR - (best - value >> shift)))


def panel(labels: Sequence[str], shown: Shown, shift: int) -> np.ndarray:
    """The panel of a frame, as :func:`still`.

    ``labels`` are those of the classes, and last the one for none where that is no class.
    """
    cells = still(labels[: len(shown.sums)])
    known = labels[shown.winner] if shown.winner < len(labels) else "?"
    cells[ANSWER_ROW] = list(cut(known))
    for index, value in enumerate(shown.sums[:MOST_CLASSES]):
        row = font.bar(bar_pixels(shown.best, value, shift)).ljust(COLUMNS, b" ")
        mark = MARK if index == shown.winner else 0
        cells[label_row(index) + 1] = [code | mark for code in row]
    values = zip(NUMBERS.items(), (shown.number, shown.rate, shown.cycles), strict=True)
    for (_, (row, digits)), value in values:
        text = str(value % 10**digits).rjust(digits)
        cells[row, COLUMNS - digits :] = list(text.encode())
    return cells


def dithered(picture: np.ndarray) -> np.ndarray:
    """Eight levels of each colour: three bits, so that a picture takes half the block RAM.

    Ordered dithering with Bayer's matrix of 4 × 4 thresholds (B. E. Bayer, 1973): a level is the
    nearest one below or above, above in as many of 16 pixels as the value is nearer to it.

    Parameters
    ----------
    picture
        uint8, (height, width, 3).

    Returns
    -------
    uint8, as ``picture``, 0 to 7.
    """
    y, x = np.indices(picture.shape[:2])
    order = ((x ^ y) & 1) << 3 | (y & 1) << 2 | ((x ^ y) & 2) | (y & 2) >> 1  # 0 to 15
    scaled = picture - (picture >> 3)  # 0 to 224: 32 a level
    return (scaled.astype(np.int64) + (2 * order + 1)[..., None] >> 5).astype(np.uint8)


def screen(cells: np.ndarray, picture: np.ndarray | None = None) -> np.ndarray:
    """All pixels: uint8, (HEIGHT, WIDTH, 3).

    Parameters
    ----------
    cells
        The panel's codes.
    picture
        What the network saw, uint8, (height, width, 3), at most ``LARGEST`` each; shown as
        :func:`dithered` has it.
    """
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    glyphs = font.glyphs()[cells & ~np.uint8(MARK)]
    dots = glyphs.transpose(0, 2, 1, 3).reshape(ROWS * font.HEIGHT, COLUMNS * font.WIDTH)
    marked = (cells & MARK).astype(bool)
    marked = marked.repeat(font.HEIGHT, axis=0).repeat(font.WIDTH, axis=1)
    right = np.where(marked[..., None], MARKED, INK) * dots[..., None]
    image[:, PANEL_LEFT:] = right
    if picture is not None:
        levels = dithered(picture)
        shown = levels << 5 | levels << 2 | levels >> 1
        large = shown.repeat(ZOOM, axis=0).repeat(ZOOM, axis=1)
        height, width = large.shape[:2]
        image[PICTURE_TOP : PICTURE_TOP + height, PICTURE_LEFT : PICTURE_LEFT + width] = large
    return image
