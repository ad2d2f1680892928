"""What a run held out is what judges it."""

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from model import checkpoint, report, train
from model.data import DataError, Photographs, read_splits
from model.split import (
    SAMPLE,
    Split,
    change,
    learned_before,
    of_training,
    settle,
    settle_data,
    trained_on,
)
from spec import artifact, synthetic
from spec.squeezenet import tiny

RUN = {"data": "photos", "validation_list": "None", "validation_share": "0.12", "seed": "3"}
FILE = Path("best.pt")


def flags(**given) -> Namespace:
    none = dict.fromkeys(("data", "validation_list", "validation_share", "seed"))
    return Namespace(**none | {"other_split": False} | given)


def test_what_is_not_given_is_the_run_s():
    arguments = flags()
    settle(arguments, RUN, FILE)
    assert arguments == flags(data=Path("photos"), validation_share=0.12, seed=3)
    listed = flags()
    settle(listed, RUN | {"validation_list": "a.txt", "validation_share": "0.0"}, FILE)
    assert listed.validation_list == Path("a.txt")


def test_the_same_values_may_be_given():
    arguments = flags(data=Path("elsewhere"), validation_share=0.12, seed=3)
    settle(arguments, RUN, FILE)
    assert arguments.data == Path("elsewhere")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"validation_share": 0.3}, "--validation-share 0.12, not 0.3"),
        ({"validation_share": 0.3, "seed": 7}, "--seed 3, not 7"),
        ({"seed": 7}, "--seed 3, not 7"),
        ({"validation_list": Path("b.txt")}, "--validation-list none, not b.txt"),
    ],
)
def test_another_split_must_be_meant(given, message):
    with pytest.raises(DataError, match=rf"best\.pt: its run held out .*{message}.*--other-split"):
        settle(flags(**given), RUN, FILE)
    meant = flags(**given, other_split=True)
    settle(meant, RUN, FILE)
    assert meant.validation_share == given.get("validation_share", 0.0)


def test_without_a_record_the_flags_must_say():
    with pytest.raises(DataError, match="does not say on which photographs"):
        settle(flags(), {}, FILE)
    arguments = flags(data=Path("a"))
    settle(arguments, {}, FILE)
    assert arguments == flags(data=Path("a"), validation_share=0.0, seed=0)
    assert Split.of({}) is None


def test_other_photographs_have_no_split_of_the_run(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "new").mkdir()
    run = RUN | {"data": str(tmp_path / "photos")}
    new = flags(data=tmp_path / "new")
    settle_data(new, run, FILE)
    assert new.validation_share == 0
    same = flags(data=tmp_path / "new" / ".." / "photos")
    settle_data(same, run, FILE)
    assert same.validation_share == 0.12


def test_a_change_is_told_in_words():
    before = {"train": {"a": "1", "b": "2"}, "validation": {"c": "3"}}
    assert change(before, before) == ""
    assert change({}, before) == ""
    after = {"train": {"a": "9", "d": "2"}, "validation": {"c": "3"}}
    assert change(before, after) == (
        "1 of train added (d, …), 1 of train gone (b, …), 1 of train changed (a, …)"
    )


def test_training_photographs_are_known_by_their_pixels():
    images = torch.randint(256, (8, 3, 4, 4), dtype=torch.uint8)
    part = Photographs(
        images=images, targets=torch.zeros(8).long(), names=tuple("abcdefgh"), labels=("x",)
    )
    names = part.digests()
    text = trained_on({"train": {n: names[n] for n in "abc"}, "validation": {"z": names["c"]}})
    assert of_training(part, text) == ["a", "b"]
    assert of_training(part, "") == []
    many = {str(number): f"{number:016x}" for number in range(2 * SAMPLE)}
    assert len(trained_on({"train": many})) < 6 * SAMPLE


def test_a_page_is_of_the_run_s_own_split(arguments, folders, tmp_path, capsys):
    data = folders(9)
    run = [f"--data={data}", "--validation-share=0.3", "--seed=5", "--epochs=1"]
    assert train.main([*arguments, *run]) == 0
    best = tmp_path / "run" / "best.pt"
    saved = checkpoint.load(best)
    assert set(saved.photographs) == {"train", "validation"}
    assert len(saved.photographs["train"]) == 18
    command = [str(best), f"--output={tmp_path / 'page'}"]
    assert report.main(command) == 0
    capsys.readouterr()
    for more in (["--validation-share=0.5"], ["--seed=1"]):
        assert report.main([*command, *more]) == 2
        assert "give --other-split" in capsys.readouterr().err
    assert report.main([*command, "--validation-share=0.5", "--other-split"]) == 0
    assert "validation photographs were trained on: the accuracy is fl" in capsys.readouterr().err


def test_photographs_that_come_later_do_not_move_the_split_unseen(
    arguments, folders, tmp_path, capsys
):
    """More photographs make another draw of the share: some of it was trained on."""
    data = folders(9)
    run = [f"--data={data}", "--validation-share=0.3", "--epochs=1"]
    assert train.main([*arguments, *run]) == 0
    for label in ("blue", "green", "red"):
        for number in range(4):
            old = (data / label / f"{number:02d}.png").read_bytes()
            (data / label / f"new {number}.png").write_bytes(old + b" ")
            (data / label / f"{number:02d}.png").unlink()
    command = [str(tmp_path / "run" / "best.pt"), f"--output={tmp_path / 'page'}"]
    capsys.readouterr()
    assert report.main(command) == 2
    assert "validation photographs were trained on (" in capsys.readouterr().err


@pytest.fixture
def begun(folders, tmp_path):
    """Flags of a run on folders of classes, and its checkpoint, which trained on all but some."""
    data = folders(8)
    flags = [f"--data={data}", "--image=24", "--blocks=1", "--epochs=1", "--no-report"]
    flags += ["--validation-share=0.25", "--num-filters=4", "--base-e=4", "--batch=8"]
    assert train.main([*flags, f"--output={tmp_path / 'a'}", "--seed=1"]) == 0
    return flags, tmp_path / "a" / "best.pt"


@pytest.mark.parametrize("flag", ["init", "teacher"])
def test_what_a_run_begins_with_learned_of_its_validation_photographs(
    begun, tmp_path, capsys, flag
):
    flags, first = begun
    capsys.readouterr()
    more = [f"--{flag}={first}", *(["--views=1"] if flag == "teacher" else [])]
    assert train.main([*flags, *more, f"--output={tmp_path / 'b'}", "--seed=2"]) == 0
    warned = capsys.readouterr().err
    assert "WARNING: " in warned and "of 6 validation photographs" in warned
    assert "so the accuracy is flattered: give --seed and" in warned
    assert train.main([*flags, *more, f"--output={tmp_path / 'c'}", "--seed=1"]) == 0
    assert "flattered" not in capsys.readouterr().err


def test_of_another_size_photographs_have_the_same_names(begun, tmp_path):
    flags, first = begun
    data = Path(flags[0].removeprefix("--data="))
    for seed, wrong in ((1, False), (2, True)):
        splits = read_splits(data, 16, validation_share=0.25, seed=seed)
        assert bool(learned_before(first, splits.validation, data)) is wrong
        assert not learned_before(first, splits.validation, tmp_path)  # photographs of elsewhere
    (tmp_path / "a.onnx").write_bytes(b"damaged")
    assert not learned_before(tmp_path / "a.onnx", splits.validation, data)


def test_a_model_file_that_learned_the_validation_photographs(tmp_path):
    images = torch.randint(256, (2, 3, 4, 4), dtype=torch.uint8)
    seen = Photographs(images=images, targets=torch.zeros(2).long(), names=("a", "b"), labels="x")
    made = synthetic.quantized(tiny())
    trained = trained_on({"train": seen.digests()})
    artifact.save(replace(made, metadata={"provenance.trained_on": trained}), tmp_path / "a.onnx")
    line = learned_before(tmp_path / "a.onnx", seen, tmp_path)
    assert line.startswith(f"{tmp_path / 'a.onnx'}: learned 2 of 2 validation photographs (a, …)")
