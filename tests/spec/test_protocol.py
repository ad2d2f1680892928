"""Frames and COBS: what is sent comes back, what is damaged does not."""

import random
import zlib

import pytest

from spec import protocol
from spec.protocol import Frame, ProtocolError, Reply, Request, Splitter, stuff, unstuff


@pytest.mark.parametrize("alphabet", [range(256), (0, 1), (1, 255), (0,), (7,)])
def test_cobs_there_and_back(alphabet):
    rng = random.Random(1)
    for size in [*range(520), 762, 763, 1036]:
        data = bytes(rng.choices(alphabet, k=size))
        stuffed = stuff(data)
        assert 0 not in stuffed
        assert len(stuffed) <= size + 1 + size // 254
        assert unstuff(stuffed) == data


def test_cobs_as_published():
    # Cheshire and Baker, 1999, section 2, and the run of 254 that needs no zero after it.
    assert stuff(b"\x45\0\0\x2c\x4c\x79\0\0\x40\x06") == bytes.fromhex("0245 01 042c4c79 01 034006")
    assert stuff(bytes(range(1, 255)) + b"x") == b"\xff" + bytes(range(1, 255)) + b"\x02x"


@pytest.mark.parametrize("data", [b"", b"\0", b"\x02", b"\x05abc", b"\x02a\0\x02a"])
def test_what_is_no_cobs_is_refused(data):
    with pytest.raises(ProtocolError, match="no COBS"):
        unstuff(data)


def test_a_frame_is_what_the_document_says():
    frame = Frame(type=Request.CHUNK, sequence=0x1234, argument=3, payload=b"\0\xff")
    body = bytes.fromhex("02 02 3412 0300 0200 00ff")
    assert frame.pack() == body + zlib.crc32(body).to_bytes(4, "little")
    assert Frame.unpack(frame.pack()) == frame
    assert frame.line()[0] == frame.line()[-1] == 0


def test_every_wrong_bit_is_seen():
    data = Frame(type=Reply.RESULT, sequence=9, payload=bytes(range(20))).pack()
    for bit in range(8 * len(data)):
        wrong = bytearray(data)
        wrong[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ProtocolError, match="wrong CRC"):
            Frame.unpack(bytes(wrong))


def test_version_and_length_are_checked():
    def sealed(body: bytes) -> bytes:
        return body + zlib.crc32(body).to_bytes(4, "little")

    with pytest.raises(ProtocolError, match="version must be 2, not 1"):
        Frame.unpack(sealed(bytes.fromhex("01 01 0000 0000 0000")))
    with pytest.raises(ProtocolError, match="1 bytes of payload, where 2 are announced"):
        Frame.unpack(sealed(bytes.fromhex("02 01 0000 0000 0200 55")))
    with pytest.raises(ProtocolError, match="too few"):
        Frame.unpack(b"12345678")


def test_frames_are_found_in_any_pieces_and_after_any_noise():
    rng = random.Random(2)
    frames = [
        Frame(type=Reply.TAKEN, sequence=n, argument=n, payload=rng.randbytes(rng.randrange(300)))
        for n in range(50)
    ]
    line = b"".join(rng.randbytes(rng.randrange(30)) + frame.line() for frame in frames)
    splitter = Splitter()
    found = []
    while line:
        size = rng.randrange(1, 40)
        found += splitter.feed(line[:size])
        line = line[size:]
    assert found == frames
    assert splitter.broken > 0


@pytest.mark.parametrize("size", [1, 1023, 1024, 1025, 3072])
def test_chunks_carry_the_image(size):
    image = random.Random(3).randbytes(size)
    frames = protocol.chunks(image, 77)
    assert b"".join(frame.payload for frame in frames) == image
    assert [frame.argument for frame in frames] == list(range(len(frames)))
    assert {(frame.type, frame.sequence) for frame in frames} == {(Request.CHUNK, 77)}
    assert all(len(frame.payload) == protocol.CHUNK_BYTES for frame in frames[:-1])


def test_pixels_fill_the_line():
    worst = Frame(type=Request.CHUNK, sequence=0xFFFF, argument=1, payload=b"\xff" * 1024)
    assert 1024 / len(worst.line()) > 0.98
