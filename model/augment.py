"""Augmentation of a whole batch at once, in torch: geometry, colour, mixing. Seeded."""

import math
from dataclasses import dataclass

import torch
from torch.nn import functional

#: Weights of red, green and blue in a grey (ITU-R BT.601).
GREY = torch.tensor([0.299, 0.587, 0.114])

#: Random numbers an image takes.
DRAWS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """How far a training image is changed; all zeros is only the resize.

    ``crop`` is the smallest share of the area that is kept; ``rotate`` and ``shear`` are degrees;
    ``colour`` is the range of brightness, contrast and saturation about 1; ``flip`` is the
    probability of a mirror, left to right.
    """

    crop: float = 1.0
    aspect: float = 1.0
    rotate: float = 0.0
    shear: float = 0.0
    colour: float = 0.0
    flip: float = 0.0

    def __post_init__(self):
        if not 0 < self.crop <= 1:
            raise ValueError(f"crop must be above 0, at most 1, not {self.crop}")
        if self.aspect < 1:
            raise ValueError(f"aspect must be at least 1, not {self.aspect}")
        if not 0 <= self.flip <= 1:
            raise ValueError(f"flip must be in 0…1, not {self.flip}")
        for key in ("rotate", "shear"):
            if not 0 <= getattr(self, key) < 90:
                raise ValueError(f"{key} must be at least 0, below 90, not {getattr(self, key)}")
        if not 0 <= self.colour < 1:
            raise ValueError(f"colour must be at least 0, below 1, not {self.colour}")


def augment(
    images: torch.Tensor, size: int, how: Augmentation, draws: torch.Tensor
) -> torch.Tensor:
    """Changed copies of a batch.

    Parameters
    ----------
    images
        uint8, shape (images, 3, height, width).
    size
        Side of the result.
    draws
        Uniform random numbers in 0…1, shape (images, ``DRAWS``): the caller's, so that processes
        which share a batch can draw the same ones.

    Returns
    -------
    torch.Tensor
        float32 in 0…1, shape (images, 3, size, size), channels last in memory.
    """
    column = iter(draws.unbind(dim=1))

    def uniform(low: float, high: float) -> torch.Tensor:
        return next(column) * (high - low) + low

    area = uniform(how.crop, 1.0)
    ratio = torch.exp(uniform(-1.0, 1.0) * math.log(how.aspect) / 2)
    width, height = ((area.sqrt() * side).clamp(max=1.0) for side in (ratio, 1 / ratio))
    angle, shear = (uniform(-v, v) * math.pi / 180 for v in (how.rotate, how.shear))
    x, y = (uniform(-1.0, 1.0) * (1 - length) for length in (width, height))
    mirror = torch.where(uniform(0.0, 1.0) < how.flip, -1.0, 1.0)
    sine, cosine, slant = angle.sin(), angle.cos(), shear.tan()
    theta = torch.stack(
        [
            torch.stack([mirror * width * cosine, height * (slant - sine), x], dim=1),
            torch.stack([mirror * width * sine, height * cosine, y], dim=1),
        ],
        dim=1,
    )
    # Antialiased first: grid_sample reads four neighbours however far apart the samples are.
    shrunk = min(images.shape[-1], size * 5 // 4)
    pixels = images.float()
    if shrunk < images.shape[-1]:
        pixels = functional.interpolate(pixels, shrunk, mode="bilinear", antialias=True)
    grid = functional.affine_grid(theta, [len(images), 3, size, size], align_corners=False)
    pixels = functional.grid_sample(
        pixels.contiguous(memory_format=torch.channels_last),
        grid,
        padding_mode="reflection",
        align_corners=False,
    )
    pixels /= 255
    if how.colour:
        brightness, contrast, saturation = (
            uniform(1 - how.colour, 1 + how.colour)[:, None, None] for _ in range(3)
        )
        # out = brightness·(contrast·(saturation·x + (1 − saturation)·grey) + (1 − contrast)·mean)
        grey = GREY.expand(3, 3)
        matrix = brightness * contrast * (saturation * torch.eye(3) + (1 - saturation) * grey)
        mean = (pixels.mean(dim=(2, 3)) @ GREY)[:, None]
        offset = brightness[:, 0] * (1 - contrast[:, 0]) * mean
        pixels = torch.einsum("nij,njhw->nihw", matrix, pixels) + offset[:, :, None, None]
        pixels = pixels.clamp_(0, 1)
    return pixels.contiguous(memory_format=torch.channels_last)


def mix(
    images: torch.Tensor,
    targets: tuple[torch.Tensor, ...],
    *,
    mixup: float,
    cutmix: float,
    generator: torch.Generator,
) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
    """The batch mixed with itself in reverse order: blended, or with a rectangle pasted in.

    Parameters
    ----------
    images
        float32, shape (images, 3, height, width).
    targets
        Tensors of shape (images, classes), mixed in the same proportion.
    mixup, cutmix
        Probability of each, together at most 1; the share that is mixed in is uniform in 0…1.
    """
    choice, keep, x, y = torch.rand(4, generator=generator).tolist()
    if choice < mixup:
        images = images * keep + images.flip(0) * (1 - keep)
    elif choice < mixup + cutmix:
        height, width = images.shape[2:]
        cut = math.sqrt(1 - keep)
        rows, columns = round(cut * height), round(cut * width)
        top, left = round(y * (height - rows)), round(x * (width - columns))
        region = (..., slice(top, top + rows), slice(left, left + columns))
        mixed = images.clone(memory_format=torch.preserve_format)
        mixed[region] = images.flip(0)[region]
        images, keep = mixed, 1 - rows * columns / (height * width)
    else:
        return images, targets
    return images, tuple(target * keep + target.flip(0) * (1 - keep) for target in targets)
