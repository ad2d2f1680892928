"""Batches come from the seed and the epoch; processes share them."""

import pytest
import torch

from model.batches import Batches
from model.data import read_splits
from model.parallel import Group
from model.settings import parse
from model.views import Views


@pytest.fixture
def batches(arguments, data):
    """Makes the batches of a run, with or without views, for one process of a group."""
    train = read_splits(data, 24).train

    def make(*flags, views=None, **group):
        flags += ("--teacher=teacher.onnx",) if views else ()
        settings = parse([*arguments, "--batch=4", *flags])
        return Batches(train=train, views=views, settings=settings, group=Group(**group))

    return make


def test_an_epoch_is_a_permutation_without_the_rest(batches):
    made = batches("--smoothing=0")
    assert made.steps == 4  # 18 photographs
    images, targets = zip(*((images, one) for images, (one,) in made.epoch(0)), strict=True)
    assert [len(part) for part in images] == [4] * 4
    assert torch.cat(targets).sum(dim=0).max() <= 6


def test_the_same_epoch_twice_and_another(batches):
    one, again = (torch.cat([images for images, _ in batches().epoch(3)]) for _ in range(2))
    assert torch.equal(one, again)
    assert not torch.equal(one, torch.cat([images for images, _ in batches().epoch(4)]))
    other = torch.cat([images for images, _ in batches("--seed=1").epoch(3)])
    assert not torch.equal(one, other)


def test_two_processes_share_each_batch(batches):
    whole = list(batches().epoch(1))
    parts = [list(batches(rank=rank, size=2).epoch(1)) for rank in range(2)]
    for (images, (targets,)), *halves in zip(whole, *parts, strict=True):
        for rank, (own, (labels,)) in enumerate(halves):
            torch.testing.assert_close(own, images[rank::2], rtol=0, atol=1e-6)
            assert torch.equal(labels, targets[rank::2])


def test_labels_are_smoothed(batches):
    _, (targets,) = next(batches("--smoothing=0.3").epoch(0))
    torch.testing.assert_close(targets.max(dim=1).values, torch.full((4,), 0.8))
    torch.testing.assert_close(targets.sum(dim=1), torch.ones(4))


def test_a_view_comes_with_its_own_scores_at_the_stage_s_size(batches):
    """Each view is one grey level, and its scores say which."""
    levels = torch.arange(18 * 2).view(18, 2)
    scores = torch.stack([levels, levels * 0, levels * 0], dim=2).float() / 10
    views = Views(
        images=levels.byte()[:, :, None, None, None].expand(18, 2, 3, 24, 24).contiguous(),
        labels=scores,
        scores=scores,
        hints=scores * 3,
    )
    flags = ["--views=2", "--stages=16x1", "--temperature=2", "--smoothing=0"]
    for number, size in ((0, 16), (1, 24)):
        for images, (labels, softened, hints) in batches(*flags, views=views).epoch(number):
            assert images.shape == (4, 3, size, size)
            level = (images[:, 0, 0, 0] * 255).round() / 10
            wanted = torch.stack([level, level * 0, level * 0], dim=1)
            torch.testing.assert_close(softened, (wanted / 2).softmax(dim=1))
            torch.testing.assert_close(hints, (wanted * 3).softmax(dim=1))
            torch.testing.assert_close(labels, wanted)


@pytest.fixture
def grey():
    """Two views of each photograph, one grey level each; its scores and its label say which."""
    levels = torch.arange(18 * 2).view(18, 2)
    scores = torch.stack([levels, levels * 0, levels * 0], dim=2).float() / 10
    images = levels.byte()[:, :, None, None, None].expand(18, 2, 3, 24, 24).contiguous()
    return Views(images=images, labels=scores, scores=scores)


def test_views_are_mixed_with_what_the_teacher_said_of_them(batches, grey):
    """Of blended views a level is the mean of two, weighed as labels and softened scores are."""
    flags = ["--views=2", "--temperature=1", "--smoothing=0", "--batch=4", "--flip=0"]
    plain = list(batches(*flags, views=grey).epoch(0))
    mixed = list(batches(*flags, "--view-mixup=1", views=grey).epoch(0))
    assert len(mixed) == len(plain)
    for images, (labels, softened) in mixed:
        torch.testing.assert_close(labels[:, 0], images[:, 0, 0, 0] * 25.5, rtol=0, atol=1e-4)
        torch.testing.assert_close(softened.sum(dim=1), torch.ones(4))
        levels = (images[:, 0, 0, 0] * 255).double()
        assert ((levels - levels.round()).abs() > 1e-3).any()
    cut = list(batches(*flags, "--view-cutmix=1", views=grey).epoch(0))
    for images, (labels, _) in cut:
        levels = images[:, 0].mean(dim=(1, 2)) * 25.5
        torch.testing.assert_close(labels[:, 0], levels, rtol=0, atol=1e-4)


def test_a_view_is_cropped_and_coloured_anew_at_every_step(batches, grey):
    slope = torch.arange(24.0).expand(18, 2, 3, 24, 24).byte() * 10
    views = Views(images=slope, labels=grey.labels, scores=grey.scores)
    flags = ["--views=2", "--flip=0"]
    whole, _ = next(batches(*flags, views=views).epoch(0))
    assert torch.equal(whole * 255, slope[:4, 0].float())
    part, targets = next(batches(*flags, "--view-crop=0.5", views=views).epoch(0))
    assert part.shape == whole.shape
    spans = part[:, 0, 0, -1] - part[:, 0, 0, 0]
    assert (spans < whole[0, 0, 0, -1] - whole[0, 0, 0, 0] - 0.01).all() and len(
        spans.unique()
    ) == 4
    _, same = next(batches(*flags, views=views).epoch(0))
    assert all(torch.equal(one, other) for one, other in zip(targets, same, strict=True))
    bright, _ = next(batches(*flags, "--view-colour=0.5", views=views).epoch(0))
    assert len(bright.mean(dim=(1, 2, 3)).unique()) == 4


def test_fewer_photographs_than_a_batch_are_one_batch(batches):
    made = batches("--batch=50")
    assert [len(images) for images, _ in made.epoch(0)] == [18]
