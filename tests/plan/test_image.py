"""The network image: comes back as it went, and nothing else does."""

import struct
import zlib

import pytest

from plan.image import MAGIC, VERSION, Image, ImageError, Memory

ENGINE = bytes(range(8))
MEMORIES = {
    "shell": Memory(number=0, bits=32, depth=3),
    "program": Memory(number=2, bits=70, depth=2),
    "params": Memory(number=3, bits=1, depth=9),
}
CONTENTS = {"shell": (1, 2**32 - 1), "program": (2**70 - 1, 5), "params": (1, 0, 1)}


@pytest.fixture(scope="module")
def data():
    return Image(engine=ENGINE, contents=CONTENTS).pack(MEMORIES)


def read(data, engine=ENGINE, memories=MEMORIES):
    return Image.unpack(data, engine, memories)


def sealed(data):
    """The same bytes with a CRC that is right."""
    return data[:-4] + struct.pack("<I", zlib.crc32(data[:-4]))


def test_an_image_comes_back(data):
    assert read(data).contents == CONTENTS
    assert data.startswith(MAGIC)
    assert len(data) == 4 * (14 + 2 + 2 + 2 + 6 + 2 + 3 + 1)


def test_words_lie_in_order_little_endian(data):
    words = struct.unpack(f"<{len(data) // 4}I", data)
    assert words[2:4] == (VERSION, len(words))
    assert words[14:18] == (1 << 16, 2, 1, 2**32 - 1)
    assert words[18:26] == (3 << 16 | 2, 2, 2**32 - 1, 2**32 - 1, 63, 5, 0, 0)


def test_every_beginning_is_refused(data):
    for length in range(len(data)):
        with pytest.raises(ImageError, match="cut off" if length else "no network image"):
            read(data[:length])


def test_every_flipped_bit_is_refused(data):
    for place in range(len(data)):
        for bit in range(8):
            wrong = bytearray(data)
            wrong[place] ^= 1 << bit
            with pytest.raises(ImageError):
                read(bytes(wrong))


def test_every_flipped_byte_under_a_right_crc_is_refused(data):
    for place in range(len(data) - 4):
        wrong = bytearray(data)
        wrong[place] ^= 0xFF
        with pytest.raises(ImageError):
            read(sealed(bytes(wrong)))


def test_bytes_after_the_end_are_refused(data):
    with pytest.raises(ImageError, match=f"{len(data) + 1} bytes, where its header says"):
        read(data + b"\0")


def test_what_is_no_image_of_this_kind_is_named(data):
    with pytest.raises(ImageError, match="no network image"):
        read(b"\x08\x07ONNX file")
    with pytest.raises(ImageError, match="version 2, where 1 is"):
        read(data[:8] + struct.pack("<I", 2) + data[12:])
    with pytest.raises(ImageError, match="another engine, 0001020304050607"):
        read(data, engine=bytes(8))


def test_too_large_is_refused_with_both_numbers(data):
    small = MEMORIES | {"params": Memory(number=3, bits=1, depth=2)}
    with pytest.raises(ImageError, match="3 words of params, where this engine has 2"):
        read(data, memories=small)
    with pytest.raises(ImageError, match="3 words of params, where this engine has 2"):
        Image(engine=ENGINE, contents=CONTENTS).pack(small)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"number": 4}, "memory 3, 1 words each, where params is memory 4"),
        ({"bits": 33}, "memory 3, 1 words each, where params is memory 3, 2"),
    ],
)
def test_sections_must_be_those_of_the_engine(data, change, message):
    params = {"number": 3, "bits": 1, "depth": 9} | change
    with pytest.raises(ImageError, match=message):
        read(data, memories=MEMORIES | {"params": Memory(**params)})
    narrow = MEMORIES | {"shell": Memory(number=0, bits=31, depth=3)}
    with pytest.raises(ImageError, match="shell: a value of more than 31 bits"):
        read(data, memories=narrow)
    with pytest.raises(ImageError, match="bytes more than its sections"):
        read(data, memories={"shell": MEMORIES["shell"]})
    with pytest.raises(ImageError, match="no section for more"):
        read(data, memories=MEMORIES | {"more": Memory(number=5, bits=1, depth=1)})


def test_only_what_fits_is_packed():
    with pytest.raises(ValueError, match="must be of"):
        Image(engine=ENGINE, contents={}).pack(MEMORIES)
    with pytest.raises(ValueError, match="params: every value must have 1 bits"):
        Image(engine=ENGINE, contents=CONTENTS | {"params": (2,)}).pack(MEMORIES)
    with pytest.raises(ValueError, match="8 bytes, not 7"):
        Image(engine=bytes(7), contents={})
    with pytest.raises(ValueError, match="number must be from 0"):
        Memory(number=-1, bits=1, depth=1)
    with pytest.raises(ValueError, match="must have words"):
        Memory(number=0, bits=0, depth=1)
