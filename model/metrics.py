"""Counts and ratios of right and wrong answers."""

from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a classification report; ratios in 0…1, 0 where nothing was there to divide by.

    Of a class, ``support`` is how many photographs truly belong to it.
    """

    name: str
    precision: float
    recall: float
    f1: float
    support: int


def confusion(scores: torch.Tensor, targets: torch.Tensor) -> np.ndarray:
    """How often each true class (rows) got each answer (columns); int64, (classes, classes)."""
    classes = scores.shape[1]
    matrix = np.zeros((classes, classes), np.int64)
    np.add.at(matrix, (targets.numpy(), scores.argmax(dim=1).numpy()), 1)
    return matrix


def accuracy(matrix: np.ndarray) -> float:
    """The share of right answers in a confusion matrix, 0…1."""
    return float(np.trace(matrix) / matrix.sum())


def classification(matrix: np.ndarray, labels: tuple[str, ...]) -> list[Row]:
    """A row for each class, then the plain mean over classes and the one weighted by support."""
    right, answered, support = matrix.diagonal(), matrix.sum(axis=0), matrix.sum(axis=1)
    precision = right / np.maximum(answered, 1)
    recall = right / np.maximum(support, 1)
    f1 = 2 * right / np.maximum(answered + support, 1)
    columns = np.stack([precision, recall, f1], axis=1)
    rows = [
        Row(
            name=label,
            precision=float(values[0]),
            recall=float(values[1]),
            f1=float(values[2]),
            support=int(count),
        )
        for label, values, count in zip(labels, columns, support, strict=True)
    ]
    for name, weights in (
        ("mean over classes", np.ones(len(labels))),
        ("mean over photographs", support),
    ):
        p, r, f = (float(value) for value in weights @ columns / weights.sum())
        rows.append(Row(name=name, precision=p, recall=r, f1=f, support=int(support.sum())))
    return rows
