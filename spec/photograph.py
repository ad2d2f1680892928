"""A photograph as the network sees it: the one rule of training, calibration, host and proof.

Pillow's images are handed in and only their methods are used, so that ``spec`` needs no Pillow.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

_ORIENTATION = 0x0112
"""EXIF tag: how the camera was held."""

_UPRIGHT = {2: (0,), 3: (3,), 4: (1,), 5: (5,), 6: (4,), 7: (6,), 8: (2,)}
"""``Image.transpose`` methods, by number, that set an image upright, by EXIF orientation."""

_BILINEAR = 2
"""``Image.Resampling.BILINEAR``: antialiased where it makes an image smaller."""


@dataclass(frozen=True, slots=True)
class Framing:
    """What of a photograph a network sees: its shorter side resized, then a square of the centre.

    Parameters
    ----------
    side
        Of the square, in pixels.
    shorter
        What the photograph's shorter side is resized to, at least ``side``; 0 stands for ``side``
        itself. Networks for ImageNet usually learned 256, then 224.
    """

    side: int
    shorter: int = 0

    def __post_init__(self):
        if self.side < 1:
            raise ValueError(f"the side of a square must be at least 1, not {self.side}")
        if self.shorter == 0:
            object.__setattr__(self, "shorter", self.side)
        if self.shorter < self.side:
            raise ValueError(
                f"the shorter side of a photograph must be at least the network's {self.side} "
                f"pixels, not {self.shorter}"
            )


def square(image: Any, size: int | Framing) -> np.ndarray:
    """The centre of a photograph.

    The EXIF rotation is applied, transparency laid over black, the shorter side resized (bilinear,
    antialiased), the centre cropped. An opaque upright RGB image of the size wanted comes through
    unchanged.

    Parameters
    ----------
    image
        A ``PIL.Image.Image``.
    size
        Side of the result, in pixels, to which the shorter side is resized; or another framing.

    Returns
    -------
    numpy.ndarray
        uint8, (side, side, 3), RGB.
    """
    framing = size if isinstance(size, Framing) else Framing(size)
    for method in _UPRIGHT.get(image.getexif().get(_ORIENTATION, 1), ()):
        image = image.transpose(method)
    if image.mode.startswith("I"):  # 16-bit greyscale, which a plain conversion would clip at 255
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    opaque = image.convert("RGB")
    if image.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        opaque = image.convert("RGB").point([0] * 256 * 3)
        opaque.paste(image.convert("RGB"), mask=image.getchannel("A"))
    side, shorter = framing.side, framing.shorter
    if min(opaque.size) != shorter:
        ratio = shorter / min(opaque.size)
        wide = [max(shorter, round(length * ratio)) for length in opaque.size]
        opaque = opaque.resize(wide, _BILINEAR)
    left, top = ((length - side) // 2 for length in opaque.size)
    return np.asarray(opaque.crop((left, top, left + side, top + side)))
