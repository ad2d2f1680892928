"""The network image: a network for an engine that exists, as one file of 32-bit words.

docs/image.md has the layout and the reasons. All is little-endian: a header, a section for each
memory that holds a network, a CRC-32 of all before it. The circuit reads the same words as they
come over the line or from flash, in one pass.
"""

import hashlib
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

MAGIC = b"CARACAL\x1a"
"""How every image begins; its last byte ends a text, so that nobody prints the rest."""

VERSION = 1
"""Of the file's layout. Another one is refused by name."""

SHELL = "shell"
"""The memory outside the core: what the board says of its network, then the self-test's sums."""

STREAM = "stream"
"""The memory that is an SDRAM: weight rows in the order of a frame. Not every engine has it."""

WORD = 4
"""Bytes of a word of the file."""

_HEADER = struct.Struct("<8sII8s32s")
HEADER_WORDS = _HEADER.size // WORD
"""Magic, version, words of the whole file, fingerprint of the engine, SHA-256 of what follows the
header up to the CRC."""

SECTION_WORDS = 2
"""Before each section: the memory's number and file words for each of its words (16 bits each),
and how many of its words follow."""


class ImageError(ValueError):
    """No image, or one for something else; the message says which, in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """A memory that an image fills from address 0 on.

    Parameters
    ----------
    number
        Its number in the file, 0 to 65535.
    bits
        Of a word.
    depth
        Its words.
    """

    number: int
    bits: int
    depth: int

    def __post_init__(self):
        if not 0 <= self.number < 1 << 16:
            raise ValueError(f"a memory's number must be from 0 to 65535, not {self.number}")
        if self.bits < 1 or self.depth < 1:
            raise ValueError(f"a memory must have words, not {self.depth} of {self.bits} bits")

    @property
    def file_words(self) -> int:
        """Words of the file for one of the memory's."""
        return -(-self.bits // (8 * WORD))


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What the memories of an engine hold for one network.

    Parameters
    ----------
    engine
        Fingerprint of the engine, eight bytes: see :func:`plan.memories.fingerprint`.
    contents
        For each memory, by its name, unsigned integers from address 0 on.
    """

    engine: bytes
    contents: Mapping[str, tuple[int, ...]]

    def __post_init__(self):
        if len(self.engine) != 8:
            raise ValueError(f"a fingerprint must have 8 bytes, not {len(self.engine)}")

    def pack(self, memories: Mapping[str, Memory]) -> bytes:
        """The file, for these memories, all of which it fills.

        Raises
        ------
        ImageError
            If one of them has too few words.
        ValueError
            If the contents are of other memories, or a value has too many bits.
        """
        if self.contents.keys() != memories.keys():
            raise ValueError(f"contents must be of {[*memories]}, not of {[*self.contents]}")
        body = bytearray()
        for name, memory in memories.items():
            values = self.contents[name]
            _check_depth(name, len(values), memory)
            if any(not 0 <= value < 1 << memory.bits for value in values):
                raise ValueError(f"{name}: every value must have {memory.bits} bits")
            body += struct.pack("<HHI", memory.number, memory.file_words, len(values))
            size = memory.file_words * WORD
            body += b"".join(value.to_bytes(size, "little") for value in values)
        words = HEADER_WORDS + len(body) // WORD + 1
        digest = hashlib.sha256(body).digest()
        head = _HEADER.pack(MAGIC, VERSION, words, self.engine, digest)
        return head + body + struct.pack("<I", zlib.crc32(head + body))

    @classmethod
    def unpack(cls, data: bytes, engine: bytes, memories: Mapping[str, Memory]) -> "Image":
        """The image in ``data``, for the engine with this fingerprint and these memories.

        Raises
        ------
        ImageError
            If it is none, of another version, cut off, damaged, for another engine, or too large;
            the message says which.
        """
        if data[: len(MAGIC)] != MAGIC[: len(data)] or not data:
            raise ImageError("this is no network image: it does not begin as one")
        if len(data) < _HEADER.size:
            raise ImageError(
                f"cut off: {len(data)} bytes, where the header alone has {_HEADER.size}"
            )
        _, version, words, made_for, digest = _HEADER.unpack_from(data)
        if version != VERSION:
            raise ImageError(f"a network image of version {version}, where {VERSION} is understood")
        if len(data) < words * WORD:
            raise ImageError(f"cut off: {len(data)} bytes of {words * WORD}")
        if len(data) > words * WORD:
            raise ImageError(f"{len(data)} bytes, where its header says {words * WORD}")
        body = data[_HEADER.size : -WORD]
        (crc,) = struct.unpack("<I", data[-WORD:])
        if zlib.crc32(data[:-WORD]) != crc or hashlib.sha256(body).digest() != digest:
            raise ImageError("damaged: its digests are not those of its contents")
        if made_for != engine:
            raise ImageError(
                f"made for another engine, {made_for.hex()}, not for this one, {engine.hex()}"
            )
        contents = {}
        at = 0
        for name, memory in memories.items():
            if len(body) - at < SECTION_WORDS * WORD:
                raise ImageError(f"it has no section for {name}")
            number, file_words, count = struct.unpack_from("<HHI", body, at)
            if (number, file_words) != (memory.number, memory.file_words):
                raise ImageError(
                    f"a section for memory {number}, {file_words} words each, where {name} "
                    f"is memory {memory.number}, {memory.file_words} words each"
                )
            _check_depth(name, count, memory)
            at += SECTION_WORDS * WORD
            size = file_words * WORD
            if len(body) - at < count * size:
                raise ImageError(f"{name}: {count} words do not fit the file")
            values = tuple(
                int.from_bytes(body[start : start + size], "little")
                for start in range(at, at + count * size, size)
            )
            if any(value >> memory.bits for value in values):
                raise ImageError(f"{name}: a value of more than {memory.bits} bits")
            contents[name] = values
            at += count * size
        if at != len(body):
            raise ImageError(f"{len(body) - at} bytes more than its sections have")
        return cls(engine=made_for, contents=contents)


def _check_depth(name: str, count: int, memory: Memory) -> None:
    if count > memory.depth:
        raise ImageError(
            f"too large: {count} words of {name}, where this engine has {memory.depth}"
        )
