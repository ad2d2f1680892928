"""Training batches, epoch by epoch, from a seed."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch.nn import functional

from model.augment import DRAWS, augment, mix
from model.data import Photographs, pixels
from model.parallel import Group
from model.settings import Settings


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
        What :func:`model.distill.make_views` gave, or None.
    """

    train: Photographs
    views: tuple[torch.Tensor, torch.Tensor] | None
    settings: Settings
    group: Group
    _cache: dict[int, torch.Tensor] = field(default_factory=dict, repr=False)

    @property
    def steps(self) -> int:
        """Batches an epoch; photographs that do not fill the last one wait for another epoch."""
        return max(1, len(self.train) // self.settings.batch)

    def epoch(self, number: int) -> Iterator[tuple[torch.Tensor, tuple[torch.Tensor, ...]]]:
        """Images and (targets,), or (targets, softened teacher scores), all (images, classes)."""
        s = self.settings
        generator = torch.Generator().manual_seed(s.seed * 1_000_003 + number)
        order = torch.randperm(len(self.train), generator=generator)
        size = s.schedule.size(number)
        if self.views is not None:
            views, scores = self._resized(size), self.views[1]
        for rows in order.split(s.batch)[: self.steps]:
            draws = torch.rand(len(rows), DRAWS, generator=generator)
            chosen = torch.randint(s.views, (len(rows),), generator=generator)
            rows, draws, chosen = (self.group.own(part) for part in (rows, draws, chosen))
            labels = functional.one_hot(self.train.targets[rows], len(self.train.labels))
            targets = (labels * (1 - s.smoothing) + s.smoothing / labels.shape[1],)
            if self.views is None:
                images = augment(self.train.images[rows], size, s.augmentation, draws)
            else:
                images = pixels(views[rows, chosen])
                mirrored = (draws[:, 0] < s.flip)[:, None, None, None]
                images = torch.where(mirrored, images.flip(3), images)
                targets += (functional.softmax(scores[rows, chosen] / s.temperature, dim=1),)
            yield mix(images, targets, mixup=s.mixup, cutmix=s.cutmix, generator=generator)

    def _resized(self, size: int) -> torch.Tensor:
        """The views at an epoch's size, made once a stage."""
        if self._cache.get(size) is None:
            self._cache.clear()
            views = self.views[0]
            self._cache[size] = views
            if size != views.shape[-1]:
                small = torch.empty(*views.shape[:3], size, size, dtype=torch.uint8)
                for row, view in zip(small, views, strict=True):
                    row.copy_(functional.interpolate(view, size, mode="bilinear", antialias=True))
                self._cache[size] = small
        return self._cache[size]
