"""The serial protocol of a board: its numbers, its frames, their way over a line of bytes.

docs/protocol.md gives the reasons. The circuit (hw/board) and the person's program (host) share
this file and nothing else.

A frame is a header, a payload and a CRC-32 (that of zlib, :func:`zlib.crc32`) of both, all
little-endian, sent as ``00 <frame in COBS> 00``. COBS leaves no zero in a frame, so whatever came
before, a zero begins afresh.
"""

import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum

VERSION = 2
"""In every header. Another version is refused with an error that tells this one."""

CHUNK_BYTES = 1024
"""Bytes of an image in every chunk but its last."""

RATES = (3_000_000, 1_000_000, 115_200)
"""Bits a second; a break on the line makes the board take the next one, round and round."""

HEADER = struct.Struct("<BBHHH")
"""Version, type, sequence number, argument, bytes of payload."""

CRC = struct.Struct("<I")


class Request(IntEnum):
    """Frame types from the computer to the board."""

    IDENTIFY = 0x01
    CHUNK = 0x02
    COUNTERS = 0x03
    SELFTEST = 0x04
    RESET = 0x05
    LOAD = 0x06
    MEMTEST = 0x07


class Reply(IntEnum):
    """Frame types from the board to the computer."""

    IDENTITY = 0x81
    TAKEN = 0x82
    COUNTERS = 0x83
    SELFTEST = 0x84
    RESET = 0x85
    RESULT = 0x86
    ERROR = 0x87
    LOADED = 0x88
    MEMTEST = 0x89


class Refusal(IntEnum):
    """The argument of an error frame: why."""

    BROKEN = 1
    VERSION = 2
    TYPE = 3
    LENGTH = 4
    ORDER = 5
    OVERRUN = 6
    ABANDONED = 7
    NETWORK = 8


REASONS = {
    Refusal.BROKEN: "a damaged frame",
    Refusal.VERSION: "another version of the protocol",
    Refusal.TYPE: "an unknown type of frame",
    Refusal.LENGTH: "a frame of the wrong length",
    Refusal.ORDER: "a chunk that is not the next one",
    Refusal.OVERRUN: "a chunk beyond the window",
    Refusal.ABANDONED: "an image whose next chunk did not come in time",
    Refusal.NETWORK: "an image while no network is held",
}


class Held(IntEnum):
    """The low byte of an identity frame's argument: which network a board holds."""

    NONE = 0
    BUILT_IN = 1
    LOADED = 2
    FLASH = 3


HELD_BITS = 8
"""Of the argument of an identity frame, for ``Held``; above them is what came of flash memory."""

FLASH_READING = 0xFF
"""There, while a network is looked for; 0 if no memory is read, else one more than the ``Load``."""


class Load(IntEnum):
    """The argument of a loaded frame: what became of a network image."""

    DONE = 0
    NO_IMAGE = 1
    VERSION = 2
    ENGINE = 3
    LARGE = 4
    SECTIONS = 5
    DAMAGED = 6


OUTCOMES = {
    Load.NO_IMAGE: "this is no network image",
    Load.VERSION: "a network image of another version",
    Load.ENGINE: "a network image for another engine",
    Load.LARGE: "a network image too large for the board's memories",
    Load.SECTIONS: "a network image whose sections are not the board's",
    Load.DAMAGED: "a network image that was damaged on its way",
}

COUNTERS = (
    "frames",
    "broken",
    "refused",
    "overruns",
    "results",
    "selftests",
    "resets",
    "abandoned",
    "breaks",
    "loads",
    "fallbacks",
)
"""The 32-bit words of a COUNTERS reply, in order; two 16-bit words follow, see ``Counters``."""


class ProtocolError(ValueError):
    """Bytes that are no frame, or a frame with a payload of the wrong shape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A frame: its type and numbers of 16 bits, and at most 65535 bytes of payload."""

    type: int
    sequence: int = 0
    argument: int = 0
    payload: bytes = b""

    def pack(self) -> bytes:
        """Header, payload and CRC."""
        length = len(self.payload)
        head = HEADER.pack(VERSION, self.type, self.sequence, self.argument, length)
        body = head + self.payload
        return body + CRC.pack(zlib.crc32(body))

    def line(self) -> bytes:
        """The bytes on the line."""
        return b"\0" + stuff(self.pack()) + b"\0"

    @classmethod
    def unpack(cls, data: bytes) -> "Frame":
        """The frame in ``data``.

        Raises
        ------
        ProtocolError
            If the CRC, the version or the length is wrong.
        """
        if len(data) < HEADER.size + CRC.size:
            raise ProtocolError(f"{len(data)} bytes are too few for a frame")
        body, crc = data[: -CRC.size], CRC.unpack(data[-CRC.size :])[0]
        if zlib.crc32(body) != crc:
            raise ProtocolError("wrong CRC")
        version, kind, sequence, argument, length = HEADER.unpack_from(body)
        if version != VERSION:
            raise ProtocolError(f"version must be {VERSION}, not {version}")
        payload = body[HEADER.size :]
        if len(payload) != length:
            raise ProtocolError(f"{len(payload)} bytes of payload, where {length} are announced")
        return cls(type=kind, sequence=sequence, argument=argument, payload=payload)


def stuff(data: bytes) -> bytes:
    """COBS: the same information without a zero, in at most one byte in 254 more, plus one.

    Each zero-free run of up to 254 bytes follows a byte that says one more than its length; a zero
    comes after it, unless that byte is 255 or the data end there (Cheshire and Baker, 1999).
    """
    out = bytearray()
    for run in data.split(b"\0"):
        while len(run) >= 254:
            out += b"\xff" + run[:254]
            run = run[254:]
        out.append(len(run) + 1)
        out += run
    return bytes(out)


def unstuff(data: bytes) -> bytes:
    """The inverse of :func:`stuff`.

    Raises
    ------
    ProtocolError
        If ``data`` has a zero or ends within a run.
    """
    if not data or 0 in data:
        raise ProtocolError("no COBS: empty, or with a zero")
    out = bytearray()
    at = 0
    zero = False
    while at < len(data):
        code = data[at]
        if zero:
            out.append(0)
        run = data[at + 1 : at + code]
        if len(run) != code - 1:
            raise ProtocolError("no COBS: cut off within a run")
        out += run
        zero = code != 255
        at += code
    return bytes(out)


class Splitter:
    """Cuts a line of bytes into frames; counts what is none."""

    def __init__(self):
        self._rest = bytearray()
        self.broken = 0

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that ``data`` completes."""
        self._rest += data
        *parts, rest = self._rest.split(b"\0")
        self._rest = rest
        frames = []
        for part in filter(None, parts):
            try:
                frames.append(Frame.unpack(unstuff(bytes(part))))
            except ProtocolError:
                self.broken += 1
        return frames


def chunks(image: bytes, sequence: int, request: Request = Request.CHUNK) -> list[Frame]:
    """The frames that carry an image: raster order, red, green, blue, a byte each; or a file for
    ``LOAD``."""
    return [
        Frame(
            type=request,
            sequence=sequence,
            argument=start // CHUNK_BYTES,
            payload=image[start : start + CHUNK_BYTES],
        )
        for start in range(0, len(image), CHUNK_BYTES)
    ]
