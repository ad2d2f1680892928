"""What a network makes of photographs."""

import torch
from torch import nn
from torch.nn import functional

from model.data import Photographs


@torch.inference_mode()
def scores_of(module: nn.Module, photographs: Photographs, batch: int = 64) -> torch.Tensor:
    """Class scores of every photograph, float32, shape (photographs, classes), on the CPU.

    Leaves the module in evaluation mode.
    """
    device = next(module.parameters()).device
    module.eval()
    return torch.cat([module(images.to(device)).cpu() for images, _ in photographs.batches(batch)])


def accuracy(scores: torch.Tensor, targets: torch.Tensor) -> float:
    """The share of photographs whose highest score is the target's, 0…1."""
    return float((scores.argmax(dim=1) == targets).double().mean())


def loss(scores: torch.Tensor, targets: torch.Tensor) -> float:
    """Mean cross-entropy, in nats."""
    return float(functional.cross_entropy(scores, targets))
