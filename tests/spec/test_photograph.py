"""What the network sees of a photograph."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from spec.photograph import Framing, RangeError, square


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
@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("PNG", {}),
        ("WEBP", {"lossless": True}),
        ("TIFF", {}),  # Pillow sets it upright itself, when it loads the pixels
        ("TIFF", {"compression": "tiff_lzw"}),
    ],
)
def test_cameras_are_held_upright(orientation, kind, how):
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
    Image.fromarray(np.ascontiguousarray(turned)).save(file, kind, exif=exif, **how)
    assert np.array_equal(square(Image.open(file), 16), upright)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_lies_over_black(mode):
    image = Image.new("RGBA", (16, 16), (200, 200, 200, 255)).convert(mode)
    alpha = Image.new("L", (16, 16), 255)
    alpha.paste(0, (0, 0, 8, 16))
    image.putalpha(alpha)
    result = square(image, 16)
    assert (result[:, :8] == 0).all() and (result[:, 8:] == 200).all()


@pytest.mark.parametrize("mode", ["L", "P", "1", "CMYK", "YCbCr", "HSV"])
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


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.linspace(0, 1, 16, dtype=np.float32), "floats"),
        (np.linspace(0, 255, 16, dtype=np.float32), "floats"),
        (np.arange(0, 256, 16, dtype=np.int32), "32-bit integers"),
        (np.arange(-128, 128, 16, dtype=np.int32), "32-bit integers"),
        (np.arange(0, 256, 16, dtype=np.uint16), "only 0…240 is used"),
        (np.arange(0, 4096, 256, dtype=np.uint16), "only 0…3840 is used"),
    ],
)
def test_an_unknown_range_is_refused_in_every_file(values, message):
    file = io.BytesIO()
    Image.fromarray(values.reshape(4, 4)).save(file, "TIFF")
    with pytest.raises(RangeError, match=message):
        square(Image.open(file), 4)


def tiff(pixels: np.ndarray, *, photometric: int, sample_format: int = 1) -> Image.Image:
    """An uncompressed file of 8 or 16 bits a sample, as no program of ours writes one."""
    height, width, samples = pixels.shape
    bits, place = 8 * pixels.itemsize, 8 + 2 + 12 * 10 + 4
    fields = [
        *((256, 4, 1, width), (257, 4, 1, height)),
        (258, 3, samples, bits if samples == 1 else place),
        *((259, 3, 1, 1), (262, 3, 1, photometric), (273, 4, 1, place + 8), (277, 3, 1, samples)),
        *((278, 4, 1, height), (279, 4, 1, pixels.nbytes), (339, 3, 1, sample_format)),
    ]
    head = b"II*\0" + struct.pack("<LH", 8, len(fields))
    head += b"".join(struct.pack("<HHLL", *entry) for entry in fields) + bytes(4)
    return Image.open(io.BytesIO(head + struct.pack("<4H", *[bits] * 4) + pixels.tobytes()))


@pytest.mark.parametrize("kind", ["<u2", "u1"])
def test_grey_whose_zero_is_white_is_turned_over(kind):
    top = 65535 if kind == "<u2" else 255
    grey = (np.linspace(0, 1, 16).reshape(4, 4, 1) ** 2 * top).astype(kind)
    black, white = (square(tiff(grey, photometric=zero), 4).astype(int) for zero in (1, 0))
    assert black[0, 0, 0] == 0 and black[3, 3, 0] == 255
    assert (black + white == 255).all()


def test_signed_samples_are_of_an_unknown_range():
    with pytest.raises(RangeError, match="signed integers"):
        square(
            tiff(np.arange(-8, 8, dtype="i1").reshape(4, 4, 1), photometric=1, sample_format=2), 4
        )


@pytest.mark.parametrize("top", [255, 1023, 4095, 65535])
def test_sixteen_bits_a_colour_of_which_few_are_used(top):
    """Pillow keeps the upper eight: of ten bits in sixteen, nothing but black."""
    grey = np.linspace(0, top, 16).astype("<u2").reshape(4, 4, 1)
    image = tiff(np.repeat(grey, 3, axis=2), photometric=2)
    if top == 65535:
        assert square(image, 4).max() == 255
    else:
        with pytest.raises(RangeError, match=rf"16-bit colour of which only 0…{top} is used"):
            square(image, 4)


@pytest.mark.parametrize(
    "head",
    [
        b"P6 4 4 65535\n",
        struct.pack(">HBBHHHHll500x", 474, 0, 2, 3, 4, 4, 3, 0, 65535),  # SGI's
    ],
)
def test_other_formats_of_sixteen_bits_a_colour(head):
    for top, dark in ((1000, True), (65535, False)):
        pixels = np.full((3, 4, 4), top, ">u2")
        image = Image.open(io.BytesIO(head[:512] + pixels.tobytes()))
        if dark:
            with pytest.raises(RangeError, match=r"16-bit colour of which only 0…1\d{3} is used"):
                square(image, 4)
        else:
            assert (square(image, 4) == 255).all()


def test_an_astronomer_s_integers_are_signed():
    cards = ("SIMPLE  = T", "BITPIX  = 16", "NAXIS   = 2", "NAXIS1  = 4", "NAXIS2  = 4", "END")
    head = "".join(card.ljust(80) for card in cards).ljust(2880).encode()
    image = Image.open(io.BytesIO(head + np.full((4, 4), 20000, ">i2").tobytes().ljust(2880)))
    with pytest.raises(RangeError, match="signed integers"):
        square(image, 4)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_sixteen_bits_in_a_file_keep_their_range(kind):
    grey = np.repeat([[0, 0x4000, 0x8000, 0xFFFF]], 4, axis=0).astype(np.uint16)
    file = io.BytesIO()
    Image.fromarray(grey).save(file, kind)
    assert square(Image.open(file), 4)[0, :, 0].tolist() == [0, 0x40, 0x80, 0xFF]


def test_a_strip_is_cut_before_it_is_resized(monkeypatch):
    sizes = []
    resize = Image.Image.resize

    def watched(image, size, *more):
        sizes.append(size)
        return resize(image, size, *more)

    monkeypatch.setattr(Image.Image, "resize", watched)
    for shape in ((30000, 1), (1, 30000), (3, 40)):
        image = Image.new("RGB", shape, (10, 200, 30))
        assert (square(image, 16) == (10, 200, 30)).all()
    assert all(max(size) <= 16 * 8 for size in sizes)


@pytest.mark.parametrize("shape", [(300, 40), (40, 300)])
def test_what_is_no_strip_keeps_its_rule(shape):
    pixels = noise(*shape)
    image = Image.fromarray(pixels)
    wide = [max(16, round(length * 16 / 40)) for length in image.size]
    left, top = ((length - 16) // 2 for length in wide)
    expected = image.resize(wide, Image.Resampling.BILINEAR)
    expected = expected.crop((left, top, left + 16, top + 16))
    assert np.array_equal(square(image, 16), np.asarray(expected))


def test_a_broken_exif_block_is_no_rotation():
    class Broken:
        """An image whose EXIF block its decoder cannot read."""

        def __init__(self, image):
            self.image = image

        def __getattr__(self, name):
            return getattr(self.image, name)

        def getexif(self):
            raise SyntaxError("not a TIFF file")

    pixels = noise(16, 16)
    assert np.array_equal(square(Broken(Image.fromarray(pixels)), 16), pixels)
