"""What a board with a camera is told, and says, beyond :mod:`spec.protocol`.

These frames are of the same protocol; a board without a camera does not know their types. Words are
little-endian.
"""

import argparse
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum

from spec.protocol import ProtocolError
from spec.quantized import QuantizedNetwork
from spec.replies import Result
from spec.text import printable


class LiveRequest(IntEnum):
    """Frame types from the computer to the board."""

    CAMERA = 0x08
    TRIGGER = 0x09
    VIEW = 0x0A


class LiveReply(IntEnum):
    """Frame types from the board to the computer; nobody asks for an ``EVENT``."""

    CAMERA = 0x8A
    TRIGGER = 0x8B
    VIEW = 0x8C
    EVENT = 0x8D


SETS = 1 << 15
"""In the argument of a CAMERA request: it sets what the other bits say, and does not only ask."""
ON = 1 << 0
"""There, and in the reply's: the camera is a source of frames."""
SWAPPED = 1 << 1
"""There: the bytes of a pixel change places, see :class:`spec.camera.Sensor`."""
KEEPS = 1 << 2
"""In the reply's only: the board keeps the picture that the network saw."""

RELEASE = 0xFFFF
"""The argument of a VIEW request that lets the kept picture go; others are a chunk's index."""

HIT = 1 << 0
"""In the last word of an EVENT: the answer is one that the trigger waits for."""
PULLED = 1 << 1
"""There: the trigger is on, this frame counted."""

COUNTED = ("frames", "damaged", "skipped", "setups", "events")
"""The words of a CAMERA reply: frames that came whole; that were damaged; that were whole or not,
and for which the board had no time; how often the camera had gone, and was set up again; events."""

MOST_FRAMES = 32
"""That a trigger looks back on."""
MASK_BITS = 32
"""Classes that a TRIGGER request tells of."""
_TRIGGER = struct.Struct("<iBBHI")
TRIGGER_BYTES = _TRIGGER.size
_NUMBER = struct.Struct("<HH")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """When a board pulls its trigger pin: ``hits`` of the last ``frames`` answers are wanted ones.

    Parameters
    ----------
    classes
        The wanted answers, by number; the number of classes stands for none where that is no class.
        With none of them the pin stays low.
    least
        What the largest class sum must be at least, 32 bits, signed.
    hits, frames
        1 ≤ hits ≤ frames ≤ :data:`MOST_FRAMES`.
    """

    classes: frozenset[int] = field(default_factory=frozenset)
    least: int = -(1 << 31)
    hits: int = 1
    frames: int = 1

    def __post_init__(self):
        if not 1 <= self.hits <= self.frames <= MOST_FRAMES:
            raise ValueError(
                f"a trigger must want 1 to {MOST_FRAMES} of as many frames or more, "
                f"not {self.hits} of {self.frames}"
            )
        if not -(1 << 31) <= self.least < 1 << 31:
            raise ValueError(f"a trigger's least sum must have 32 bits, not {self.least}")
        if any(not 0 <= index < 1 << 16 for index in self.classes):
            raise ValueError("a trigger's classes must be numbers of 16 bits")

    def masks(self, answers: int) -> list[int]:
        """A word for each :data:`MASK_BITS` of so many possible answers: a bit a wanted one."""
        words = [0] * -(-answers // MASK_BITS)
        for index in self.classes:
            if index >= answers:
                raise ValueError(f"a trigger's classes must be below {answers}, not {index}")
            words[index // MASK_BITS] |= 1 << index % MASK_BITS
        return words

    def payloads(self, answers: int) -> list[bytes]:
        """The payloads of the TRIGGER requests that set it; each brings one word of the classes."""
        return [
            _TRIGGER.pack(self.least, self.hits, self.frames, place, word)
            for place, word in enumerate(self.masks(answers))
        ]


def trigger_of(
    quantized: QuantizedNetwork, wanted: str | None, least: int | None, hits: int, frames: int
) -> Trigger:
    """A trigger for answers named by their labels, with commas between.

    Raises
    ------
    ValueError
        If the network has no such answer, or as :class:`Trigger`.
    """
    answers = {quantized.label(index): index for index in range(len(quantized.labels) + 1)}
    names = [name.strip() for name in (wanted or "").split(",") if name.strip()]
    for name in names:
        if name not in answers:
            known = ", ".join(printable(label) for label in answers)
            raise ValueError(f"--trigger {printable(name)}: no such answer; there are {known}")
    known = {} if least is None else {"least": least}
    return Trigger(
        classes=frozenset(answers[name] for name in names), hits=hits, frames=frames, **known
    )


def share_of_frames(text: str) -> tuple[int, int]:
    """A type of flag: so many of the last so many frames, such as 3/5."""
    parts = re.fullmatch(r"(\d+)/(\d+)", text)
    hits, frames = (int(parts[1]), int(parts[2])) if parts else (0, 0)
    if not 1 <= hits <= frames <= MOST_FRAMES:
        raise argparse.ArgumentTypeError(
            f"must be such as 3/5, at most {MOST_FRAMES}/{MOST_FRAMES}, not {text}"
        )
    return hits, frames


def add_trigger(flags, when: str) -> None:
    """The flags that say what pulls the trigger pin, for a parser or a group of its flags."""
    flags.add_argument(
        "--trigger", metavar="LABEL,…", help=f"the answers that pull the trigger pin ({when})"
    )
    flags.add_argument(
        "--trigger-least", type=int, metavar="SUM", help="what the largest class sum must be"
    )
    flags.add_argument(
        "--trigger-frames", type=share_of_frames, metavar="N/M", help="so many of the last (1/1)"
    )


def pulled(trigger: Trigger, answers: Iterable[tuple[int, int]]) -> list[tuple[bool, bool]]:
    """What becomes of answers, each a class and the largest sum: is it a hit, is the trigger on."""
    history: list[bool] = []
    result = []
    for winner, best in answers:
        history.append(winner in trigger.classes and best >= trigger.least)
        result.append((history[-1], sum(history[-trigger.frames :]) >= trigger.hits))
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A camera's frame that was classified: its number, modulo 2^16, and the result.

    ``hit`` and ``pulled`` as in :class:`Trigger`.
    """

    number: int
    result: Result
    hit: bool
    pulled: bool

    @classmethod
    def unpack(cls, number: int, payload: bytes) -> "Event":
        result = Result.unpack(payload)
        flags = result.wrong
        return cls(
            number=number,
            result=Result(sums=result.sums, cycles=result.cycles, winner=result.winner, wrong=0),
            hit=bool(flags & HIT),
            pulled=bool(flags & PULLED),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraState:
    """What a CAMERA reply says; ``counts`` since power-up, modulo 2^32, see :data:`COUNTED`."""

    on: bool
    swapped: bool
    keeps: bool
    counts: dict[str, int]

    @classmethod
    def unpack(cls, argument: int, payload: bytes) -> "CameraState":
        if len(payload) != 4 * len(COUNTED):
            raise ProtocolError(f"a camera's state of {len(payload)} bytes, not {4 * len(COUNTED)}")
        counts = struct.unpack(f"<{len(COUNTED)}I", payload)
        return cls(
            on=bool(argument & ON),
            swapped=bool(argument & SWAPPED),
            keeps=bool(argument & KEEPS),
            counts=dict(zip(COUNTED, counts, strict=True)),
        )


def view_part(payload: bytes) -> tuple[int, bytes]:
    """The frame's number, and a chunk of the picture, of a VIEW reply; whole words."""
    if len(payload) < _NUMBER.size:
        raise ProtocolError(f"a view of {len(payload)} bytes")
    return _NUMBER.unpack_from(payload)[0], payload[_NUMBER.size :]
