"""Payloads of replies: there and back, and refused when they are of another length."""

import struct
from dataclasses import replace

import pytest

from spec import replies, synthetic
from spec.protocol import COUNTERS, ProtocolError
from spec.squeezenet import tiny

IDENTITY = replies.Identity(
    height=224,
    width=200,
    classes=5,
    chunk_bytes=1024,
    window=8,
    rows=16,
    columns=8,
    pixels=1,
    clock_hz=140_000_000,
    cycles=268_792,
    model=b"12345678",
    labels=b"abcdefgh",
    build=b"ABCDEFGH",
    name="Luchs ä",
    none=4,
    threshold=-70_000,
    lut_rows=4,
    tile_pixels=512,
    engine=b"an:engin",
    capacities=(1, 2**32 - 1),
)


def test_identity_there_and_back():
    payload = IDENTITY.pack()
    assert len(payload) % 4 == 0
    assert replies.Identity.unpack(payload) == IDENTITY
    assert IDENTITY.image_bytes == 224 * 200 * 3
    for size in (163, 165):
        with pytest.raises(ProtocolError, match=f"identity of {size} bytes"):
            replies.Identity.unpack(payload[:size])


def test_what_is_said_of_a_network():
    quantized = synthetic.quantized(tiny(image_size=24))
    said = replies.NetworkIdentity.of(quantized, cycles=5, model=b"12345678")
    words = struct.unpack(f"<{replies.NETWORK_WORDS}I", said.pack_network())
    # The circuit reads these: the last chunk's index, an image's pixels, the last chunk's bytes.
    assert words[:4] == (24 << 16 | 24, 1 << 16 | 3, 576, 0xFFFF << 16 | 1728 - 1024)
    assert words[4] == 0x80000000
    long = replace(quantized, network=replace(quantized.network, name="é" * 50))
    said = replies.NetworkIdentity.of(long, cycles=5, model=b"12345678")
    assert said.name == "é" * 44
    assert len(said.pack_network()) == 4 * replies.NETWORK_WORDS


def test_result_there_and_back():
    result = replies.Result(sums=(-1, 2**31 - 1, -(2**31)), cycles=7, winner=1, wrong=0)
    assert replies.Result.unpack(result.pack()) == result
    for payload in (b"12345678", b"1234567890123"):
        with pytest.raises(ProtocolError, match="a result of"):
            replies.Result.unpack(payload)


def test_counters_there_and_back():
    counts = {name: index for index, name in enumerate(COUNTERS)}
    counters = replies.Counters(counts=counts, sequence=3, expected=4)
    assert replies.Counters.unpack(counters.pack()) == counters
    with pytest.raises(ProtocolError, match="counters of 4 bytes"):
        replies.Counters.unpack(b"1234")


def test_digests_tell_labels_apart():
    assert len(replies.labels_digest(["a", "b"])) == 8
    assert replies.labels_digest(["a", "b"]) != replies.labels_digest(["b", "a"])
