"""What changes while training: the image size, the learning rate, the average of the weights."""

import math
from dataclasses import dataclass

import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Size and learning rate by epoch.

    Parameters
    ----------
    epochs
        All of them.
    image
        Side of the images in the end, in pixels.
    stages
        Pairs (side, epochs) that come first, in order; the rest is at ``image``.
    rate
        The highest learning rate.
    warmup
        Epochs of linear rise to it; a cosine to a thousandth of it follows.
    """

    epochs: int
    image: int
    stages: tuple[tuple[int, int], ...] = ()
    rate: float
    warmup: float = 0.0

    def __post_init__(self):
        if self.epochs < 1:
            raise ValueError(f"epochs must be at least 1, not {self.epochs}")
        for side, count in self.stages:
            if side < 1 or count < 1:
                raise ValueError(
                    f"a stage must be of at least 1 pixel and epoch, not {side}x{count}"
                )
        before = sum(count for _, count in self.stages)
        if before >= self.epochs:
            raise ValueError(f"stages take {before} epochs, which leaves none of {self.epochs}")
        if not 0 <= self.warmup < self.epochs:
            raise ValueError(f"warmup must be at least 0, below {self.epochs}, not {self.warmup}")

    def size(self, epoch: int) -> int:
        """Image side in an epoch, counted from 0."""
        for side, count in self.stages:
            if epoch < count:
                return side
            epoch -= count
        return self.image

    def rate_at(self, epoch: float) -> float:
        """Learning rate at a time in epochs, 0 … ``epochs``."""
        if epoch < self.warmup:
            return self.rate * (epoch + 1e-3) / self.warmup
        share = (epoch - self.warmup) / (self.epochs - self.warmup)
        return self.rate * max(1e-3, (1 + math.cos(math.pi * share)) / 2)


class Average:
    """The exponential moving average of a module's weights and batch-norm statistics.

    The decay grows with the steps, ``min(decay, (1 + steps) / (10 + steps))``, so early averages
    are not stuck at the initial weights.
    """

    def __init__(self, module: torch.nn.Module, decay: float):
        self.decay = decay
        self.steps = 0
        self.state = {name: value.clone() for name, value in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module: torch.nn.Module) -> None:
        self.steps += 1
        weight = 1 - min(self.decay, self.steps / (9 + self.steps))
        for name, value in module.state_dict().items():
            if value.is_floating_point():
                self.state[name].lerp_(value, weight)
            else:
                self.state[name].copy_(value)
