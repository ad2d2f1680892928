"""A photograph as the network sees it: the one rule of training, calibration, host and proof.

Pillow's images are handed in and only their methods are used, so that ``spec`` needs no Pillow.
Files are opened in :mod:`photo.files`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

_ORIENTATION = 0x0112
"""EXIF tag: how the camera was held."""

_UPRIGHT = {2: (0,), 3: (3,), 4: (1,), 5: (5,), 6: (4,), 7: (6,), 8: (2,)}
"""``Image.transpose`` methods, by number, that set an image upright, by EXIF orientation."""

_ON_ITS_SIDE = (5, 6, 7, 8)
"""EXIF orientations that exchange width and height."""

_BILINEAR = 2
"""``Image.Resampling.BILINEAR``: antialiased where it makes an image smaller."""

_LONGEST = 8
"""Sides of the centre square that are looked at; what is farther out has no part in the result."""

_SIXTEEN_BITS = ("PNG", "PPM")
"""Formats whose 32-bit grey, in Pillow, is grey of 16 bits and spans 0…65535."""

_DARKEST = 4096
"""A 16-bit photograph with no value from here on was made of fewer bits, and would be black."""

_COLOURS = {"RGB": "RGB", "RGBA": "RGB", "LA": "L"}
"""Modes that Pillow also gives 16 bits a colour in, of which it keeps the upper eight."""

_PHOTOMETRIC, _SAMPLE_FORMAT = 262, 339
"""TIFF tags: 0 in the first is grey whose 0 is white, 2 in the second signed integers."""


class RangeError(ValueError):
    """Pixels whose black and white are not known; the message says the way out."""


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
    unchanged. Of a strip longer than eight squares only the middle eight are
    resized, so that memory does not grow with its length.

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

    Raises
    ------
    RangeError
        If it is of floats, of 32-bit or of signed integers, whose black and white the file does
        not say, or of 16 bits a colour of which it leaves the upper four unused.
    """
    framing = size if isinstance(size, Framing) else Framing(size)
    image = _upright(image)
    if max(image.size) > _LONGEST * min(image.size):
        spans = [min(length, _LONGEST * min(image.size)) for length in image.size]
        image = _centre(image, *spans)
    opaque = _opaque(image)
    if min(opaque.size) != framing.shorter:
        ratio = framing.shorter / min(opaque.size)
        wide = [max(framing.shorter, round(length * ratio)) for length in opaque.size]
        opaque = opaque.resize(wide, _BILINEAR)
    return np.asarray(_centre(opaque, framing.side, framing.side))


def whole(image: Any) -> np.ndarray:
    """All of a photograph, upright and opaque as in :func:`square`, at its own size.

    Parameters
    ----------
    image
        A ``PIL.Image.Image``.

    Returns
    -------
    numpy.ndarray
        uint8, (height, width, 3), RGB.

    Raises
    ------
    RangeError
        As :func:`square`.
    """
    return np.asarray(_opaque(_upright(image)))


def upright_size(image: Any) -> tuple[int, int]:
    """Width and height in pixels of a ``PIL.Image.Image`` that is held upright.

    Its pixels are decoded, and whatever the decoder raises at damaged ones is let through.
    """
    image.load()
    width, height = image.size
    return (height, width) if _orientation(image) in _ON_ITS_SIDE else (width, height)


def _upright(image: Any) -> Any:
    # As the file has them: Pillow forgets it when it loads the pixels.
    sixteen = any(map(_of_sixteen_bits, getattr(image, "tile", ())))
    image.load()  # which sets a TIFF upright, and no other format
    methods = _UPRIGHT.get(_orientation(image), ())
    image = _eight_bits(image)
    if sixteen and image.mode in _COLOURS:
        bands = [image.getchannel(band).getextrema()[1] for band in _COLOURS[image.mode]]
        _refuse_dark(max(bands) << 8 | 255, "colour")
    for method in methods:
        image = image.transpose(method)
    return image


def _of_sixteen_bits(tile: tuple) -> bool:
    """Whether a part of a file has 16 bits a colour: by its decoder, or what that is told."""
    decoder, *_, told = tile
    if decoder.startswith("ppm"):
        return 65535 in told  # the largest value
    return decoder == "SGI16" or ";16" in str(told)


def _opaque(image: Any) -> Any:
    opaque = image.convert("RGB")
    if image.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        opaque = image.convert("RGB").point([0] * 256 * 3)
        opaque.paste(image.convert("RGB"), mask=image.getchannel("A"))
    return opaque


def _centre(image: Any, width: int, height: int) -> Any:
    left, top = (image.size[0] - width) // 2, (image.size[1] - height) // 2
    return image.crop((left, top, left + width, top + height))


def _orientation(image: Any) -> object:
    """What EXIF says; upright where its block is none that can be read, as viewers have it."""
    try:
        return image.getexif().get(_ORIENTATION, 1)
    except Exception:  # whatever a parser makes of foreign bytes
        return 1


def _eight_bits(image: Any) -> Any:
    """An image of a mode whose values span 0…255."""
    tags = getattr(image, "tag_v2", {})
    kind = ""
    if image.mode == "F":
        kind = "floats"
    elif image.mode == "I" and image.format not in _SIXTEEN_BITS:
        kind = "32-bit integers"
    elif 2 in tags.get(_SAMPLE_FORMAT, ()) or (image.format == "FITS" and image.mode != "L"):
        kind = "signed integers"
    if kind:
        raise RangeError(
            f"pixels are {kind}, whose black and white the file does not say; "
            "save it with 8 bits a colour"
        )
    if not image.mode.startswith("I"):
        return image
    grey = image.convert("I")
    _refuse_dark(grey.getextrema()[1], "grey")
    grey.info.pop("transparency", None)  # one grey of 65536
    grey = grey.point(lambda value: value * (1 / 256)).convert("L")
    # Pillow turns grey of 8 bits over by itself, and that of 16 not.
    return grey.point(range(255, -1, -1)) if tags.get(_PHOTOMETRIC) == 0 else grey


def _refuse_dark(high: int, kind: str) -> None:
    """``high`` is the greatest of an image's 16-bit values."""
    if 0 < high < _DARKEST:
        raise RangeError(
            f"16-bit {kind} of which only 0…{high} is used would be black; "
            "stretch it to 0…65535, or save it with 8 bits"
        )
