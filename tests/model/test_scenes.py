"""Pictures as a camera trap makes them."""

import numpy as np
import pytest
import torch

from model.augment import Augmentation
from model.others import Backgrounds
from model.scenes import NEVER, Scenes, at_night, at_third, blur, change, hide, night, paste, staged
from spec.camera import through

WHITE, BLACK = torch.ones(3, 32, 32), torch.zeros(3, 32, 32)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_hard_paste_is_the_whole_picture_somewhere():
    made = paste(WHITE, BLACK, 0.25, [1.0, 0.5, 0.5, 0.9])
    assert made.sum() == 3 * 8 * 8
    rows = made[0].sum(dim=1).nonzero().flatten()
    assert rows.tolist() == list(range(12, 20))
    assert made.round(decimals=5).unique().tolist() == [0, 1]


def test_a_paste_may_lie_partly_beyond_the_frame():
    corner = paste(WHITE, BLACK, 0.25, [1.0, 0.0, 1.0, 0.9])
    assert 0 < corner.sum() < 3 * 8 * 8
    assert corner[0, 0].any() and corner[0, :, -1].any()


def test_a_soft_paste_fades_at_its_edge():
    made = paste(WHITE, BLACK, 0.5, [1.0, 0.5, 0.5, 0.1])
    assert 0 < float(made[made > 0].min()) < 0.5
    assert float(made.max()) == 1


def test_a_side_is_drawn_down_to_the_smallest():
    sides = [
        int(paste(WHITE, BLACK, 0.25, [draw, 0.5, 0.5, 0.9])[0].any(dim=0).sum())
        for draw in (0.0, 0.5, 1.0)
    ]
    assert sides == [32, 16, 8]


def test_background_hides_a_band_in_place():
    for turn, axis in ((0.1, 0), (0.9, 1)):
        image = WHITE.clone()
        hide(image, BLACK, [1.0, 0.0, turn])
        assert (image[0].sum(dim=axis) == 0).sum() == 16


def test_a_blur_takes_detail_and_keeps_the_mean():
    checks = (torch.arange(32)[:, None] + torch.arange(32)) % 2 * torch.ones(3, 1, 1)
    made = blur(checks, 1.0)
    assert made.shape == checks.shape
    assert float(made.std()) < 0.2 and float(made.mean()) == pytest.approx(0.5, abs=0.01)


def test_night_is_grey_dark_and_noisy():
    colours = torch.rand(4, 3, 32, 32, generator=generator())
    made = night(colours, torch.full((4, 8), 0.5), generator(1))
    assert torch.equal(made[:, 0], made[:, 1]) and torch.equal(made[:, 0], made[:, 2])
    assert float(made.mean()) < float(colours.mean())
    middle, corner = made[:, :, 12:20, 12:20].mean(), made[:, :, :8, :8].mean()
    assert float(middle) > float(corner)
    assert float(made.min()) >= 0 and float(made.max()) <= 1


def test_never_and_always():
    images = torch.rand(6, 3, 32, 32, generator=generator())
    behind = torch.rand(6, 3, 32, 32, generator=generator(1))
    kept = images.clone()
    assert torch.equal(change(images, behind, NEVER, generator()), images)
    for key in ("paste", "night", "blur", "hide", "camera"):
        made = change(images, behind, Scenes(**{key: 1.0}), generator(2))
        assert torch.equal(made, change(images, behind, Scenes(**{key: 1.0}), generator(2)))
        assert all(not torch.equal(one, other) for one, other in zip(made, images, strict=True))
    assert torch.equal(images, kept)


def test_a_camera_sends_fewer_bits_of_every_picture():
    pixels = torch.randint(256, (2, 3, 8, 8), generator=generator(), dtype=torch.uint8)
    made = change(pixels / 255, pixels / 255, Scenes(camera=1.0), generator())
    for image, row in zip(pixels, made, strict=True):
        wanted = through(image.permute(1, 2, 0).numpy())
        assert np.array_equal((row * 255).round().permute(1, 2, 0).numpy(), wanted)


def test_without_backgrounds_night_still_falls():
    images = torch.rand(2, 3, 8, 8, generator=generator())
    assert staged(images, None, Augmentation(), NEVER, generator()) is images
    made = staged(images, None, Augmentation(), Scenes(night=1.0), generator())
    assert torch.equal(made[:, 0], made[:, 1])
    behind = Backgrounds(
        empties=torch.zeros(1, 3, 8, 8, dtype=torch.uint8),
        others=torch.zeros(0, 3, 8, 8, dtype=torch.uint8),
    )
    made = staged(images, behind, Augmentation(), Scenes(paste=1, smallest=0.3), generator())
    assert (made == 0).any()


@pytest.mark.parametrize("values", [{"paste": 1.5}, {"night": -0.1}, {"smallest": 0.0}])
def test_what_is_no_probability_is_refused(values):
    with pytest.raises(ValueError, match=next(iter(values))):
        Scenes(**values)


def test_the_test_pictures():
    picture = torch.full((3, 30, 30), 200, dtype=torch.uint8)
    background = torch.zeros(3, 30, 30, dtype=torch.uint8)
    for draws in ([0.0, 0.0], [1.0, 1.0]):
        made = at_third(picture, background, draws)
        assert int((made == 200).sum()) == 3 * 10 * 10
    dark = at_night(picture[None])
    assert dark.dtype == torch.uint8 and dark.unique().tolist() == [70]
