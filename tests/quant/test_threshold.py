from dataclasses import replace

import numpy as np
import pytest
import torch

from model.data import Photographs
from quant.threshold import all_sums, at_recall, with_class, with_recall
from spec import reference, synthetic
from spec.decision import NONE, Decision
from spec.squeezenet import tiny

QUANTIZED = synthetic.quantized(tiny(classes=3))
PICTURES = np.stack([synthetic.image(QUANTIZED.network, seed) for seed in range(12)])
IMAGES = torch.from_numpy(PICTURES).permute(0, 3, 1, 2).contiguous()
SUMS = np.array([reference.run(QUANTIZED, picture)["sums"] for picture in PICTURES])


def photographs(targets: list[int]) -> Photographs:
    return Photographs(
        images=IMAGES,
        targets=torch.tensor(targets),
        names=tuple(map(str, range(12))),
        labels=QUANTIZED.labels,
    )


def test_sums_are_the_reference_s():
    assert np.array_equal(all_sums(QUANTIZED, IMAGES), SUMS)


@pytest.mark.parametrize(
    ("recall", "threshold"), [(1.0, 10), (0.95, 10), (0.9, 20), (0.5, 60), (0.01, 100)]
)
def test_the_threshold_is_the_largest_that_keeps_the_recall(recall, threshold):
    leads = np.arange(10, 101, 10)[::-1]
    assert at_recall(leads, recall) == threshold


def test_a_recall_that_rounding_would_miss():
    assert at_recall(np.arange(140), 0.95) == 7  # 0.95 · 140 is 133, in floats a little more


@pytest.mark.parametrize("recall", [0.0, -1.0, 1.01, float("nan")])
def test_what_is_no_recall_is_refused(recall):
    with pytest.raises(ValueError, match="recall must be above 0"):
        at_recall(np.arange(3), recall)


def test_no_photograph_no_threshold():
    with pytest.raises(ValueError, match="no photograph of a known class"):
        at_recall(np.arange(0), 0.5)


def test_a_class_labelled_none_is_the_one():
    assert with_class(QUANTIZED) is QUANTIZED
    labelled = replace(QUANTIZED, labels=("a", "b", NONE))
    assert with_class(labelled).decision == Decision(none=2)


@pytest.mark.parametrize("none", [None, 2])
def test_the_share_asked_for_passes(none):
    made = replace(QUANTIZED, decision=Decision(none=none))
    targets = [0, 1] * 5 + [2, 2]
    found = with_recall(made, photographs(targets), 0.75)
    rows = SUMS if none is None else SUMS[:10]
    passed = [found.decision.answer(row) != found.decision.none_of(3) for row in rows]
    assert sum(passed) >= 0.75 * len(rows)
    stricter = replace(found.decision, threshold=found.decision.threshold + 1)
    assert sum(stricter.answer(row) != stricter.none_of(3) for row in rows) < 0.75 * len(rows)
    story = f"recall 0.75: {sum(passed)} of {len(rows)} validation photographs"
    assert found.metadata["threshold"].startswith(story)
