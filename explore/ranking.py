"""Which setting is best in the field, and how fast it is."""

from collections.abc import Iterable

from explore.field import FIGURES
from explore.plot import frontier
from explore.table import Row


def ranking(rows: Iterable[Row], name: str, frames: float) -> str:
    """The settings that fit, with at least so many frames a second, by a figure, the best first.

    A star is at those than which none is both better and faster.
    """
    more = FIGURES[name][1]
    found = [
        (fps, row.figures[name], row.label)
        for row in rows
        if (fps := row.prediction.frames_per_second) is not None and fps >= frames
        if name in row.figures
    ]
    order = f"By {name}, {'the most' if more else 'the least'} first"
    order += f", of settings with at least {frames:,g} frames a second: " if frames else ": "
    if not found:
        return f"{order}none."
    signed = [(fps, value if more else -value) for fps, value, _ in found]
    best = set(frontier(signed, more=True))
    starred = [
        f"{label}{'*' * ((fps, merit) in best)} ({value:.3f}, {fps:,.1f} frames/s)"
        for (fps, value, label), (_, merit) in sorted(
            zip(found, signed, strict=True), key=lambda pair: (-pair[1][1], -pair[1][0])
        )
    ]
    return f"{order}{'; '.join(starred)}. *: none is both better and faster."
