"""Training pictures made to look like a camera trap's: small, dark, grey, blurred, half hidden.

Pictures are float32 in 0…1, shape (pictures, 3, size, size). Every random number comes from the
generator that is given.
"""

from dataclasses import dataclass, fields

import torch
from torch.nn import functional

from model.augment import DRAWS, GREY, Augmentation, augment
from model.others import Backgrounds
from spec.camera import through

SOFT = 0.15
"""Width of a pasted picture's soft edge, in sides of the picture."""

DARKEST = 0.25
"""Brightness of the darkest night."""

GRAIN = 0.06
"""Deviation of the strongest noise."""

COARSEST = 4
"""Blur at its strongest: detail of this many pixels is lost, for a side of 224."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenes:
    """How often a training picture is changed, in which way; probabilities, all zero for never.

    ``paste`` shrinks it, to a side of ``smallest`` times its own or more, and lays it on a
    background, perhaps partly beyond the frame; ``night`` makes it grey and dark, lit in the
    middle, with noise; ``blur`` takes its detail; ``hide`` covers a part of it with background;
    at last ``camera`` takes it through :func:`spec.camera.through`.
    """

    paste: float = 0.0
    smallest: float = 0.25
    night: float = 0.0
    blur: float = 0.0
    hide: float = 0.0
    camera: float = 0.0

    def __post_init__(self):
        for item in fields(self):
            if not 0 <= getattr(self, item.name) <= 1:
                raise ValueError(f"{item.name} must be in 0…1, not {getattr(self, item.name)}")
        if not self.smallest:
            raise ValueError("smallest must be above 0, not 0")

    @property
    def any(self) -> bool:
        """Whether a picture is ever changed."""
        return any((self.paste, self.night, self.blur, self.hide, self.camera))


NEVER = Scenes()
"""Pictures stay as they are."""


def staged(
    images: torch.Tensor,
    backgrounds: Backgrounds | None,
    how: Augmentation,
    scenes: Scenes,
    generator: torch.Generator,
) -> torch.Tensor:
    """A batch of augmented pictures, changed, before backgrounds that are augmented alike."""
    if not scenes.any:
        return images
    behind = images
    if backgrounds is not None:
        drawn = backgrounds.draw(len(images), generator)
        draws = torch.rand(len(images), DRAWS, generator=generator)
        behind = augment(drawn, images.shape[-1], how, draws)
    return change(images, behind, scenes, generator)


def change(
    images: torch.Tensor, backgrounds: torch.Tensor, how: Scenes, generator: torch.Generator
) -> torch.Tensor:
    """Changed copies of ``images``; row by row, ``backgrounds`` is what lies behind each."""
    result = images.clone(memory_format=torch.channels_last)
    chosen = torch.rand(len(images), 4, generator=generator)
    sizes = torch.rand(len(images), 8, generator=generator)
    for row, (pick, size) in enumerate(zip(chosen.tolist(), sizes.tolist(), strict=True)):
        if pick[0] < how.paste:
            result[row] = paste(images[row], backgrounds[row], how.smallest, size)
        if pick[1] < how.hide:
            hide(result[row], backgrounds[row], size[4:])
        if pick[2] < how.blur:
            result[row] = blur(result[row], size[3])
    dark = (chosen[:, 3] < how.night).nonzero().flatten()
    if len(dark):
        result[dark] = night(result[dark], sizes[dark], generator)
    if how.camera:  # no number is drawn otherwise: runs without it stay as they were
        for row in (torch.rand(len(images), generator=generator) < how.camera).nonzero().flatten():
            result[row] = photograph(result[row])
    return result


def photograph(image: torch.Tensor) -> torch.Tensor:
    """The picture as the network sees it through a camera."""
    pixels = (image.permute(1, 2, 0).clamp(0, 1) * 255).round().to(torch.uint8)
    return torch.from_numpy(through(pixels.numpy())).permute(2, 0, 1).float() / 255


def paste(
    image: torch.Tensor, background: torch.Tensor, smallest: float, draws: list[float]
) -> torch.Tensor:
    """The picture, shrunk, on the background; hard or soft at the edge.

    Sides are drawn evenly in their logarithm. Up to a quarter of it may lie beyond the frame.
    """
    side = image.shape[-1]
    small = max(1, round(side * smallest ** draws[0]))
    shrunk = functional.interpolate(image[None], small, mode="bilinear", antialias=True)[0]
    room, margin = side - small / 2, small // 4
    top, left = (round(draw * room) - margin for draw in draws[1:3])
    edge = (torch.arange(small) + 0.5) / small
    edge = torch.minimum(edge, 1 - edge)
    mask = torch.ones(small, small)
    if draws[3] < 0.5:
        edge = (edge / SOFT).clamp(max=1)
        mask = edge[:, None] * edge
    rows = slice(max(top, 0), min(top + small, side))
    columns = slice(max(left, 0), min(left + small, side))
    inside = (
        ...,
        slice(rows.start - top, rows.stop - top),
        slice(columns.start - left, columns.stop - left),
    )
    result = background.clone()
    result[..., rows, columns] += mask[inside] * (shrunk[inside] - background[..., rows, columns])
    return result


def at_third(image: torch.Tensor, background: torch.Tensor, draws: list[float]) -> torch.Tensor:
    """The picture at a third of its side, whole and with hard edges, somewhere on the background.

    Both uint8, shape (3, side, side); the test of a small animal.
    """
    side = image.shape[-1]
    small = side // 3
    shrunk = functional.interpolate(image[None].float(), small, mode="bilinear", antialias=True)[0]
    top, left = (round(draw * (side - small)) for draw in draws)
    result = background.clone()
    result[:, top : top + small, left : left + small] = shrunk.round().to(torch.uint8)
    return result


def at_night(images: torch.Tensor) -> torch.Tensor:
    """Grey, at 0.35 of the brightness; uint8, shape (pictures, 3, side, side); the test of it."""
    grey = torch.einsum("nchw,c->nhw", images.float(), GREY) * 0.35
    return grey.round().to(torch.uint8)[:, None].expand(-1, 3, -1, -1).contiguous()


def hide(image: torch.Tensor, background: torch.Tensor, draws: list[float]) -> None:
    """Cover a band, up to half of the picture, with background, in place."""
    side = image.shape[-1]
    width = round(side * draws[0] / 2)
    start = round((side - width) * draws[1])
    band = slice(start, start + width)
    region = (..., band) if draws[2] < 0.5 else (..., band, slice(None))
    image[region] = background[region]


def blur(image: torch.Tensor, draw: float) -> torch.Tensor:
    """The picture, shrunk and brought back."""
    side = image.shape[-1]
    small = max(1, round(side / (1 + draw * (COARSEST - 1))))
    shrunk = functional.interpolate(image[None], small, mode="bilinear", antialias=True)
    return functional.interpolate(shrunk, side, mode="bilinear")[0]


def night(images: torch.Tensor, draws: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Grey pictures as by infrared light: bright in the middle, dark around, with noise.

    ``draws`` are uniform in 0…1, shape (pictures, at least 5).
    """
    grey = torch.einsum("nchw,c->nhw", images, GREY)[:, None]
    brightness, gamma, fall, x, y = draws[:, :5, None, None, None].unbind(dim=1)
    at = torch.linspace(-1, 1, images.shape[-1])
    away = (at[:, None] - (y - 0.5)).square() + (at - (x - 0.5)).square()
    light = (DARKEST + (1.2 - DARKEST) * brightness) * torch.exp(-fall * away)
    noise = torch.randn(grey.shape, generator=generator) * GRAIN * draws[:, 4, None, None, None]
    lit = (grey.clamp(0, 1) ** (0.6 + gamma) * light + noise).clamp(0, 1)
    return lit.expand_as(images)
