"""A camera's bytes, and what a network sees of them."""

from dataclasses import replace

import numpy as np
import pytest

from spec.camera import Crop, Encoding, Sensor, before, decode, seen, taken, through


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def sensors(**size: int):
    return [
        Sensor(encoding=encoding, swapped=swapped, **size)
        for encoding in Encoding
        for swapped in (False, True)
    ]


@pytest.mark.parametrize(
    ("word", "colour"),
    [
        (0xF800, (255, 0, 0)),
        (0x07E0, (0, 255, 0)),
        (0x001F, (0, 0, 255)),
        (0x8410, (132, 130, 132)),
        (0x0821, (8, 4, 8)),
    ],
)
def test_the_bits_of_rgb565(word, colour):
    high, low = word >> 8, word & 255
    sensor = Sensor(height=1, width=2, encoding=Encoding.RGB565)
    data = np.array([[high, low, high, low]], np.uint8)
    assert decode(data, sensor).tolist() == [[list(colour)] * 2]
    swapped = replace(sensor, swapped=True)
    assert decode(data[:, [1, 0, 3, 2]], swapped).tolist() == [[list(colour)] * 2]


def test_yuv422_is_bt601_to_a_rounding():
    data = noise(8, 64)
    got = decode(data, Sensor(height=8, width=32, encoding=Encoding.YUV422)).astype(float)
    y = data[:, 0::2].astype(float)
    u = np.repeat(data[:, 1::4], 2, axis=1) - 128.0
    v = np.repeat(data[:, 3::4], 2, axis=1) - 128.0
    exact = np.stack([y + 1.402 * v, y - 0.344136 * u - 0.714136 * v, y + 1.772 * u], axis=-1)
    assert np.abs(got - exact.clip(0, 255)).max() < 1


@pytest.mark.parametrize("sensor", sensors(height=6, width=10))
def test_the_order_of_bytes_is_undone(sensor):
    plain = Sensor(height=6, width=10, encoding=sensor.encoding)
    picture = noise(6, 10, 3)
    assert np.array_equal(
        decode(taken(picture, sensor), sensor), decode(taken(picture, plain), plain)
    )


@pytest.mark.parametrize("encoding", Encoding)
def test_a_picture_comes_back_but_for_the_bits_that_are_not_sent(encoding):
    sensor = Sensor(height=4, width=64, encoding=encoding)
    picture = noise(4, 32, 3).repeat(2, axis=1)  # no colour changes within a pair
    error = decode(taken(picture, sensor), sensor).astype(int) - picture
    assert np.abs(error).max() <= (7 if encoding is Encoding.RGB565 else 3)
    if encoding is Encoding.RGB565:
        assert np.array_equal(decode(taken(picture, sensor), sensor) >> 3, picture >> 3)


def test_the_crops_of_vga_are_those_of_the_design():
    vga = Sensor()
    assert Crop.of(vga, 224, 224) == Crop(top=16, left=96, height=224, width=224, scale=2)
    assert Crop.of(vga, 120, 160).scale == 4
    assert Crop.of(vga, 121, 160).scale == 2
    assert Crop.of(vga, 480, 640) == Crop(top=0, left=0, height=480, width=640, scale=1)
    with pytest.raises(ValueError, match="640 × 480 has no picture of 481 × 481"):
        Crop.of(vga, 481, 481)


@pytest.mark.parametrize(("height", "width", "scale"), [(4, 6, 4), (8, 8, 2), (16, 24, 1)])
@pytest.mark.parametrize("sensor", sensors(height=17, width=26))
def test_the_mean_of_squares_is_rounded_half_up(sensor, height, width, scale):
    data = noise(17, 52)
    colours = decode(data, sensor)
    got = seen(data, sensor, height, width)
    top, left = (17 - scale * height) // 2, (26 - scale * width) // 2
    for row in range(height):
        for column in range(width):
            y, x = top + scale * row, left + scale * column
            square = colours[y : y + scale, x : x + scale].reshape(-1, 3)
            mean = np.floor(square.mean(axis=0) + 0.5)
            assert got[row, column].tolist() == mean.tolist()


@pytest.mark.parametrize("size", [(8, 8), (16, 24), (4, 5)])
def test_what_is_before_a_sensor_is_what_the_network_sees(size):
    pixels = noise(*size, 3) & [0xF8, 0xFC, 0xF8]
    pixels |= pixels >> [5, 6, 5]
    sensor = Sensor(height=17, width=26, encoding=Encoding.RGB565)
    assert np.array_equal(seen(taken(before(pixels, sensor), sensor), sensor, *size), pixels)
    assert np.array_equal(through(pixels, Encoding.RGB565), pixels)


def test_a_frame_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"480 lines of 1280 bytes, not \(480, 1278\)"):
        seen(np.zeros((480, 1278), np.uint8), Sensor(), 224, 224)
    with pytest.raises(ValueError, match="even number of pixels, not 7 × 4"):
        Sensor(height=4, width=7)
