"""What a network makes of photographs, class by class: tables for people, CSV and a page."""

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from model.data import Photographs
from model.metrics import calibration_error, classification, confusion, interval, reliability

SHOWN = 30
"""Classes, at most, whose confusion matrix is printed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Figures:
    """One network on one part.

    Parameters
    ----------
    part, kind
        Names, such as ``validation`` and ``int8``.
    scores
        Log-probabilities, or scores before a softmax: float, shape (photographs, classes).
    """

    part: str
    kind: str
    photographs: Photographs
    scores: torch.Tensor

    @property
    def matrix(self) -> np.ndarray:
        """See :func:`model.metrics.confusion`."""
        return confusion(self.scores, self.photographs.targets)

    @property
    def calibration_error(self) -> float:
        """Mean distance of confidence and share of right answers, in ten bins."""
        surest, answers = self.scores.double().softmax(dim=1).max(dim=1)
        right = (answers == self.photographs.targets).numpy()
        return calibration_error(reliability(surest.numpy(), right))

    def rows(self) -> list[list[str]]:
        """Class, photographs, precision, recall, the recall's 95 % interval, F1, as text."""
        result = []
        for row in classification(self.matrix, self.photographs.labels)[: -len(MEANS)]:
            low, high = "", ""
            if row.support:
                bounds = interval(round(row.recall * row.support), row.support)
                low, high = (f"{bound:.3f}" for bound in bounds)
            cells = [row.name, str(row.support), f"{row.precision:.3f}", f"{row.recall:.3f}"]
            result.append([*cells, low, high, f"{row.f1:.3f}"])
        return result

    def lines(self) -> Iterator[str]:
        """The classes, the confusion matrix if it is small, the calibration error."""
        labels = self.photographs.labels
        width = max(5, *(len(label) for label in labels))
        yield f"{self.part}, {self.kind}:"
        yield f"{'class':<{width}} photographs precision  recall  95 %             F1"
        for name, count, precision, recall, low, high, f1 in self.rows():
            between = f"{low} to {high}" if low else ""
            yield f"{name:<{width}} {count:>11} {precision:>9} {recall:>7}  {between:<14} {f1:>5}"
        if len(labels) <= SHOWN:
            yield "answers, true classes down:"
            cells = max(4, len(str(self.matrix.max())) + 1)
            for name, counts in zip(labels, self.matrix, strict=True):
                yield f"{name:<{width}}" + "".join(f"{count:>{cells}}" for count in counts)
        yield f"expected calibration error {self.calibration_error:.4f}"


def answers(figures: list[Figures]) -> Iterator[str]:
    """A line a photograph: its name, its class, and what each network says with what probability.

    Parameters
    ----------
    figures
        Each of the same photographs.
    """
    photographs = figures[0].photographs
    odds = [own.scores.double().softmax(dim=1).max(dim=1) for own in figures]
    width = min(60, max(10, *map(len, photographs.names)))
    labels = photographs.labels
    wide = max(5, *map(len, labels))
    yield f"{'photograph':<{width}} {'class':<{wide}}" + "".join(
        f" {own.kind:<{wide}} {'prob.':>5}" for own in figures
    )
    for number, name in enumerate(photographs.names):
        yield f"{name:<{width}} {labels[photographs.targets[number]]:<{wide}}" + "".join(
            f" {labels[classes[number]]:<{wide}} {float(shares[number]):>5.3f}"
            for shares, classes in odds
        )


MEANS = ("mean over classes", "mean over photographs")
"""The last rows of :func:`model.metrics.classification`."""

HEAD = ("part", "kind", "class", "photographs", "precision", "recall", "low", "high", "f1")


def write_csv(figures: list[Figures], path: Path) -> None:
    """Every class of every part and kind, a row of ``HEAD``; whole or not at all."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with open(part, "w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(HEAD)
            for own in figures:
                rows.writerows([own.part, own.kind, *row] for row in own.rows())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
