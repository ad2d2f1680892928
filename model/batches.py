"""Training batches, epoch by epoch, from a seed."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch.nn import functional

from model.augment import DRAWS, augment, mix
from model.data import Photographs, pixels
from model.distill import HINT_TEMPERATURE
from model.others import Backgrounds
from model.parallel import Group
from model.scenes import staged
from model.settings import Settings
from model.views import Views


@dataclass(frozen=True, kw_only=True)
class Batches:
    """Augmented training batches; with views, the teacher's scores ride along.

    Every random number comes from (seed, epoch) and is drawn for the whole batch, whichever rows
    are this process's own.

    Parameters
    ----------
    train
        The photographs.
    views
        What a teacher scored, or None.
    backgrounds
        What lies behind a picture that is pasted or covered, or None.
    """

    train: Photographs
    views: Views | None
    backgrounds: Backgrounds | None = None
    settings: Settings
    group: Group
    _cache: dict[int, torch.Tensor] = field(default_factory=dict, repr=False)

    @property
    def steps(self) -> int:
        """Batches an epoch; photographs that do not fill the last one wait for another epoch."""
        return max(1, len(self.train) // self.settings.batch)

    def epoch(self, number: int) -> Iterator[tuple[torch.Tensor, tuple[torch.Tensor, ...]]]:
        """Images and what they should be, each of shape (images, classes).

        That is (labels,); with views (labels, the teacher's softened scores), and the softmax of
        its hints behind these, where it gives any.
        """
        s = self.settings
        generator = torch.Generator().manual_seed(s.seed * 1_000_003 + number)
        order = torch.randperm(len(self.train), generator=generator)
        size = s.schedule.size(number)
        for every in order.split(s.batch)[: self.steps]:
            whole = torch.rand(len(every), DRAWS, generator=generator)
            chosen = torch.randint(s.views, (len(every),), generator=generator)
            rows, draws, chosen = (self.group.own(part) for part in (every, whole, chosen))
            if self.views is None:
                if s.scenes.any:  # every process makes the whole batch, from the same draws
                    images = augment(self.train.images[every], size, s.augmentation, whole)
                    images = staged(images, self.backgrounds, s.augmentation, s.scenes, generator)
                    images = self.group.own(images)
                else:
                    images = augment(self.train.images[rows], size, s.augmentation, draws)
                labels = functional.one_hot(self.train.targets[rows], len(self.train.labels))
                yield mix(
                    images,
                    (self._smoothed(labels),),
                    mixup=s.mixup,
                    cutmix=s.cutmix,
                    generator=generator,
                )
            else:
                images = self._resized(size)[rows, chosen]
                if s.view_crop < 1 or s.view_colour:
                    images = augment(images, size, s.again, draws)
                else:
                    images = pixels(images)
                    mirrored = (draws[:, 0] < s.flip)[:, None, None, None]
                    images = torch.where(mirrored, images.flip(3), images)
                targets = self._taught(rows, chosen)
                if s.view_mixup or s.view_cutmix:
                    images, targets = mix(
                        images,
                        targets,
                        mixup=s.view_mixup,
                        cutmix=s.view_cutmix,
                        generator=generator,
                    )
                yield images, targets

    def _smoothed(self, labels: torch.Tensor) -> torch.Tensor:
        smoothing = self.settings.smoothing
        return labels * (1 - smoothing) + smoothing / labels.shape[1]

    def _taught(self, rows: torch.Tensor, chosen: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """What the chosen views should be."""
        views, temperature = self.views, self.settings.temperature
        softened = functional.softmax(views.scores[rows, chosen] / temperature, dim=1)
        targets = (self._smoothed(views.labels[rows, chosen]), softened)
        if views.hints is not None:
            hints = views.hints[rows, chosen] / HINT_TEMPERATURE
            targets += (functional.softmax(hints, dim=1),)
        return targets

    def _resized(self, size: int) -> torch.Tensor:
        """The views at an epoch's size, made once a stage."""
        if self._cache.get(size) is None:
            self._cache.clear()
            views = self.views.images
            self._cache[size] = views
            if size != views.shape[-1]:
                small = torch.empty(*views.shape[:3], size, size, dtype=torch.uint8)
                for row, view in zip(small, views, strict=True):
                    row.copy_(functional.interpolate(view, size, mode="bilinear", antialias=True))
                self._cache[size] = small
        return self._cache[size]
