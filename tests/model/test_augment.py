"""Augmentation: nothing asked is nothing done; what is asked stays in range and is seeded."""

import pytest
import torch

from model.augment import DRAWS, Augmentation, augment, mix

IMAGES = torch.randint(256, (6, 3, 20, 20), generator=torch.Generator().manual_seed(0)).byte()
EVERYTHING = Augmentation(crop=0.3, aspect=1.5, rotate=20, shear=10, colour=0.5, flip=0.5)


def draws(count: int = 6, seed: int = 0) -> torch.Tensor:
    return torch.rand(count, DRAWS, generator=torch.Generator().manual_seed(seed))


def test_nothing_asked_changes_nothing():
    out = augment(IMAGES, 20, Augmentation(), draws())
    torch.testing.assert_close(out, IMAGES / 255, rtol=0, atol=1e-5)


def test_a_certain_flip_is_a_mirror():
    out = augment(IMAGES, 20, Augmentation(flip=1.0), draws())
    torch.testing.assert_close(out, IMAGES.flip(3) / 255, rtol=0, atol=1e-5)


def test_half_the_images_are_flipped():
    images = torch.arange(20).expand(400, 3, 20, 20).byte()
    out = augment(images, 20, Augmentation(flip=0.5), draws(400))
    share = float((out[:, 0, 0, 0] > out[:, 0, 0, -1]).float().mean())
    assert 0.4 < share < 0.6


def test_values_stay_in_range_and_layout():
    out = augment(IMAGES, 12, EVERYTHING, draws())
    assert out.shape == (6, 3, 12, 12)
    assert out.dtype == torch.float32
    assert out.min() >= 0
    assert out.max() <= 1
    assert out.is_contiguous(memory_format=torch.channels_last)


def test_an_image_depends_on_its_own_draws_only():
    """So processes that share a batch, and one alone, make the same images."""
    whole = augment(IMAGES, 12, EVERYTHING, draws())
    half = augment(IMAGES[1::2], 12, EVERYTHING, draws()[1::2])
    torch.testing.assert_close(half, whole[1::2], rtol=0, atol=1e-6)
    assert not torch.equal(augment(IMAGES, 12, EVERYTHING, draws(seed=1)), whole)


def test_a_crop_keeps_colour_of_a_plain_image():
    plain = torch.full((4, 3, 20, 20), 100, dtype=torch.uint8)
    how = Augmentation(crop=0.2, aspect=2.0, rotate=30, shear=15)
    out = augment(plain, 20, how, draws(4))
    torch.testing.assert_close(out, torch.full_like(out, 100 / 255))


def test_brightness_contrast_saturation_leave_grey_grey():
    grey = IMAGES[:, :1].expand(-1, 3, -1, -1)
    out = augment(grey, 20, Augmentation(colour=0.5), draws())
    torch.testing.assert_close(out[:, 0], out[:, 2])
    assert not torch.allclose(out, grey / 255, atol=0.02)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"crop": 0.0}, "crop must be above 0"),
        ({"aspect": 0.5}, "aspect must be at least 1"),
        ({"colour": 1.0}, "colour must be at least 0, below 1"),
    ],
)
def test_out_of_range(changes, message):
    with pytest.raises(ValueError, match=message):
        Augmentation(**changes)


def test_mixing_keeps_proportions():
    images = torch.eye(2)[:, :, None, None].expand(2, 2, 10, 10)[:, [0, 1, 1]]
    targets = (torch.eye(2),)
    for seed in range(20):
        generator = torch.Generator().manual_seed(seed)
        for chances in ({"mixup": 1.0, "cutmix": 0.0}, {"mixup": 0.0, "cutmix": 1.0}):
            mixed, (labels,) = mix(images, targets, generator=generator, **chances)
            torch.testing.assert_close(mixed[:, :2].mean(dim=(2, 3)), labels)
            torch.testing.assert_close(labels.sum(dim=1), torch.ones(2))


def test_no_mixing_is_no_mixing():
    images, targets = torch.rand(2, 3, 4, 4), (torch.eye(2),)
    generator = torch.Generator().manual_seed(0)
    same, labels = mix(images, targets, mixup=0.0, cutmix=0.0, generator=generator)
    assert same is images
    assert labels is targets
