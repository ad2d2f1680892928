"""What the network sees of a photograph."""

import io

import numpy as np
import pytest
from PIL import Image

from spec.photograph import Framing, square


def noise(height: int, width: int, channels: int = 3) -> np.ndarray:
    shape = (height, width, channels)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def test_an_image_of_the_size_is_unchanged():
    pixels = noise(16, 16)
    assert np.array_equal(square(Image.fromarray(pixels), 16), pixels)


@pytest.mark.parametrize(("height", "width"), [(16, 40), (40, 16)])
def test_the_centre_is_kept(height, width):
    pixels = noise(height, width)
    top, left = (height - 16) // 2, (width - 16) // 2
    centre = pixels[top : top + 16, left : left + 16]
    assert np.array_equal(square(Image.fromarray(pixels), 16), centre)


@pytest.mark.parametrize("shape", [(5, 7), (7, 5), (100, 31), (17, 16), (1, 1)])
def test_every_size_comes_out_square(shape):
    image = Image.new("RGB", shape, (10, 200, 30))
    assert (square(image, 16) == (10, 200, 30)).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_cameras_are_held_upright(orientation):
    upright = np.zeros((16, 16, 3), np.uint8)
    upright[:8, :8] = 255  # a white upper left corner, a grey upper right one
    upright[:8, 8:] = 128
    turned = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright),
        7: upright.transpose(1, 0, 2)[::-1, ::-1],
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(turned)).save(file, "PNG", exif=exif)
    assert np.array_equal(square(Image.open(file), 16), upright)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_lies_over_black(mode):
    image = Image.new("RGBA", (16, 16), (200, 200, 200, 255)).convert(mode)
    alpha = Image.new("L", (16, 16), 255)
    alpha.paste(0, (0, 0, 8, 16))
    image.putalpha(alpha)
    result = square(image, 16)
    assert (result[:, :8] == 0).all() and (result[:, 8:] == 200).all()


@pytest.mark.parametrize("mode", ["L", "P", "1", "CMYK", "YCbCr", "HSV", "F"])
def test_other_modes_become_rgb(mode):
    result = square(Image.fromarray(noise(20, 20)).convert(mode), 16)
    assert result.shape == (16, 16, 3) and result.dtype == np.uint8


def test_sixteen_bit_grey_keeps_its_range():
    grey = np.repeat([[0, 0x4000, 0x8000, 0xFFFF]], 4, axis=0).astype(np.uint16)
    assert square(Image.fromarray(grey), 4)[0, :, 0].tolist() == [0, 0x40, 0x80, 0xFF]


def test_the_shorter_side_may_be_larger_than_the_square():
    pixels = noise(20, 30)
    framed = square(Image.fromarray(pixels), Framing(16, 20))
    assert np.array_equal(framed, pixels[2:18, 7:23])
    large = Image.fromarray(pixels).resize((60, 40), Image.Resampling.BILINEAR)
    expected = np.asarray(large.resize((30, 20), Image.Resampling.BILINEAR))[2:18, 7:23]
    assert np.array_equal(square(large, Framing(16, 20)), expected)
    assert Framing(16) == Framing(16, 16)


@pytest.mark.parametrize("sides", [(0, 0), (16, 15), (16, -1)])
def test_a_framing_must_fit_the_square(sides):
    with pytest.raises(ValueError, match="must be at least"):
        Framing(*sides)
