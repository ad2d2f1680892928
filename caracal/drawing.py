"""Cats drawn by a program, for a first try without a photograph. They say nothing of accuracy."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

Field = np.ndarray
"""Values 0…1, shape (size, size)."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a kind of cat is drawn: colours of fur and of the ground, and its marks."""

    fur: tuple[int, int, int]
    sky: tuple[int, int, int]
    ground: tuple[int, int, int]
    marks: str = ""


_SAVANNA = (190, 200, 205), (185, 160, 95)
LOOKS = {
    "CARACAL": Look((175, 115, 65), *_SAVANNA, "tufts"),
    "CHEETAH": Look((205, 165, 100), *_SAVANNA, "spots"),
    "LION": Look((190, 145, 85), *_SAVANNA, "mane"),
    "PUMA": Look((165, 125, 90), (150, 150, 140), (140, 130, 110)),
    "TIGER": Look((205, 125, 50), (60, 90, 40), (70, 100, 45), "stripes"),
}
_WHITE, _DARK, _BLACK = (235, 228, 215), (60, 45, 40), (20, 16, 14)


class _Canvas:
    """A picture in the making; places and lengths in units of its side."""

    def __init__(self, size: int, rng: np.random.Generator):
        self.size, self.rng = size, rng
        y, x = np.mgrid[0:size, 0:size] / size
        scale, tilt = rng.uniform(0.9, 1.15), rng.uniform(-0.08, 0.08)
        u, v = (x - 0.5 + rng.uniform(-0.06, 0.06)) / scale, (y - 0.5) / scale
        self.x = 0.5 + u * np.cos(tilt) + v * np.sin(tilt)
        self.y = 0.5 - u * np.sin(tilt) + v * np.cos(tilt) + rng.uniform(-0.03, 0.03)
        self.down = y
        self.pixels = np.zeros((size, size, 3))

    def noise(self, grain: float) -> Field:
        """Smooth noise; ``grain`` is in 224ths of the side."""
        cells = max(2, int(224 / grain) + 2)
        coarse = Image.fromarray(self.rng.integers(0, 256, (cells, cells), np.uint8))
        return np.asarray(coarse.resize((self.size, self.size), Image.Resampling.BICUBIC)) / 255

    def texture(self, colour: tuple[int, int, int], depth: float, *grains: float) -> np.ndarray:
        rough = sum(self.noise(grain) for grain in grains) / len(grains) - 0.5
        return np.clip(np.array(colour) * (1 + depth * rough[..., None]), 0, 255)

    def ellipse(self, x, y, width, height, tilt=0.0) -> Field:
        """0 at the centre, 1 on the edge."""
        c, s = np.cos(tilt), np.sin(tilt)
        u, v = (self.x - x) * c + (self.y - y) * s, (self.y - y) * c - (self.x - x) * s
        return (u / width) ** 2 + (v / height) ** 2

    def paint(self, where: Field, colour) -> None:
        where = np.clip(where, 0, 1)[..., None]
        self.pixels = self.pixels * (1 - where) + np.asarray(colour) * where

    def fill(self, colour, *place: float) -> None:
        """Paint an ellipse with a soft edge."""
        self.paint((1 - self.ellipse(*place)) / 0.1, colour)


def _marked(canvas: _Canvas, look: Look) -> np.ndarray:
    fur = canvas.texture(look.fur, 0.24, 2, 4, 12, 50)
    if look.marks == "stripes":
        bend = canvas.noise(18) + 0.5 * canvas.noise(9)
        where = (np.sin(30 * canvas.x + 9 * bend + 4 * canvas.y) - 0.35) * 3
    elif look.marks == "spots":
        places = canvas.rng.uniform((0, 0, 0.010), (1, 1, 0.016), (600, 3))
        where = np.zeros_like(canvas.x)
        for x, y, radius in places:
            where = np.maximum(where, (1 - canvas.ellipse(x, y, radius, 0.9 * radius)) * 2.5)
    else:
        return fur
    where = np.clip(where, 0, 1)[..., None]
    return fur * (1 - where) + np.array(_BLACK) * where


def picture(kind: str, *, size: int = 224, seed: int = 0) -> np.ndarray:
    """A drawn cat, uint8, (size, size, 3), RGB; ``kind`` is one of :data:`LOOKS`."""
    look = LOOKS[kind]
    canvas = _Canvas(size, np.random.default_rng([seed, list(LOOKS).index(kind)]))
    horizon = np.clip((canvas.down - 0.35) * 6, 0, 1)
    canvas.paint(np.ones_like(horizon), canvas.texture(look.sky, 0.7, 3, 6, 20))
    canvas.paint(horizon, canvas.texture(look.ground, 0.7, 3, 6, 20))
    fur = _marked(canvas, look)
    canvas.fill(fur * (1.15 - 0.5 * canvas.down)[..., None], 0.55, 0.75, 0.5, 0.36)
    if look.marks == "mane":
        canvas.fill(canvas.texture((95, 60, 30), 0.6, 2, 4, 12), 0.5, 0.45, 0.40, 0.44)
    for side in (-1, 1):
        if look.marks == "tufts":
            canvas.fill((45, 35, 32), 0.5 + side * 0.22, 0.12, 0.055, 0.16, side * 0.25)
            canvas.fill(_BLACK, 0.5 + side * 0.26, 0.0, 0.012, 0.08, side * 0.3)
        else:
            canvas.fill(fur * 0.8, 0.5 + side * 0.17, 0.22, 0.075, 0.08)
            canvas.fill(_DARK, 0.5 + side * 0.17, 0.23, 0.045, 0.05)
    canvas.fill(fur * 1.05, 0.5, 0.42, 0.25, 0.27)
    canvas.fill(canvas.texture(_WHITE, 0.3, 4), 0.5, 0.58, 0.15, 0.11)
    for side in (-1, 1):
        eye = 0.5 + side * 0.1
        canvas.fill(_WHITE, 0.5 + side * 0.11, 0.35, 0.06, 0.035)
        canvas.fill(_BLACK, eye, 0.39, 0.042, 0.026, side * 0.25)
        canvas.fill((190, 150, 50), eye, 0.39, 0.03, 0.02)
        canvas.fill(_BLACK, eye, 0.39, 0.012, 0.012)
        if look.marks == "spots":  # a cheetah's tears
            canvas.fill(_BLACK, 0.5 + side * 0.075, 0.49, 0.013, 0.10, -side * 0.25)
    canvas.fill((120, 70, 65), 0.5, 0.52, 0.045, 0.03)
    canvas.fill(_DARK, 0.5, 0.58, 0.006, 0.05)
    canvas.fill(_DARK, 0.5, 0.63, 0.07, 0.012)
    return np.clip(canvas.pixels, 0, 255).astype(np.uint8)


def draw(
    folder: str | Path,
    kinds: tuple[str, ...] = ("CHEETAH", "TIGER"),
    *,
    each: int = 12,
    size: int = 224,
    seed: int = 0,
) -> Path:
    """Draw class folders of cats, as ``train`` takes them: to try things out, not to learn cats.

    Parameters
    ----------
    folder
        Gets a folder for each of ``kinds``.
    kinds
        Of ``CARACAL``, ``CHEETAH``, ``LION``, ``PUMA``, ``TIGER``.
    each
        Pictures of a kind.
    size
        Their side, in pixels.
    seed
        Another seed draws others.

    Returns
    -------
    Path
        ``folder``.

    Examples
    --------
    >>> import caracal
    >>> photographs = caracal.draw("photographs", each=16, size=48)
    >>> sorted(path.name for path in photographs.iterdir())
    ['CHEETAH', 'TIGER']
    """
    folder = Path(folder)
    for kind in kinds:
        if kind not in LOOKS:
            raise ValueError(f"a kind must be one of {', '.join(LOOKS)}, not {kind}")
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for number in range(each):
            made = Image.fromarray(picture(kind, size=size, seed=seed * each + number))
            made.save(folder / kind / f"{number:03}.png")
    return folder
