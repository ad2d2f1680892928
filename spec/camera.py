"""What the network sees of a camera's bytes, in integers: the reference of :mod:`hw.camera`.

A sensor sends two bytes a pixel, line after line. They are decoded to eight bits a colour, a
rectangle of the middle is cut out, and squares of 1, 2 × 2 or 4 × 4 pixels become one by their
mean. The other way round, :func:`taken` gives the bytes that a sensor sends of a picture, so that
training and evaluation can see theirs through a camera's eye (:func:`through`).
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np

SCALES = (4, 2, 1)
"""Sides of the squares that become a pixel, the largest first."""


class Encoding(Enum):
    """How a sensor writes colours, two bytes a pixel."""

    RGB565 = "rgb565"
    """Red in the upper five bits, green in the next six, blue in the last five."""
    YUV422 = "yuv422"
    """A byte of luminance a pixel; of two pixels, blue's difference with the first and red's with
    the second (BT.601 with 0…255 for all three)."""


USUAL = Encoding.YUV422
"""The one that costs no accuracy, see docs/camera.md."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """A picture of a camera: its size, and how it is sent.

    Parameters
    ----------
    height, width
        Lines, and pixels of a line, which are even.
    encoding
        Of colours.
    swapped
        The two bytes of a pixel change places. Otherwise the first one has red, or luminance.
    """

    height: int = 480
    width: int = 640
    encoding: Encoding = USUAL
    swapped: bool = False

    def __post_init__(self):
        if self.height < 1 or self.width < 2 or self.width % 2:
            raise ValueError(
                f"a sensor must have lines of an even number of pixels, not {self.width} × "
                f"{self.height}"
            )

    @property
    def line_bytes(self) -> int:
        return 2 * self.width


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """What of a sensor's picture a network sees.

    Parameters
    ----------
    top, left
        The first line and the first pixel of it, counted from 0.
    height, width
        Of the network's picture.
    scale
        Side of the squares, of :data:`SCALES`, that become one of its pixels.
    """

    top: int
    left: int
    height: int
    width: int
    scale: int

    @classmethod
    def of(cls, sensor: Sensor, height: int, width: int) -> "Crop":
        """The largest one in the middle of the sensor.

        Raises
        ------
        ValueError
            If the network's picture has more lines or columns than the sensor's.
        """
        for scale in SCALES:
            spare = sensor.height - scale * height, sensor.width - scale * width
            if min(spare) >= 0:
                top, left = spare[0] // 2, spare[1] // 2
                return cls(top=top, left=left, height=height, width=width, scale=scale)
        raise ValueError(
            f"a camera of {sensor.width} × {sensor.height} has no picture of "
            f"{width} × {height} for a network"
        )


def decode(data: np.ndarray, sensor: Sensor) -> np.ndarray:
    """The colours of a sensor's bytes.

    Parameters
    ----------
    data
        uint8, shape (lines, ``sensor.line_bytes``).

    Returns
    -------
    numpy.ndarray
        uint8, shape (lines, width, 3): red, green, blue. Five bits b become ``b·8 + b/4``, six
        ``b·4 + b/16``, so that the brightest is 255. Of luminance and differences, in 256ths:
        ``R = Y + 359 v``, ``G = Y − 88 u − 183 v``, ``B = Y + 454 u``, rounded half up, clipped.
    """
    pairs = data.reshape(len(data), -1, 2).astype(np.int32)
    first, second = (pairs[..., 1], pairs[..., 0]) if sensor.swapped else np.moveaxis(pairs, -1, 0)
    if sensor.encoding is Encoding.RGB565:
        red, blue = first >> 3, second & 31
        green = (first & 7) << 3 | second >> 5
        colours = red << 3 | red >> 2, green << 2 | green >> 4, blue << 3 | blue >> 2
        return np.stack(colours, axis=-1).astype(np.uint8)
    u = np.repeat(second[:, 0::2], 2, axis=1) - 128
    v = np.repeat(second[:, 1::2], 2, axis=1) - 128
    changes = (359 * v, -88 * u - 183 * v, 454 * u)
    colours = [first + (change + 128 >> 8) for change in changes]
    return np.clip(np.stack(colours, axis=-1), 0, 255).astype(np.uint8)


def seen(data: np.ndarray, sensor: Sensor, height: int, width: int) -> np.ndarray:
    """What a network of ``height`` × ``width`` pixels sees of a frame.

    Parameters
    ----------
    data
        uint8, shape (``sensor.height``, ``sensor.line_bytes``).

    Returns
    -------
    numpy.ndarray
        uint8, shape (height, width, 3): means of squares, rounded half up.

    Raises
    ------
    ValueError
        If the frame is not the sensor's, or as :meth:`Crop.of`.
    """
    if data.shape != (sensor.height, sensor.line_bytes):
        raise ValueError(
            f"a frame must have {sensor.height} lines of {sensor.line_bytes} bytes, "
            f"not {data.shape}"
        )
    crop = Crop.of(sensor, height, width)
    lines = slice(crop.top, crop.top + crop.scale * height)
    columns = slice(crop.left, crop.left + crop.scale * width)
    part = decode(data, sensor)[lines, columns].astype(np.int32)
    sums = part.reshape(height, crop.scale, width, crop.scale, 3).sum(axis=(1, 3))
    area = crop.scale**2
    return ((sums + area // 2) // area).astype(np.uint8)


def taken(picture: np.ndarray, sensor: Sensor) -> np.ndarray:
    """The bytes that a sensor sends of a picture.

    Parameters
    ----------
    picture
        uint8, shape (``sensor.height``, ``sensor.width``, 3).

    Returns
    -------
    numpy.ndarray
        uint8, shape (``sensor.height``, ``sensor.line_bytes``). RGB565 cuts bits off; YUV422 has
        the mean of two pixels' differences. A chip's own rounding is not published.
    """
    red, green, blue = np.moveaxis(picture.astype(np.int32), -1, 0)
    if sensor.encoding is Encoding.RGB565:
        first, second = (red & 0xF8) | green >> 5, (green << 3 & 0xE0) | blue >> 3
    else:
        first = 77 * red + 150 * green + 29 * blue + 128 >> 8
        u = -43 * red - 85 * green + 128 * blue
        v = 128 * red - 107 * green - 21 * blue
        second = np.empty_like(first)
        for place, difference in enumerate((u, v)):
            both = difference[:, 0::2] + difference[:, 1::2]
            second[:, place::2] = np.clip((both + 256 >> 9) + 128, 0, 255)
    pairs = (second, first) if sensor.swapped else (first, second)
    return np.stack(pairs, axis=-1).astype(np.uint8).reshape(sensor.height, -1)


def before(pixels: np.ndarray, sensor: Sensor) -> np.ndarray:
    """A picture for a sensor of which a network sees the pixels given, but for their encoding.

    Each pixel becomes a square, so no detail comes or goes; around them is black.

    Parameters
    ----------
    pixels
        uint8, shape (height, width, 3), of the network.

    Returns
    -------
    numpy.ndarray
        uint8, shape (``sensor.height``, ``sensor.width``, 3).
    """
    height, width, _ = pixels.shape
    crop = Crop.of(sensor, height, width)
    picture = np.zeros((sensor.height, sensor.width, 3), np.uint8)
    lines = slice(crop.top, crop.top + crop.scale * height)
    columns = slice(crop.left, crop.left + crop.scale * width)
    picture[lines, columns] = pixels.repeat(crop.scale, axis=0).repeat(crop.scale, axis=1)
    return picture


def through(pixels: np.ndarray, encoding: Encoding = USUAL) -> np.ndarray:
    """A network's picture after its way through a camera just large enough; shape and type stay."""
    height, width, _ = pixels.shape
    sensor = Sensor(height=2 * height, width=2 * width, encoding=encoding)
    return seen(taken(before(pixels, sensor), sensor), sensor, height, width)
