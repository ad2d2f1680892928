"""A photograph as the network sees it: the one rule of training, calibration, host and proof.

Pillow's images are handed in and only their methods are used, so that ``spec`` needs no Pillow.
"""

from typing import Any

import numpy as np

_ORIENTATION = 0x0112
"""EXIF tag: how the camera was held."""

_UPRIGHT = {2: (0,), 3: (3,), 4: (1,), 5: (5,), 6: (4,), 7: (6,), 8: (2,)}
"""``Image.transpose`` methods, by number, that set an image upright, by EXIF orientation."""

_BILINEAR = 2
"""``Image.Resampling.BILINEAR``: antialiased where it makes an image smaller."""


def square(image: Any, size: int) -> np.ndarray:
    """The centre of a photograph.

    The EXIF rotation is applied, transparency laid over black, the shorter side resized to
    ``size`` (bilinear, antialiased), the centre cropped. An opaque upright RGB image of that size
    comes through unchanged.

    Parameters
    ----------
    image
        A ``PIL.Image.Image``.
    size
        Side of the result, in pixels.

    Returns
    -------
    numpy.ndarray
        uint8, (size, size, 3), RGB.
    """
    for method in _UPRIGHT.get(image.getexif().get(_ORIENTATION, 1), ()):
        image = image.transpose(method)
    if image.mode.startswith("I"):  # 16-bit greyscale, which a plain conversion would clip at 255
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    opaque = image.convert("RGB")
    if image.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        opaque = image.convert("RGB").point([0] * 256 * 3)
        opaque.paste(image.convert("RGB"), mask=image.getchannel("A"))
    if opaque.size != (size, size):
        ratio = size / min(opaque.size)
        wide = [max(size, round(length * ratio)) for length in opaque.size]
        opaque = opaque.resize(wide, _BILINEAR)
        left, top = ((length - size) // 2 for length in opaque.size)
        opaque = opaque.crop((left, top, left + size, top + size))
    return np.asarray(opaque)
