"""Quantization-aware fine-tuning: the integers themselves are trained, by distillation."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch.nn import functional
from tqdm import tqdm

from model.augment import DRAWS, Augmentation, augment
from model.data import Photographs
from model.distill import distillation_loss
from quant.fold import FoldedNetwork
from quant.report import Accuracy, accuracy, all_scores
from quant.straight import StraightNetwork
from spec import arith, terminal
from spec.quantized import QuantizedNetwork

BIAS_RATE = 64
"""A bias counts in steps of weight × activation, so it moves this much faster than a weight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FineTuning:
    """How to fine-tune.

    Parameters
    ----------
    epochs
        Passes over the training photographs, at least 1.
    rate
        Adam's step in units of an integer weight, at the start; a cosine to zero follows.
    batch
        Photographs a step.
    temperature
        The float network's and the integer network's scores are divided by it before their
        distributions are compared.
    teacher_share
        Weight of that comparison in the loss; the rest is the cross-entropy with the class.
    seed
        Of order and augmentation.
    """

    epochs: int
    rate: float = 0.02
    batch: int = 32
    temperature: float = 2.0
    teacher_share: float = 0.8
    seed: int = 0

    def __post_init__(self):
        if self.epochs < 1:
            raise ValueError(f"fine-tuning epochs must be at least 1, not {self.epochs}")
        if not self.rate > 0:
            raise ValueError(f"the fine-tuning rate must be above 0, not {self.rate}")


#: What a photograph goes through while fine-tuning.
AUGMENTATION = Augmentation(crop=0.6, aspect=1.2, rotate=10, shear=5, colour=0.2, flip=0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """What an epoch gave; number 0 is the network as it came, with no ``loss``."""

    number: int
    loss: float | None
    validation: Accuracy
    validation_loss: float
    quantized: QuantizedNetwork

    @property
    def merit(self) -> tuple[int, float]:
        """The largest is the best: validation accuracy first, then the smaller loss."""
        return (self.validation.right, -self.validation_loss)


def finetune(
    quantized: QuantizedNetwork,
    folded: FoldedNetwork,
    train: Photographs,
    validation: Photographs,
    how: FineTuning,
) -> Iterator[Epoch]:
    """Train the integers; give the network before, and after each epoch.

    Raises
    ------
    ValueError
        If the loss stops being a number, or an accumulator leaves the contract's bound.
    """
    straight = StraightNetwork(quantized)
    yield _judge(straight, validation, 0, None)
    size = quantized.network.image.height
    weights = [p for name, p in straight.named_parameters() if name.endswith("weight")]
    biases = [p for name, p in straight.named_parameters() if name.endswith("bias")]
    rates = (how.rate, how.rate * BIAS_RATE)
    optimizer = torch.optim.Adam([{"params": weights}, {"params": biases}], betas=(0.9, 0.99))
    generator = torch.Generator().manual_seed(how.seed)
    per_epoch = math.ceil(len(train) / how.batch)
    step = 0
    for number in range(1, how.epochs + 1):
        total = 0.0
        order = torch.randperm(len(train), generator=generator).split(how.batch)
        for chosen in tqdm(
            order, desc=f"epoch {number}/{how.epochs}", leave=False, disable=terminal.bars_off()
        ):
            shrink = (1 + math.cos(math.pi * step / (per_epoch * how.epochs))) / 2
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * shrink
            draws = torch.rand(len(chosen), DRAWS, generator=generator)
            images = augment(train.images[chosen], size, AUGMENTATION, draws)
            images = (images * arith.ACTIVATION_MAX).round()
            with torch.no_grad():
                wanted = folded.scores(images)
            loss = _loss(straight(images), wanted, train.targets[chosen], how)
            if not math.isfinite(loss.item()):
                raise ValueError(
                    f"the loss is not a number in fine-tuning epoch {number}; lower --rate"
                )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(chosen)
            step += 1
        yield _judge(straight, validation, number, total / len(train))


def _loss(
    scores: torch.Tensor, wanted: torch.Tensor, targets: torch.Tensor, how: FineTuning
) -> torch.Tensor:
    softened = functional.softmax(wanted / how.temperature, dim=1)
    taught = distillation_loss(scores, softened, how.temperature)
    entropy = functional.cross_entropy(scores, targets)
    return how.teacher_share * taught + (1 - how.teacher_share) * entropy


def _judge(
    straight: StraightNetwork, validation: Photographs, number: int, loss: float | None
) -> Epoch:
    try:
        quantized = straight.export()
    except ValueError as error:
        raise ValueError(f"fine-tuning epoch {number}: {error}; lower --rate") from error
    scores = all_scores(straight, validation.images)
    validation_loss = float(functional.cross_entropy(scores, validation.targets))
    if not math.isfinite(validation_loss):
        raise ValueError(f"the loss is not a number after fine-tuning epoch {number}; lower --rate")
    return Epoch(
        number=number,
        loss=loss,
        validation=accuracy(scores, validation.targets),
        validation_loss=validation_loss,
        quantized=quantized,
    )
