"""The payloads of a board's replies, in 32-bit little-endian words: see :mod:`spec.protocol`."""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from spec.protocol import CHUNK_BYTES, COUNTERS, ProtocolError
from spec.quantized import QuantizedNetwork

_NETWORK = struct.Struct("<HHHHIHHiI8s8s")
_BOARD = struct.Struct("<HBBBBBxHxxI8s8s")
_DIGEST = 8


def digest(data: bytes) -> bytes:
    """Eight bytes that tell contents apart: the first ones of their SHA-256."""
    return hashlib.sha256(data).digest()[:_DIGEST]


def labels_digest(labels: Sequence[str]) -> bytes:
    """:func:`digest` of class names in their order."""
    return digest("\n".join(labels).encode())


NETWORK_WORDS = 32
"""Words of what a board says of its network: the first ones of its identity, and of the memory
``shell`` of a network image."""

NAME_BYTES = 4 * NETWORK_WORDS - _NETWORK.size
"""Of a network's name, in UTF-8; what is longer is cut."""

NO_CLASS = 0xFFFF
"""Where the number of a class stands: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkIdentity:
    """What a board says of the network it holds.

    ``cycles`` is the plan's for a frame; ``model`` and ``labels`` are digests; ``none`` and
    ``threshold`` are those of :class:`spec.decision.Decision`, ``none`` being :data:`NO_CLASS` if
    no class is for it.
    """

    height: int
    width: int
    classes: int
    none: int
    threshold: int
    cycles: int
    model: bytes
    labels: bytes
    name: str

    @classmethod
    def of(cls, quantized: QuantizedNetwork, *, cycles: int, model: bytes) -> "NetworkIdentity":
        """Of a network whose file has the digest ``model``."""
        network, decision = quantized.network, quantized.decision
        name = network.name.encode()[:NAME_BYTES].decode(errors="ignore")
        return cls(
            height=network.image.height,
            width=network.image.width,
            classes=network.classes,
            none=NO_CLASS if decision.none is None else decision.none,
            threshold=decision.threshold,
            cycles=cycles,
            model=model,
            labels=labels_digest(quantized.labels),
            name=name,
        )

    @property
    def image_bytes(self) -> int:
        return self.height * self.width * 3

    def pack_network(self) -> bytes:
        """``NETWORK_WORDS`` words: the numbers, then the name in UTF-8 and zeros.

        The numbers that the circuit derives nothing of come ready: an image's pixels, the index of
        its last chunk, and that one's bytes.
        """
        last_chunk, rest = divmod(max(self.image_bytes, 1) - 1, CHUNK_BYTES)
        data = _NETWORK.pack(
            self.height,
            self.width,
            self.classes,
            last_chunk,
            self.height * self.width,
            rest + 1,
            self.none,
            self.threshold,
            self.cycles,
            self.model,
            self.labels,
        )
        return data + self.name.encode().ljust(NAME_BYTES, b"\0")

    @classmethod
    def _unpack_network(cls, payload: bytes) -> dict:
        numbers = _NETWORK.unpack_from(payload)
        height, width, classes, _, _, _, none, threshold, cycles, model, labels = numbers
        name = payload[_NETWORK.size : 4 * NETWORK_WORDS].rstrip(b"\0").decode(errors="replace")
        return {
            "height": height,
            "width": width,
            "classes": classes,
            "none": none,
            "threshold": threshold,
            "cycles": cycles,
            "model": model,
            "labels": labels,
            "name": name,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity(NetworkIdentity):
    """What a board says it is, and of its network; that means nothing if it holds none.

    ``window`` is how many chunks may be on their way; ``build`` is a digest, ``engine`` the
    fingerprint of the engine that a network image must be made for; ``capacities`` are those of
    :class:`plan.capacities.Capacities`, in their order.
    """

    chunk_bytes: int
    window: int
    rows: int
    columns: int
    pixels: int
    lut_rows: int
    tile_pixels: int
    clock_hz: int
    build: bytes
    engine: bytes
    capacities: tuple[int, ...]

    def pack(self) -> bytes:
        """The payload: what is said of the network, then of the board."""
        return self.pack_network() + self.pack_board()

    def pack_board(self) -> bytes:
        """The numbers, then the capacities, 32 bits each."""
        board = _BOARD.pack(
            self.chunk_bytes,
            self.window,
            self.rows,
            self.columns,
            self.pixels,
            self.lut_rows,
            self.tile_pixels,
            self.clock_hz,
            self.build,
            self.engine,
        )
        return board + struct.pack(f"<{len(self.capacities)}I", *self.capacities)

    @classmethod
    def unpack(cls, payload: bytes) -> "Identity":
        size = 4 * NETWORK_WORDS + _BOARD.size
        if len(payload) < size or len(payload) % 4:
            raise ProtocolError(f"an identity of {len(payload)} bytes")
        values = _BOARD.unpack_from(payload, 4 * NETWORK_WORDS)
        names = ("chunk_bytes", "window", "rows", "columns", "pixels", "lut_rows", "tile_pixels")
        return cls(
            **cls._unpack_network(payload),
            **dict(zip((*names, "clock_hz", "build", "engine"), values, strict=True)),
            capacities=struct.unpack(f"<{(len(payload) - size) // 4}I", payload[size:]),
        )


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
class MemoryTest:
    """What a test of the SDRAM found.

    ``words`` of 16 bits were tested, each with both values of each bit; ``wrong`` of these twice
    as many came back wrong, in the ``bits`` that are ones, first the one at ``address``.
    """

    words: int
    wrong: int
    bits: int
    address: int

    def pack(self) -> bytes:
        return struct.pack("<4I", self.words, self.wrong, self.bits, self.address)

    @classmethod
    def unpack(cls, payload: bytes) -> "MemoryTest":
        if len(payload) != 16:
            raise ProtocolError(f"a memory test of {len(payload)} bytes, not 16")
        words, wrong, bits, address = struct.unpack("<4I", payload)
        return cls(words=words, wrong=wrong, bits=bits, address=address)


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
