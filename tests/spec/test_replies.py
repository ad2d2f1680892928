"""Payloads of replies: there and back, and refused when they are of another length."""

import pytest

from spec import replies
from spec.protocol import COUNTERS, ProtocolError

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
)


def test_identity_there_and_back():
    payload = IDENTITY.pack()
    assert len(payload) % 4 == 0
    assert replies.Identity.unpack(payload) == IDENTITY
    assert IDENTITY.image_bytes == 224 * 200 * 3
    with pytest.raises(ProtocolError, match="identity of 43 bytes"):
        replies.Identity.unpack(payload[:43])


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
