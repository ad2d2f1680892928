"""A network from elsewhere has seen none of the photographs: which calibrate, which judge."""

import argparse

import pytest

from quant.photographs import read_foreign


@pytest.fixture
def read(data):
    """Names of the photographs that calibrate and of those that judge."""

    def read(folder="train", **given):
        flags = {"validation_list": None, "validation_share": 0.0, "images": 5} | given
        arguments = argparse.Namespace(
            data=data / folder, seed=1, strict=False, nested=False, **flags
        )
        splits = read_foreign(arguments, 19)
        return set(splits.train.names), set(splits.validation.names), splits.test

    return read


def test_some_calibrate_and_the_others_judge(read):
    calibrating, judging, test = read()
    assert (len(calibrating), len(judging), test) == (5, 10, None)
    assert not calibrating & judging
    calibrating, judging, _ = read(images=100)
    assert (len(calibrating), len(judging)) == (7, 8)


def test_one_photograph_a_class_is_enough(read, data):
    for label in "abc":
        for path in sorted((data / "train" / label).iterdir())[1:]:
            path.rename(data / "train" / f"{label}{path.stem}.png")
            (data / "train" / f"only {path.stem}").mkdir()
            path = (data / "train" / f"{label}{path.stem}.png").rename(
                data / "train" / f"only {path.stem}" / path.name
            )
    calibrating, judging, _ = read(validation_share=0.2)
    assert (len(calibrating), len(judging)) == (12, 3)
    calibrating, judging, _ = read()
    assert (len(calibrating), len(judging)) == (5, 10)


def test_a_share_is_of_each_class_where_it_can_be(read):
    _, judging, _ = read(validation_share=0.2)
    assert sorted(name[0] for name in judging) == ["a", "b", "c"]


def test_a_folder_for_training_is_followed(read, data):
    calibrating, judging, _ = read(folder=".")
    assert {name.split("/")[0] for name in calibrating} == {"train"}
    assert {name.split("/")[0] for name in judging} == {"valid"}
