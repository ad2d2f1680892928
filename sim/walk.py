"""What a program makes the circuit read and write, pixel by pixel. Plain Python.

The meaning of a step's fields (:mod:`plan.instruction`) in loops: what the issue side and the write
side are compared with, and what shows that a plan reads no word before it is written.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from hw.engine.pool import Flags, flags
from plan.engine import Engine
from plan.steps import Step

T = TypeVar("T")

PASSED = Flags(False, False, True)
"""A beat without pooling goes through."""


def together(ones: Sequence[T], width: int, banks: int) -> list[Sequence[T]]:
    """Rows of so many, cut into what comes in one cycle: as many as there are banks, fewer where a
    row ends."""
    rows = [ones[start : start + width] for start in range(0, len(ones), width)]
    return [row[x : x + banks] for row in rows for x in range(0, width, banks)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """The pixels of one pass: ``addresses`` are of words, ``None`` where the tap is padding.

    Where columns take turns in banks, an address counts the same word of each of them in turn.
    """

    first: bool
    last: bool
    weights: int
    params: int
    plane: int
    tap: int
    group: int
    addresses: tuple[int | None, ...]


def passes(step: Step, engine: Engine) -> Iterator[Pass]:
    """The passes of a step, in order: output group → tap → source plane."""
    f = step.fields
    width, height, banks = step.width, f["rows_last"] + 1, engine.pixels
    across, halo = f["x_last"] + 1, f["taps3"]
    planes, groups = f["groups_in_last"] + 1, f["groups_out_last"] + 1
    taps = 9 if f["taps3"] else 1
    weights = f["weights"]
    for group in range(groups):
        for tap in range(taps):
            tap_y, tap_x = divmod(tap, 3)
            visits = []
            for y in range(height):
                for x in range(width):
                    outside = f["blank"] or (
                        f["taps3"]
                        and (
                            (tap_x == 0 and x == 0)
                            or (tap_x == 2 and x == width - 1)
                            or (tap_y == 0 and y == 0 and f["top"])
                            or (tap_y == 2 and y == height - 1 and f["bottom"])
                        )
                    )
                    column, bank = divmod(x + tap_x - halo, banks)
                    place = f["i_start"] + halo + (y + tap_y) * across + column
                    at = f["i_base"] + place % f["i_plane"]
                    visits.append(None if outside else at * banks + bank)
            for plane in range(planes):
                yield Pass(
                    first=tap == 0 and plane == 0,
                    last=tap == taps - 1 and plane == planes - 1,
                    weights=weights,
                    params=f["params"] + group,
                    plane=plane,
                    tap=tap,
                    group=group,
                    addresses=tuple(
                        None if at is None else at + plane * f["i_plane"] * banks for at in visits
                    ),
                )
                weights += engine.rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """One requantized word on its way: what the max-pool does with it, and where it goes.

    ``slot`` is None where the max-pool keeps nothing, ``address`` where nothing comes out; both
    count those of banks in turn.
    """

    group: int
    y: int
    x: int
    flags_x: Flags
    flags_y: Flags
    slot: int | None
    address: int | None
    lane: int
    first: bool
    last: bool


def beats(step: Step, engine: Engine) -> Iterator[Beat]:
    """The beats of a step, in order: output group → pixel. Rows count from the map's first."""
    f = step.fields
    width, rows, banks = step.width, f["rows_last"] + 1, engine.pixels
    kernel = 3 if f["pool3"] else 2 if f["pool2"] else 0
    across = [flags(kernel, x, width - 1) if kernel else PASSED for x in range(width)]
    o_width = sum(one.emit for one in across)
    o_across = engine.across(o_width)
    for group in range(f["groups_out_last"] + 1):
        place, lane = divmod(f["o_lane"] + group, engine.lanes)
        o_row = 0
        for row in range(rows):
            y = step.first_row + row
            flags_y = flags(kernel, y, step.conv.o.height - 1) if kernel else PASSED
            slots = f["slot"] + group * o_across
            o_column = 0
            for x, flags_x in enumerate(across):
                address = None
                column, bank = divmod(o_column, banks)
                if flags_x.emit and flags_y.emit:
                    offset = (f["o_start"] + o_row * o_across + column) % f["o_plane"]
                    address = (f["o_base"] + place * f["o_plane"] + offset) * banks + bank
                yield Beat(
                    group=group,
                    y=y,
                    x=x,
                    flags_x=flags_x,
                    flags_y=flags_y,
                    slot=(slots + column) * banks + bank if kernel else None,
                    address=address,
                    lane=lane,
                    first=row == 0 and x == 0,
                    last=row == rows - 1 and x == width - 1,
                )
                o_column += flags_x.emit
            o_row += flags_y.emit
