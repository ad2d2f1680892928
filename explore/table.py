"""A study as a table: CSV for programs, Markdown for people."""

import csv
import io
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from explore.field import FIGURES
from explore.prediction import Prediction
from explore.study import Point
from explore.training import Failure, Result


@dataclass(frozen=True, kw_only=True)
class Row:
    """A setting with what is predicted of it and what came of its runs.

    Parameters
    ----------
    label
        What sets it apart, for people.
    series
        Which rows of the plot it belongs to, and ``tag``, what to write beside it there.
    outcomes
        By seed; a run that has not ended is not there.
    measured
        By seed, the figures of :mod:`explore.field`, or why there are none.
    """

    point: Point
    label: str
    series: str
    tag: str
    prediction: Prediction
    outcomes: dict[int, Result | Failure] = field(default_factory=dict)
    measured: dict[int, dict[str, float] | Failure] = field(default_factory=dict)

    @property
    def figures(self) -> dict[str, float]:
        """Of each figure that was measured, the mean over seeds."""
        found = [own for own in self.measured.values() if isinstance(own, dict)]
        return {
            name: sum(values) / len(values)
            for name in FIGURES
            if (values := [own[name] for own in found if name in own])
        }

    @property
    def accuracies(self) -> list[float]:
        """Of the finished runs, lowest first."""
        return sorted(run.accuracy for run in self.outcomes.values() if isinstance(run, Result))

    @property
    def accuracy(self) -> float | None:
        """The mean over seeds."""
        found = self.accuracies
        return sum(found) / len(found) if found else None

    @property
    def note(self) -> str:
        """What does not fit, and what failed."""
        failures = [
            f"seed {seed} failed: {outcome.why}"
            for seed, outcome in self.outcomes.items()
            if isinstance(outcome, Failure)
        ] + [
            f"seed {seed} not measured: {own.why}"
            for seed, own in self.measured.items()
            if isinstance(own, Failure)
        ]
        return "; ".join(filter(None, [self.prediction.note, *failures]))


def _measured(rows: Iterable[Row]) -> list[str]:
    """The figures that any row has, in the order of ``FIGURES``."""
    found = set().union(*(row.figures for row in rows))
    return [name for name in FIGURES if name in found]


def _values(row: Row, names: list[str]) -> dict[str, object]:
    found = row.accuracies
    finished = [run for run in row.outcomes.values() if isinstance(run, Result)]
    predicted = asdict(row.prediction) | {"note": ""}
    return {
        "setting": row.label,
        **asdict(row.point),
        **{key: value for key, value in predicted.items() if key != "note"},
        "accuracy": row.accuracy,
        "accuracy_lowest": found[0] if found else None,
        "accuracy_highest": found[-1] if found else None,
        "seeds": len(found),
        "seconds": sum(run.seconds for run in finished) if finished else None,
        **{f"field_{name}": row.figures.get(name) for name in names},
        "note": row.note,
    }


def csv_table(rows: Iterable[Row]) -> str:
    """Every figure in full; empty where there is none. ``seconds`` are those of all seeds."""
    rows = list(rows)
    names = _measured(rows)
    lines = [_values(row, names) for row in rows]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def _accuracy(row: Row) -> str:
    found = row.accuracies
    if not found:
        return ""
    spread = f" ({found[0]:.3f}–{found[-1]:.3f})" if len(found) > 1 else ""
    return f"{row.accuracy:.3f}{spread}"


def _number(value: float | None, form: str = ",") -> str:
    return "" if value is None else format(value, form)


HEAD = ("setting", "weights", "MACs", "EBR", "cycles", "frames/s", "accuracy")


def markdown_table(rows: Iterable[Row]) -> str:
    """A line a setting, aligned."""
    rows = list(rows)
    names = _measured(rows)
    head = (*HEAD, *names, "note")
    cells = [head]
    for row in rows:
        p = row.prediction
        cells.append(
            (
                row.label,
                *(_number(value) for value in (p.weights, p.macs, p.ebr, p.cycles)),
                _number(p.frames_per_second, ",.1f"),
                _accuracy(row),
                *(_number(row.figures.get(name), ".3f") for name in names),
                row.note.replace("|", "\\|"),
            )
        )
    widths = [max(3, *(len(line[column]) for line in cells)) for column in range(len(head))]
    text = {0, len(head) - 1}  # the columns that are not numbers
    rule = [
        "-" * width if column in text else "-" * (width - 1) + ":"
        for column, width in enumerate(widths)
    ]
    return "\n".join(
        "| "
        + " | ".join(
            cell.ljust(width) if column in text else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        + " |"
        for line in (cells[0], rule, *cells[1:])
    )
