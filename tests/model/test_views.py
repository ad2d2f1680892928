"""Views: what the teacher sees is what is kept."""

import io

import pytest
import torch

from model import checkpoint, train
from model.augment import Augmentation
from model.data import read_splits
from model.views import make_views

HOW = Augmentation(crop=0.5, rotate=10, colour=0.3)


def mean_teacher(images):
    """Scores are the means of the colours; hints are a hundred times these."""
    scores = images.mean(dim=(2, 3))
    return scores, scores * 100


@pytest.mark.parametrize("mixing", [{}, {"mixup": 1.0}, {"cutmix": 1.0}])
def test_the_teacher_sees_the_pixels_that_are_kept(data, mixing):
    photographs = read_splits(data, 24).train
    one, again, other = (
        make_views(mean_teacher, photographs, count=2, size=16, how=HOW, seed=seed, **mixing)
        for seed in (1, 1, 2)
    )
    assert one.images.shape == (18, 2, 3, 16, 16)
    torch.testing.assert_close(one.scores, one.images.float().mean(dim=(3, 4)) / 255)
    assert torch.equal(one.hints, one.scores * 100)
    assert torch.equal(again.images, one.images)
    assert not torch.equal(other.images, one.images)
    assert not torch.equal(one.images[:, 0], one.images[:, 1])


def test_a_view_s_label_says_what_is_in_it(data):
    """Each class is a colour: unmixed, the label is the photograph's; mixed, it has two shares."""
    photographs = read_splits(data, 24).train
    plain = make_views(mean_teacher, photographs, count=1, size=16, how=HOW, seed=1)
    assert torch.equal(plain.labels[:, 0].argmax(dim=1), photographs.targets)
    assert torch.equal(plain.labels.max(dim=2).values, torch.ones(18, 1))
    how = Augmentation()  # so that a view's mean colour is a mixture of whole photographs
    mixed = make_views(
        mean_teacher, photographs, count=4, size=24, how=how, mixup=1, batch=18, seed=1
    )
    assert (mixed.labels.max(dim=2).values < 1).any()
    colours = torch.stack(
        [photographs.images[photographs.targets == k].float().mean(dim=(0, 2, 3)) for k in range(3)]
    )
    torch.testing.assert_close(mixed.labels @ colours / 255, mixed.scores, rtol=0, atol=0.02)


def test_a_refitted_layer_is_the_smaller_the_more_its_weights_cost(data):
    photographs = read_splits(data, 24).train

    def untaught(images):
        return None, images.mean(dim=(2, 3))

    usual, also, small = (
        make_views(untaught, photographs, count=2, size=16, how=HOW, seed=1, **more)
        for more in ({}, {"decay": 0.03}, {"decay": 3.0})
    )
    assert torch.equal(usual.scores, also.scores)
    assert small.scores.std(dim=(0, 1)).max() < usual.scores.std(dim=(0, 1)).min() / 4


def test_views_of_before_the_penalty_was_a_setting_are_of_its_default(arguments, tmp_path, capsys):
    assert train.main([*arguments, "--epochs=1"]) == 0
    views = tmp_path / "views.pt"
    arguments += [f"--teacher={tmp_path / 'run' / 'best.pt'}", "--views=1", f"--views-file={views}"]
    assert train.main([*arguments, "--epochs=1", f"--output={tmp_path / 'new'}"]) == 0
    content = torch.load(views)
    assert content["from"].pop("refit_decay") == "0.03"
    torch.save(content, views)
    assert train.main([*arguments, "--epochs=1", f"--output={tmp_path / 'old'}"]) == 0
    content["from"]["refit_decay"] = "0.1"
    torch.save(content, views)
    assert train.main([*arguments, "--epochs=1", f"--output={tmp_path / 'other'}"]) == 2
    assert "its views were made with another refit_decay" in capsys.readouterr().err
    assert train.main([*arguments, "--refit-decay=0", f"--output={tmp_path / 'none'}"]) == 2
    assert "refit_decay must be above 0, not 0.0" in capsys.readouterr().err


def test_kept_views_are_the_same_run(arguments, tmp_path, capsys):
    assert train.main([*arguments, "--epochs=1"]) == 0
    arguments += [f"--teacher={tmp_path / 'run' / 'best.pt'}", "--views=2", "--stages=16x1"]
    file = f"--views-file={tmp_path / 'views.pt'}"
    for name in ("first", "second"):
        assert train.main([*arguments, file, f"--output={tmp_path / name}"]) == 0
    one, other = (checkpoint.load(tmp_path / name / "last.pt") for name in ("first", "second"))
    assert one.history[-1]["loss"] == other.history[-1]["loss"]
    capsys.readouterr()
    third = f"--output={tmp_path / 'third'}"
    for change in ("--views=3", "--mixup=0.5", "--cutmix=0.5", "--seed=1", "--crop=0.4"):
        assert train.main([*arguments, file, third, change]) == 2
        name = change[2:].split("=")[0].replace("crop", "augmentation")
        assert f"views.pt: its views were made with another {name}" in capsys.readouterr().err
    (tmp_path / "views.pt").write_text("a photograph")
    assert train.main([*arguments, file, f"--output={tmp_path / 'fourth'}"]) == 2
    assert "views.pt: damaged, or not a file of views" in capsys.readouterr().err


def test_runs_of_other_seeds_share_views_if_that_is_said(arguments, tmp_path, capsys):
    assert train.main([*arguments, "--epochs=1"]) == 0
    views = tmp_path / "views.pt"
    arguments += [f"--teacher={tmp_path / 'run' / 'best.pt'}", "--views=2", "--epochs=1"]
    arguments += [f"--views-file={views}"]
    assert train.main([*arguments, f"--output={tmp_path / 'first'}"]) == 0
    before = views.read_bytes()
    other = [*arguments, "--seed=1", f"--output={tmp_path / 'second'}"]
    assert train.main(other) == 2
    assert "its views were made with another seed" in capsys.readouterr().err
    assert train.main([*other, "--views-seed=0"]) == 0
    assert views.read_bytes() == before
    losses = [
        checkpoint.load(tmp_path / n / "last.pt").history[-1]["loss"] for n in ("first", "second")
    ]
    assert losses[0] != losses[1]
    views.unlink()
    assert (
        train.main([*arguments, "--seed=1", "--views-seed=0", f"--output={tmp_path / 'made'}"]) == 0
    )
    assert torch.equal(torch.load(views)["images"], torch.load(io.BytesIO(before))["images"])
    assert train.main([*arguments, "--views-seed=-1", f"--output={tmp_path / 'none'}"]) == 2
