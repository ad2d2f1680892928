"""Every way to calibrate, tried, and the best of them."""

from dataclasses import dataclass

import torch

from model.data import Photographs
from model.distill import distillation_loss
from quant.calibrate import METHODS, histograms
from quant.correct import correct_bias
from quant.fold import FoldedNetwork
from quant.quantize import quantize, steps
from quant.report import BATCH, Accuracy, Noise, accuracy, all_scores
from quant.straight import StraightNetwork
from spec.quantized import QuantizedNetwork

CORRECTION_IMAGES = 64
"""Photographs for bias correction, which holds a layer's output for all of them in memory."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Candidate:
    """A network quantized in one way, and how it did on the calibration photographs.

    Parameters
    ----------
    method
        Name of the calibration, a key of ``METHODS``.
    corrected
        Whether its biases are corrected.
    quantized
        The network.
    step
        What 1 stands for in each tensor.
    divergence
        Of its class probabilities from the float network's, ``KL(float ‖ integers)``: the mean
        over photographs, in nats.
    sqnr_db
        Signal to quantization noise of the class scores, in dB.
    accuracy
        Of the integers.
    """

    method: str
    corrected: bool
    quantized: QuantizedNetwork
    step: dict[str, float]
    divergence: float
    sqnr_db: float
    accuracy: Accuracy


def candidates(
    folded: FoldedNetwork,
    labels: tuple[str, ...],
    photographs: Photographs,
    methods: tuple[str, ...] = tuple(METHODS),
) -> list[Candidate]:
    """Every method, without and with bias correction, the best first.

    Best is the least divergence of the class probabilities on the calibration photographs.
    Signal to noise of the scores counts what no answer depends on: an error common to all classes,
    and errors of classes far behind. Accuracy there is near 1 for all of them, and tells less.

    Raises
    ------
    ValueError
        If there are too few photographs, or the network cannot be quantized.
    """
    images = photographs.images
    wanted = all_scores(folded.scores, images)
    histogram = histograms(folded, images.split(BATCH))
    result = []
    for method in methods:
        ranges = {name: METHODS[method](h) for name, h in histogram.items()}
        step = steps(folded, ranges)
        rounded = quantize(folded, ranges, labels)
        corrected = correct_bias(rounded, folded, step, images[:CORRECTION_IMAGES])
        for quantized in (rounded, corrected):
            scores = all_scores(StraightNetwork(quantized), images)
            noise = Noise()
            noise.add(wanted, scores)
            result.append(
                Candidate(
                    method=method,
                    corrected=quantized is corrected,
                    quantized=quantized,
                    step=step,
                    divergence=float(distillation_loss(scores, wanted.softmax(dim=1), 1.0)),
                    sqnr_db=noise.decibels,
                    accuracy=accuracy(scores, photographs.targets),
                )
            )
    return sorted(result, key=lambda candidate: candidate.divergence)


def candidate_table(candidates: list[Candidate]) -> str:
    """The candidates as text, one a line under a heading."""
    lines = [
        f"{'calibration':<14}{'bias':<12}{'divergence nat':>15}{'scores SQNR dB':>16}  accuracy"
    ]
    for c in candidates:
        bias = "corrected" if c.corrected else "rounded"
        lines.append(
            f"{c.method:<14}{bias:<12}{c.divergence:>15.3g}{c.sqnr_db:>16.1f}  {c.accuracy}"
        )
    return "\n".join(lines)


def sample(photographs: Photographs, count: int, seed: int) -> Photographs:
    """A seeded choice of at most ``count`` photographs."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(photographs), generator=generator)[: max(count, 0)]
    return photographs.take(order.tolist())
