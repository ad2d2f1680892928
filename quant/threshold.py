"""The threshold for none: from a share of one's own photographs that must be let through."""

import math
from dataclasses import replace

import numpy as np
import torch

from model.data import Photographs
from quant.report import BATCH
from quant.straight import StraightNetwork
from quant.walk import last
from spec.decision import NONE, Decision
from spec.quantized import QuantizedNetwork


def all_sums(quantized: QuantizedNetwork, images: torch.Tensor) -> np.ndarray:
    """Class sums, int64, shape (images, classes), of uint8 ``images``: the reference's."""
    straight = StraightNetwork(quantized)
    with torch.inference_mode():
        maps = [last(straight.tensors(batch)) for batch in images.split(BATCH)]
    return torch.cat([part.sum(dim=(2, 3), dtype=torch.float64) for part in maps]).long().numpy()


def check_recall(recall: float) -> None:
    """Refuse what is no share above 0.

    Raises
    ------
    ValueError
        If ``recall`` is not above 0 and at most 1.
    """
    if not 0 < recall <= 1:
        raise ValueError(f"the recall must be above 0, at most 1, not {recall}")


def at_recall(leads: np.ndarray, recall: float) -> int:
    """The largest threshold that lets at least this share of ``leads`` through.

    Raises
    ------
    ValueError
        As :func:`check_recall`; if there are no leads.
    """
    check_recall(recall)
    if not len(leads):
        raise ValueError("there is no photograph of a known class to find the threshold on")
    # The margin is for a product such as 0.95 · 140, which floats make a little more than 133.
    wanted = max(1, math.ceil(recall * len(leads) - 1e-9))
    return int(np.sort(leads)[len(leads) - wanted])


def with_class(quantized: QuantizedNetwork) -> QuantizedNetwork:
    """The network, its class labelled ``none``, if it has one, the one for none of the others."""
    if NONE not in quantized.labels:
        return quantized
    return replace(quantized, decision=Decision(none=quantized.labels.index(NONE)))


def with_recall(
    quantized: QuantizedNetwork, photographs: Photographs, recall: float
) -> QuantizedNetwork:
    """The network with the threshold that ``recall`` of the photographs of its classes pass.

    How it was found is in the metadata, under ``threshold``.

    Raises
    ------
    ValueError
        As :func:`at_recall`.
    """
    decision = quantized.decision
    known = photographs.targets != (-1 if decision.none is None else decision.none)
    sums = all_sums(quantized, photographs.images[known])
    leads = np.array([decision.lead(row) for row in sums])
    threshold = at_recall(leads, recall)
    passed = int((leads >= threshold).sum())
    found = f"recall {recall:g}: {passed} of {len(leads)} validation photographs lead by that much"
    return replace(
        quantized,
        decision=replace(decision, threshold=threshold),
        metadata=quantized.metadata | {"threshold": found},
    )
