"""What quantization did to a network: by layer, and to its answers."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch

from model import metrics
from quant.fold import FoldedNetwork
from quant.straight import StraightNetwork
from spec import arith
from spec.quantized import QuantizedNetwork

BATCH = 16
"""Images at a time; more gains nothing on a CPU."""


MANY = 20
"""With so many classes, the right one among the five likeliest counts, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerReport:
    """One convolution.

    Parameters
    ----------
    name
        Of the convolution.
    range
        What the largest integer of its output stands for.
    multipliers
        Smallest, median and largest ``M``.
    sqnr_db
        Signal to quantization noise of its output, errors of all layers below included, in dB.
    saturated
        Share of its output's values at the upper clamp.
    """

    name: str
    range: float
    multipliers: tuple[int, int, int]
    sqnr_db: float
    saturated: float


class Noise:
    """Signal and noise power, summed over batches."""

    def __init__(self):
        self.signal = self.noise = 0.0

    def add(self, wanted: torch.Tensor, got: torch.Tensor) -> None:
        self.signal += float(wanted.double().square().sum())
        self.noise += float((wanted - got).double().square().sum())

    @property
    def decibels(self) -> float:
        """Infinite without noise."""
        if not self.noise:
            return math.inf
        return 10 * math.log10(self.signal / self.noise) if self.signal else -math.inf


def layers(
    quantized: QuantizedNetwork,
    folded: FoldedNetwork,
    step: dict[str, float],
    batches: Iterable[torch.Tensor],
) -> list[LayerReport]:
    """A report for each convolution, in order of computation.

    ``step`` is what 1 stands for in each tensor; ``batches`` are uint8 pixels, each of shape
    (images, 3, height, width).
    """
    names = [conv.name for conv in quantized.network.convs]
    high = {conv.name: arith.output_range(conv.relu)[1] for conv in quantized.network.convs}
    noise = {name: Noise() for name in names}
    saturated, values = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    straight = StraightNetwork(quantized)
    with torch.inference_mode():
        for batch in batches:
            pairs = zip(folded.tensors(batch), straight.tensors(batch), strict=True)
            for (name, wanted), (_, got) in pairs:
                if name in noise:
                    noise[name].add(wanted, got * step[name])
                    saturated[name] += int((got == high[name]).sum())
                    values[name] += got.numel()
    reports = []
    for name in names:
        multiplier = quantized.convs[name].multiplier
        reports.append(
            LayerReport(
                name=name,
                range=step[name] * high[name],
                multipliers=(multiplier.min(), int(np.median(multiplier)), multiplier.max()),
                sqnr_db=noise[name].decibels,
                saturated=saturated[name] / values[name],
            )
        )
    return reports


def layer_table(reports: list[LayerReport]) -> str:
    """The reports as text, one line a convolution under a heading."""
    lines = [
        f"{'layer':<18}{'range':>10}{'M min':>7}{'median':>8}{'max':>7}{'SQNR dB':>9}  saturated"
    ]
    for r in reports:
        low, middle, high = r.multipliers
        lines.append(
            f"{r.name:<18}{r.range:>10.4g}{low:>7}{middle:>8}{high:>7}{r.sqnr_db:>9.1f}"
            f"{r.saturated:>11.4%}"
        )
    return "\n".join(lines)


def all_scores(
    scores: Callable[[torch.Tensor], torch.Tensor], images: torch.Tensor
) -> torch.Tensor:
    """Class scores, shape (images, classes), of uint8 ``images``; ``scores`` takes a batch."""
    with torch.inference_mode():
        return torch.cat([scores(batch) for batch in images.split(BATCH)])


@dataclass(frozen=True, slots=True)
class Accuracy:
    """So many photographs of so many."""

    right: int
    photographs: int

    def __str__(self) -> str:
        return f"{self.right / self.photographs:.4f} ({self.right} of {self.photographs})"


def accuracy(scores: torch.Tensor, targets: torch.Tensor, best: int = 1) -> Accuracy:
    """How often the target's score is among the ``best`` largest; of equal ones the first are."""
    own = scores.gather(1, targets[:, None])
    before = torch.arange(scores.shape[1]) < targets[:, None]
    ahead = (scores > own) | ((scores == own) & before)
    return Accuracy(int((ahead.sum(dim=1) < best).sum()), len(targets))


def accuracies(scores: torch.Tensor, targets: torch.Tensor) -> dict[str, Accuracy]:
    """Accuracy under ``top-1``, and where there are many classes that of the best five, ``top-5``.

    ``scores`` has shape (photographs, classes).
    """
    best = (1, 5) if scores.shape[1] >= MANY else (1,)
    return {f"top-{count}": accuracy(scores, targets, count) for count in best}


def in_words(found: dict[str, Accuracy]) -> str:
    """:func:`accuracies` in a line, with 95 % intervals; one alone needs no name."""
    texts = []
    for name, value in found.items():
        told = metrics.in_words(value.right, value.photographs)
        texts.append(f"{f'{name} ' * (len(found) > 1)}{told}")
    return "; ".join(texts)
