"""How large every activation gets: ranges from calibration images, by three methods."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch

from quant.fold import FoldedNetwork
from spec import arith
from spec.network import Conv, Fire, MaxPool, Network

BINS = 8192
"""Bins of a histogram, from 0 to the largest magnitude seen: 32 to a step of the widest range."""

MINIMUM_IMAGES = 8
"""Fewer calibration images than this say nothing about the tail of a distribution."""

PERCENTILE = 0.9999

CANDIDATES = 128
"""Ranges tried by the MSE method, evenly spaced up to the largest magnitude."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Magnitudes of a tensor over the calibration images.

    Parameters
    ----------
    peak
        The largest magnitude, above 0.
    counts
        float64, shape (``BINS``,): how many values fell into each bin from 0 to ``peak``.
    levels
        The largest integer that stands for a magnitude: 255, or 127 without ReLU.
    """

    peak: float
    counts: torch.Tensor
    levels: int


def minmax(histogram: Histogram) -> float:
    """The largest magnitude seen."""
    return histogram.peak


def percentile(histogram: Histogram) -> float:
    """The magnitude that a share ``PERCENTILE`` of the values stays within."""
    share = histogram.counts.cumsum(0) / histogram.counts.sum()
    within = int(torch.searchsorted(share, PERCENTILE))
    return histogram.peak * min(within + 1, BINS) / BINS


def mse(histogram: Histogram) -> float:
    """The range with the least mean squared error of rounding and saturation together."""
    middles = (torch.arange(BINS, dtype=torch.float64) + 0.5) * histogram.peak / BINS
    candidates = histogram.peak * torch.arange(1, CANDIDATES + 1, dtype=torch.float64) / CANDIDATES
    step = candidates[:, None] / histogram.levels
    rounded = (middles / step).round().clamp(max=histogram.levels) * step
    error = ((rounded - middles) ** 2 * histogram.counts).sum(dim=1)
    return float(candidates[error.argmin()])


METHODS: dict[str, Callable[[Histogram], float]] = {
    "minmax": minmax,
    "percentile": percentile,
    "mse": mse,
}


def range_owner(network: Network, name: str) -> str:
    """The tensor whose range a tensor has: the two expands of a Fire share its own."""
    for layer in network.layers:
        if isinstance(layer, Fire) and name in (layer.expand1x1.name, layer.expand3x3.name):
            return layer.name
    return name


def histograms(folded: FoldedNetwork, batches: Iterable[torch.Tensor]) -> dict[str, Histogram]:
    """A histogram of every tensor that needs a range: convolutions, and Fires as a whole.

    Parameters
    ----------
    folded
        The float network.
    batches
        uint8 pixels, each of shape (images, 3, height, width); read twice, so a list.

    Raises
    ------
    ValueError
        If there are fewer than ``MINIMUM_IMAGES`` images, or a tensor is zero everywhere.
    """
    batches = list(batches)
    images = sum(len(batch) for batch in batches)
    if images < MINIMUM_IMAGES:
        raise ValueError(
            f"calibration needs at least {MINIMUM_IMAGES} images, not {images}: "
            "give more photographs"
        )
    levels = _levels(folded.network)
    peaks = dict.fromkeys(levels, 0.0)
    with torch.inference_mode():
        for batch in batches:
            for name, value in folded.tensors(batch):
                if name in peaks:
                    peaks[name] = max(peaks[name], float(value.abs().max()))
        for name, peak in peaks.items():
            if not 0 < peak < float("inf"):
                raise ValueError(
                    f"{name}: its largest value over {images} calibration images is {peak}; "
                    "the network has collapsed: train again"
                )
        counts = {name: torch.zeros(BINS, dtype=torch.float64) for name in levels}
        for batch in batches:
            for name, value in folded.tensors(batch):
                if name in counts:
                    counts[name] += value.abs().histc(BINS, 0, peaks[name]).double()
    return {
        name: Histogram(peak=peaks[name], counts=counts[name], levels=levels[name])
        for name in levels
    }


def _levels(network: Network) -> dict[str, int]:
    levels = {}
    for layer in network.layers:
        if isinstance(layer, Fire):
            levels[layer.squeeze.name] = arith.output_range(layer.squeeze.relu)[1]
        if not isinstance(layer, MaxPool):
            relu = layer.relu if isinstance(layer, Conv) else True
            levels[layer.name] = arith.output_range(relu)[1]
    return levels
