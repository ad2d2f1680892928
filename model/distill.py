"""Learning from a teacher: the student, and the loss."""

import torch
from torch import nn
from torch.nn import functional

from model.squeezenet import SqueezeNet

HINT_TEMPERATURE = 1.0
"""Of the teacher's hints: there are many, and softened further they all look alike."""


class Student(nn.Module):
    """A network in training and, where the teacher gives hints, the layer that imitates those.

    The layer sees what the last convolution sees, averaged over positions, and is dropped in the
    end; what it asks for stays in the layers below (Romero et al., "FitNets: Hints for Thin Deep
    Nets", 2015).

    Parameters
    ----------
    network
        What is trained.
    hints
        How many scores besides its own; 0 for none.
    """

    def __init__(self, network: SqueezeNet, hints: int = 0):
        super().__init__()
        self.network = network
        self.hint = nn.Linear(network.network.last.i.channels, hints) if hints else None

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Class scores, and hints where there are any: float32, (images, …)."""
        x = self.network.trunk(images)
        scores = self.network.head(x)
        if self.hint is None:
            return scores, None
        return scores, self.hint(x.float().mean(dim=(2, 3))).float()


def distillation_loss(
    scores: torch.Tensor, softened: torch.Tensor, temperature: float
) -> torch.Tensor:
    """``T² · KL(teacher ‖ student)``, both softened by ``T``; the mean over images.

    ``softened`` is ``softmax(teacher scores / T)``, shape (images, classes).
    Hinton et al., "Distilling the Knowledge in a Neural Network", 2015, section 2.
    """
    student = functional.log_softmax(scores / temperature, dim=1)
    return functional.kl_div(student, softened, reduction="batchmean") * temperature**2
