"""A study as a table: CSV for programs, Markdown for people."""

import csv
import io
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

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
    """

    point: Point
    label: str
    series: str
    tag: str
    prediction: Prediction
    outcomes: dict[int, Result | Failure] = field(default_factory=dict)

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
        ]
        return "; ".join(filter(None, [self.prediction.note, *failures]))


def _values(row: Row) -> dict[str, object]:
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
        "note": row.note,
    }


def csv_table(rows: Iterable[Row]) -> str:
    """Every figure in full; empty where there is none. ``seconds`` are those of all seeds."""
    lines = [_values(row) for row in rows]
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


HEAD = ("setting", "weights", "MACs", "EBR", "cycles", "frames/s", "accuracy", "note")


def markdown_table(rows: Iterable[Row]) -> str:
    """A line a setting, aligned."""
    cells = [HEAD]
    for row in rows:
        p = row.prediction
        cells.append(
            (
                row.label,
                *(_number(value) for value in (p.weights, p.macs, p.ebr, p.cycles)),
                _number(p.frames_per_second, ",.1f"),
                _accuracy(row),
                row.note.replace("|", "\\|"),
            )
        )
    widths = [max(3, *(len(line[column]) for line in cells)) for column in range(len(HEAD))]
    text = {0, len(HEAD) - 1}  # the columns that are not numbers
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
