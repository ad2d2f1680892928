"""Answers as people read them."""

from dataclasses import replace

from host import show
from host.client import Answer
from spec import synthetic
from spec.decision import Decision
from spec.replies import Result
from spec.squeezenet import tiny


def test_of_many_classes_the_next_best_have_a_line_of_their_own():
    sums = tuple(range(1000))
    result = Result(sums=sums, cycles=100, winner=999, wrong=0)
    answer = Answer(key="photo.jpg", result=result, seconds=1.0)
    quantized = synthetic.quantized(tiny(classes=1000))
    said = show.verdict(answer, quantized, 100_000_000)
    first, second = show.row(said, 12).split("\n")
    assert first.split()[:3] == ["photo.jpg", "class", "999"]
    assert second.split("then ")[1].count("class ") == 4
    assert "class 998 0." in second and "class 999" not in second


def test_few_classes_have_one_line():
    result = Result(sums=(1, 2, 3), cycles=100, winner=2, wrong=0)
    answer = Answer(key="photo.jpg", result=result, seconds=1.0)
    said = show.verdict(answer, synthetic.quantized(tiny()), 100_000_000)
    assert "\n" not in show.row(said, 12)


def test_none_of_the_classes_has_no_probability():
    quantized = replace(synthetic.quantized(tiny()), decision=Decision(threshold=4))
    result = Result(sums=(1, 2, 3), cycles=100, winner=3, wrong=0)
    said = show.verdict(Answer(key="photo.jpg", result=result, seconds=1.0), quantized, 10**8)
    assert (said["label"], said["class"], said["probability"]) == ("none", 3, None)
    assert show.row(said, 12).split() == ["photo.jpg", "none", "0.001", "1000.0"]
