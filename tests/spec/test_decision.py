from dataclasses import replace

import numpy as np
import onnx
import pytest

from spec import artifact, synthetic
from spec.artifact import ArtifactError
from spec.decision import NONE, THRESHOLD_RANGE, Decision
from spec.squeezenet import tiny


@pytest.mark.parametrize(
    ("decision", "sums", "answer"),
    [
        (Decision(), (-5, -7), 0),
        (Decision(), (3, 9, 9), 1),
        (Decision(none=2), (3, 9, 9), 1),
        (Decision(none=2), (3, 9, 10), 2),
        (Decision(none=0), (9, 9, 3), 1),
        (Decision(none=0), (9, 8, 3), 0),
        (Decision(none=2, threshold=4), (3, 9, 5), 1),
        (Decision(none=2, threshold=5), (3, 9, 5), 2),
        (Decision(none=2, threshold=-1), (3, 9, 10), 1),
        (Decision(threshold=9), (3, 9), 1),
        (Decision(threshold=10), (3, 9), 2),
        (Decision(threshold=-5), (-6, -6), 2),
    ],
)
def test_the_answer_follows_from_the_lead(decision, sums, answer):
    assert decision.answer(sums) == answer
    assert decision.answer(np.array(sums)) == answer


def test_without_class_and_threshold_the_answer_is_the_largest_sum():
    random = np.random.default_rng(0)
    for sums in random.integers(-4, 4, (200, 5)):
        assert Decision().answer(sums) == sums.argmax()
    assert not Decision().refuses


def test_a_last_class_for_none_and_no_threshold_is_the_largest_sum_too():
    random = np.random.default_rng(1)
    for sums in random.integers(-4, 4, (200, 5)):
        assert Decision(none=4).answer(sums) == sums.argmax()
    assert Decision(none=4).refuses


@pytest.mark.parametrize("values", [{"none": -1}, {"threshold": THRESHOLD_RANGE[1] + 1}])
def test_numbers_that_no_register_holds_are_refused(values):
    with pytest.raises(ValueError, match="must"):
        Decision(**values)


DECISIONS = [Decision(), Decision(none=2), Decision(none=0, threshold=-7), Decision(threshold=12)]


@pytest.mark.parametrize("decision", DECISIONS)
def test_the_file_keeps_it(decision, tmp_path):
    made = replace(synthetic.quantized(tiny(classes=3)), decision=decision)
    artifact.save(made, tmp_path / "made.onnx")
    read = artifact.load(tmp_path / "made.onnx")
    assert read.decision == decision
    assert read.metadata == made.metadata


def test_an_answer_has_a_label():
    made = synthetic.quantized(tiny(classes=3))
    assert made.label(2) == made.labels[2]
    assert made.label(3) == NONE


@pytest.mark.parametrize(("none", "classes"), [(3, 3), (0, 1)])
def test_a_class_for_none_is_one_of_several(none, classes):
    with pytest.raises(ValueError, match="not the only one"):
        replace(synthetic.quantized(tiny(classes=classes)), decision=Decision(none=none))


@pytest.mark.parametrize("key", ["none.class", "none.threshold"])
@pytest.mark.parametrize("text", ["many", "-9999999999"])
def test_a_damaged_decision_is_refused_by_name(key, text, tmp_path):
    made = replace(synthetic.quantized(tiny()), metadata={})
    path = tmp_path / "made.onnx"
    artifact.save(made, path)
    model = onnx.load(path)
    model.metadata_props.add(key=key, value=text)
    onnx.save(model, path)
    with pytest.raises(ArtifactError, match=r"none.* must be|threshold must"):
        artifact.load(path)


def test_free_metadata_cannot_decide(tmp_path):
    made = replace(synthetic.quantized(tiny()), metadata={"none.class": "1"})
    with pytest.raises(ArtifactError, match=r"none\.class"):
        artifact.save(made, tmp_path / "made.onnx")
