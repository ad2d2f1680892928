"""Ratios by hand."""

import numpy as np
import pytest
import torch

from model import metrics

MATRIX = np.array([[3, 1, 0], [0, 2, 0], [0, 0, 0]])


def test_confusion_is_truth_down_answers_across():
    scores = torch.eye(3)[[0, 0, 0, 1, 1, 1]]
    targets = torch.tensor([0, 0, 0, 0, 1, 1])
    assert np.array_equal(metrics.confusion(scores, targets), MATRIX)
    assert metrics.accuracy(MATRIX) == 5 / 6


def test_classification_report():
    rows = metrics.classification(MATRIX, ("a", "b", "c"))
    assert [row.name for row in rows[:3]] == ["a", "b", "c"]
    assert [row.precision for row in rows[:3]] == [1, pytest.approx(2 / 3), 0]
    assert [row.recall for row in rows[:3]] == [0.75, 1, 0]
    assert [row.f1 for row in rows[:3]] == [pytest.approx(6 / 7), pytest.approx(0.8), 0]
    assert [row.support for row in rows] == [4, 2, 0, 6, 6]
    assert rows[3].recall == pytest.approx(1.75 / 3)
    assert rows[4].recall == pytest.approx(5 / 6)
    assert rows[4].precision == pytest.approx((4 + 2 * 2 / 3) / 6)
