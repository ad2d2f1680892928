"""The payloads of a board's replies, in 32-bit little-endian words: see :mod:`spec.protocol`."""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from spec.protocol import COUNTERS, ProtocolError

_IDENTITY = struct.Struct("<HHHHBBBBII8s8s8s")
_DIGEST = 8


def digest(data: bytes) -> bytes:
    """Eight bytes that tell contents apart: the first ones of their SHA-256."""
    return hashlib.sha256(data).digest()[:_DIGEST]


def labels_digest(labels: Sequence[str]) -> bytes:
    """:func:`digest` of class names in their order."""
    return digest("\n".join(labels).encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a board says it is.

    ``window`` is how many chunks may be on their way; ``cycles`` is the plan's for a frame;
    ``model``, ``labels`` and ``build`` are digests.
    """

    height: int
    width: int
    classes: int
    chunk_bytes: int
    window: int
    rows: int
    columns: int
    pixels: int
    clock_hz: int
    cycles: int
    model: bytes
    labels: bytes
    build: bytes
    name: str

    @property
    def image_bytes(self) -> int:
        return self.height * self.width * 3

    def pack(self) -> bytes:
        """The payload: the numbers, then the name in UTF-8, zeros up to whole words."""
        numbers = [getattr(self, key) for key in self.__slots__[:-1]]
        data = _IDENTITY.pack(*numbers) + self.name.encode()
        return data + bytes(-len(data) % 4)

    @classmethod
    def unpack(cls, payload: bytes) -> "Identity":
        if len(payload) < _IDENTITY.size:
            raise ProtocolError(f"an identity of {len(payload)} bytes")
        values = _IDENTITY.unpack_from(payload)
        name = payload[_IDENTITY.size :].rstrip(b"\0").decode(errors="replace")
        return cls(**dict(zip(cls.__slots__, (*values, name), strict=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """An image's class sums, its class, and the cycles its frame took.

    ``wrong`` counts the sums that differ from those known at build time: for a self-test.
    """

    sums: tuple[int, ...]
    cycles: int
    winner: int
    wrong: int

    def pack(self) -> bytes:
        return struct.pack(
            f"<{len(self.sums)}iIHH", *self.sums, self.cycles, self.winner, self.wrong
        )

    @classmethod
    def unpack(cls, payload: bytes) -> "Result":
        if len(payload) < 12 or len(payload) % 4:
            raise ProtocolError(f"a result of {len(payload)} bytes")
        *sums, cycles, winner, wrong = struct.unpack(f"<{len(payload) // 4 - 2}iIHH", payload)
        return cls(sums=tuple(sums), cycles=cycles, winner=winner, wrong=wrong)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """What a board has counted since power-up, modulo 2^32, and the chunk it waits for.

    ``sequence`` is the image that is, or was last, under way; ``expected`` the index of its next
    chunk, 0 between images.
    """

    counts: dict[str, int]
    sequence: int
    expected: int

    def pack(self) -> bytes:
        counts = [self.counts[name] for name in COUNTERS]
        return struct.pack(f"<{len(COUNTERS)}IHH", *counts, self.sequence, self.expected)

    @classmethod
    def unpack(cls, payload: bytes) -> "Counters":
        layout = struct.Struct(f"<{len(COUNTERS)}IHH")
        if len(payload) != layout.size:
            raise ProtocolError(f"counters of {len(payload)} bytes, not {layout.size}")
        *counts, sequence, expected = layout.unpack(payload)
        return cls(
            counts=dict(zip(COUNTERS, counts, strict=True)), sequence=sequence, expected=expected
        )
