"""What a program makes the circuit read and write, pixel by pixel. Plain Python.

The meaning of a step's fields (:mod:`plan.instruction`) in loops: what the issue side and the write
side are compared with, and what shows that a plan reads no word before it is written.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from hw.engine.pool import Flags, flags
from plan.engine import Engine
from plan.steps import Step

PASSED = Flags(False, False, True)
"""A beat without pooling goes through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """The pixels of one pass: ``addresses`` are of words, ``None`` where the tap is padding."""

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
    width, height = f["x_last"] + 1, f["rows_last"] + 1
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
                    place = f["i_start"] + (y + tap_y) * width + x + tap_x
                    visits.append(None if outside else f["i_base"] + place % f["i_plane"])
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
                        None if at is None else at + plane * f["i_plane"] for at in visits
                    ),
                )
                weights += engine.rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """One requantized word on its way: what the max-pool does with it, and where it goes.

    ``slot`` is None where the max-pool keeps nothing, ``address`` where nothing comes out.
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
    width, rows = f["x_last"] + 1, f["rows_last"] + 1
    kernel = 3 if f["pool3"] else 2 if f["pool2"] else 0
    across = [flags(kernel, x, width - 1) if kernel else PASSED for x in range(width)]
    o_width = sum(one.emit for one in across)
    for group in range(f["groups_out_last"] + 1):
        place, lane = divmod(f["o_lane"] + group, engine.lanes)
        emitted = 0
        for row in range(rows):
            y = step.first_row + row
            flags_y = flags(kernel, y, step.conv.o.height - 1) if kernel else PASSED
            slot = f["slot"] + group * o_width
            for x, flags_x in enumerate(across):
                address = None
                if flags_x.emit and flags_y.emit:
                    offset = (f["o_start"] + emitted) % f["o_plane"]
                    address = f["o_base"] + place * f["o_plane"] + offset
                    emitted += 1
                yield Beat(
                    group=group,
                    y=y,
                    x=x,
                    flags_x=flags_x,
                    flags_y=flags_y,
                    slot=slot if kernel else None,
                    address=address,
                    lane=lane,
                    first=row == 0 and x == 0,
                    last=row == rows - 1 and x == width - 1,
                )
                slot += flags_x.emit
