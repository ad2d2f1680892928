"""What travels between the parts of the link."""

from amaranth.hdl import signed
from amaranth.lib import stream
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out, Signature

from hw.streams import Pixel, Result
from spec.protocol import CHUNK_BYTES

BYTE = StructLayout({"data": 8, "broken": 1})
"""A byte from the line; ``broken`` if its stop bit was missing."""

LAST_BYTE = StructLayout({"data": 8, "last": 1})
"""A byte of a frame to be sent."""

LAST_WORD = StructLayout({"data": 32, "last": 1})
"""Four bytes of a frame to be sent, the lowest first."""

HEAD = StructLayout({"version": 8, "type": 8, "sequence": 16, "argument": 16, "length": 16})
"""A frame's header, after ``spec.protocol.HEADER``."""

ARRIVAL = StructLayout({"head": HEAD, "refusal": 4})
"""A frame that has come: its header, and why it is none (0 if it is one)."""

PLACE = StructLayout({"sequence": 16, "index": 16})
"""An image and one of its chunks."""

ASKED = stream.Signature(16, always_ready=True)
"""Something is asked for; the payload is the request's sequence number."""

TOLD = stream.Signature(PLACE, always_ready=True)
"""Something is to be told: a sequence number and, as ``index``, the frame's argument."""

CHUNK = StructLayout({"sequence": 16, "load": 1, "length": range(CHUNK_BYTES + 1)})
"""What is known of a chunk: the image's sequence number, whether that is a network image, and its
bytes."""

NETWORK = StructLayout(
    {
        "height": 16,
        "width": 16,
        "classes": 16,
        "last_chunk": 16,
        "pixels": 32,
        "rest": 16,
        "none": 16,
        "threshold": signed(32),
    }
)
"""The first words of what is said of a network, after ``spec.replies.NetworkIdentity``."""

TESTED = StructLayout({"words": 32, "wrong": 32, "bits": 32, "address": 32})
"""What a test of the memory found, after ``spec.replies.MemoryTest``."""

TAG = StructLayout({"testing": 1, "number": 16})
"""What a frame is: whether the self-test's, and the sequence number of what asked for it."""

TAGGED_PIXEL = StructLayout({"pixel": Pixel, "first": 1, "tag": TAG})
"""A pixel for the guard; ``first`` if it begins a frame, whose ``tag`` it brings."""

TAGGED_RESULT = StructLayout({"result": Result, "tag": TAG})
"""A word of a frame's results."""

WINNER = StructLayout({"index": 16, "best": signed(32)})
"""The class with the largest sum, the first of equals, and its sum."""

WON_RESULT = StructLayout({**TAGGED_RESULT.members, "winner": WINNER})
"""The same, with the winner of the frame's sums so far."""

JUDGED_RESULT = StructLayout({**WON_RESULT.members, "wrong": 16})
"""The same, with how many of the self-test's sums so far are not as known. With ``last`` it says
all there is to say of a frame."""


def body() -> Signature:
    """The bytes of frames: ``end`` when one is over, ``whole`` with it if none of it is missing."""
    return Signature(
        {
            "bytes": Out(stream.Signature(8, always_ready=True)),
            "end": Out(1),
            "whole": Out(1),
        }
    )


def queue(size: int) -> Signature:
    """The oldest of some chunks of ``size`` bytes, as the part that keeps them offers it.

    ``available`` if there is one; ``chunk`` was committed with it; ``data`` is its byte at
    ``address``, ``ChunkStore.READ_LATENCY`` cycles later; ``free``: done with it.
    """
    return Signature(
        {
            "available": Out(1),
            "chunk": Out(CHUNK),
            "data": Out(8),
            "address": In(range(size)),
            "free": In(1),
        }
    )


def write_port(depth: int) -> stream.Signature:
    """Writes of 32-bit words into a memory of so many."""
    return stream.Signature(StructLayout({"address": range(depth), "data": 32}), always_ready=True)
