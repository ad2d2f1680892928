"""Pictures of anything else: the class none, one's own cameras, backgrounds."""

import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image

from model import checkpoint, train
from model.data import DataError, read_splits
from model.others import Backgrounds, add_others, read_pictures
from spec.decision import NONE


@pytest.fixture
def grey(tmp_path) -> Path:
    """Three grey pictures, one of them in a folder of its own, and a text."""
    folder = tmp_path / "grey"
    (folder / "more").mkdir(parents=True)
    for name in ("a.png", "b.png", "more/c.png"):
        Image.new("RGB", (30, 24), (90, 90, 90)).save(folder / name)
    (folder / "notes.txt").write_text("where they are from")
    return folder


def add(data: Path, **more):
    given = {"others": None, "empties": None, "field": None, "repeat": 2} | more
    return add_others(read_splits(data, 24), 24, **given)


def test_every_picture_below_a_folder_is_none(grey):
    found = read_pictures(grey, 24)
    assert found.labels == (NONE,) and len(found) == 3
    assert [line.split(":")[0] for line in found.skipped] == [str(grey / "notes.txt")]
    with pytest.raises(DataError, match="strict"):
        read_pictures(grey, 24, strict=True)


def test_none_is_one_more_class_of_all_splits(data, grey):
    splits, backgrounds = add(data, others=grey, empties=grey)
    for _, part in splits.items():
        assert part.labels == ("blue", "green", "red", NONE)
    assert splits.train.targets.bincount().tolist() == [6, 6, 6, 3 + 2 * 3]
    assert (splits.validation.targets < 3).all()
    assert len(backgrounds.empties) == len(backgrounds.others) == 3


def test_own_frames_are_shown_more_often(data):
    splits, backgrounds = add(data, field=data / "valid", repeat=3)
    assert splits.train.labels == ("blue", "green", "red")
    assert splits.train.targets.bincount().tolist() == [6 + 3 * 2] * 3
    assert backgrounds is None


def test_nothing_more_changes_nothing(data):
    splits, _ = add(data)
    assert torch.equal(splits.train.images, read_splits(data, 24).train.images)


def test_half_of_the_backgrounds_are_empties():
    made = Backgrounds(
        empties=torch.zeros(1, 3, 2, 2, dtype=torch.uint8),
        others=torch.ones(9, 3, 2, 2, dtype=torch.uint8),
    )
    drawn = made.draw(1000, torch.Generator().manual_seed(0))[:, 0, 0, 0]
    assert 400 < int(drawn.sum()) < 600
    only = Backgrounds(empties=made.empties[:0], others=made.others)
    assert (only.draw(20, torch.Generator().manual_seed(0)) == 1).all()


@pytest.mark.parametrize(
    ("flag", "words"), [("others", "no such folder"), ("field", "no such folder")]
)
def test_a_folder_that_is_not_there(data, tmp_path, flag, words):
    with pytest.raises(DataError, match=words):
        add(data, **{flag: tmp_path / "nowhere"})


def test_folders_that_do_not_fit_are_named(data, grey, tmp_path):
    with pytest.raises(DataError, match="more is no class"):
        add(data, field=grey)
    (tmp_path / "void").mkdir()
    with pytest.raises(DataError, match="holds no picture"):
        add(data, empties=tmp_path / "void")
    shutil.copytree(data / "train", tmp_path / "own")
    shutil.copytree(grey, tmp_path / "own" / NONE)
    with pytest.raises(DataError, match=f"a class folder is called {NONE}"):
        splits = read_splits(tmp_path / "own", 24, validation_share=0.4)
        add_others(splits, 24, others=grey, empties=None, field=None, repeat=1)


def test_a_run_learns_what_is_none(arguments, data, grey, tmp_path, capsys):
    more = ["--epochs=8", f"--others={grey}", f"--empties={grey}", "--repeat=3"]
    more += ["--paste=0.3", "--smallest=0.7", "--night=0.1", "--blur=0.1", "--hide=0.1"]
    assert train.main([*arguments, *more]) == 0
    made = checkpoint.load(tmp_path / "run" / "best.pt")
    assert made.labels[-1] == NONE
    scores = made.module()(read_pictures(grey, 24).images.float() / 255)
    assert (scores.argmax(dim=1) == 3).all()
    assert made.history[-1]["validation_accuracy"] > 0.6
    capsys.readouterr()


def test_two_runs_are_one(arguments, grey, tmp_path, capsys):
    more = ["--epochs=1", f"--others={grey}", "--paste=0.5", "--night=0.5", "--hide=0.5"]
    states = []
    for name in ("one", "two"):
        assert train.main([*arguments, *more, f"--output={tmp_path / name}"]) == 0
        states.append(checkpoint.load(tmp_path / name / "last.pt").state)
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    capsys.readouterr()
