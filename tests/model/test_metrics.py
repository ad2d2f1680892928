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


def test_auroc_is_the_chance_to_score_above():
    assert metrics.auroc(np.array([3, 4]), np.array([1, 2])) == 1
    assert metrics.auroc(np.array([1, 3]), np.array([2, 3])) == 0.375
    assert np.isnan(metrics.auroc(np.array([]), np.array([1])))


def test_an_interval_over_groups_is_wider_than_over_pictures():
    values, groups = np.repeat([0.0, 1.0, 0.0, 1.0], 25), np.repeat(list("abcd"), 25)

    def mean(rows):
        return float(values[rows].mean())

    grouped, single = (metrics.over_groups(mean, g) for g in (groups, np.arange(100)))
    assert grouped == metrics.over_groups(mean, groups)
    assert grouped[0] < single[0] < 0.5 < single[1] < grouped[1]
    assert all(np.isnan(metrics.over_groups(lambda rows: float("nan"), groups)))


def test_calibration_error_weighs_bins_by_their_answers():
    confidence, right = np.array([0.95, 0.93, 1.0, 0.05]), np.array([1, 1, 0, 0])
    bins = metrics.reliability(confidence, right)
    assert [part.count for part in bins] == [1, 3]
    assert bins[1].right == pytest.approx(2 / 3)
    error = (0.05 + abs(0.95 + 0.93 + 1.0 - 2)) / 4
    assert metrics.calibration_error(bins) == pytest.approx(error)
