"""Counts and ratios of right and wrong answers."""

import math
from collections.abc import Callable
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


def interval(right: int, of: int) -> tuple[float, float]:
    """Where the accuracy lies in 95 cases of 100, ``right`` photographs of ``of`` being right.

    Wilson's score interval: Wilson, "Probable inference, the law of succession, and statistical
    inference", JASA 22 (1927); it stays in 0…1 and means something for few photographs, too.
    """
    z = 1.959964  # of the normal distribution, 2.5 % above it
    share = right / of
    middle = share + z * z / (2 * of)
    reach = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    scale = 1 + z * z / of
    return max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale)


def in_words(right: int, of: int) -> str:
    """An accuracy as it is always told: with its count and its interval."""
    low, high = interval(right, of)
    return f"{right / of:.4f} ({right} of {of}), 95 %: {low:.3f} to {high:.3f}"


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


def auroc(positive: np.ndarray, negative: np.ndarray) -> float:
    """The chance that a positive scores above a negative, equal scores half each; NaN without."""
    if not len(positive) or not len(negative):
        return float("nan")
    difference = np.asarray(positive)[:, None] - np.asarray(negative)[None]
    return float((difference > 0).mean() + (difference == 0).mean() / 2)


def over_groups(
    figure: Callable[[np.ndarray], float], groups: np.ndarray, *, draws: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """The 95 % interval of a figure, by a bootstrap over groups, such as cameras, not pictures.

    ``figure`` takes indices of pictures; draws for which it is NaN do not count, and without any
    other the interval is NaN. Efron and Tibshirani, "An Introduction to the Bootstrap", 1993.
    """
    random = np.random.default_rng(seed)
    names, number = np.unique(groups, return_inverse=True)
    members = [np.flatnonzero(number == index) for index in range(len(names))]
    values = []
    for _ in range(draws):
        chosen = random.integers(len(names), size=len(names))
        values.append(figure(np.concatenate([members[index] for index in chosen])))
    values = [value for value in values if not np.isnan(value)]
    if not values:
        return float("nan"), float("nan")
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Answers of about one confidence: its mean, the share that is right, and how many."""

    confidence: float
    right: float
    count: int


def reliability(confidence: np.ndarray, right: np.ndarray, bins: int = 10) -> list[Bin]:
    """Answers by their confidence in 0…1, in bins of equal width; empty bins are left out.

    Guo et al., "On Calibration of Modern Neural Networks", 2017.
    """
    number = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        Bin(
            confidence=float(confidence[number == index].mean()),
            right=float(right[number == index].mean()),
            count=int((number == index).sum()),
        )
        for index in np.unique(number)
    ]


def calibration_error(bins: list[Bin]) -> float:
    """Mean distance of confidence and share of right answers, weighted by counts."""
    total = sum(part.count for part in bins)
    return sum(part.count * abs(part.confidence - part.right) for part in bins) / total
