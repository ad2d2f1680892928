"""One pass over the training photographs, and all that it changes."""

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional
from tqdm import tqdm

from model import distill
from model.batches import Batches
from model.checkpoint import Checkpoint
from model.distill import Student
from model.schedule import Average
from model.settings import Settings
from spec import terminal


class TrainError(RuntimeError):
    """A run that cannot go on; the message says where it stands and the way out."""


@dataclass(kw_only=True)
class Run:
    """All that changes while training.

    Parameters
    ----------
    frozen
        Layers that do not.
    start
        The weights it began with, if those that are kept lie between them and the average.
    """

    student: Student
    optimizer: torch.optim.Optimizer
    average: Average
    history: list[dict]
    frozen: tuple[nn.Module, ...] = ()
    start: dict[str, torch.Tensor] | None = None

    @property
    def module(self) -> nn.Module:
        """The network."""
        return self.student.network

    def weights(self, blend: float) -> dict[str, torch.Tensor]:
        """What is kept: the average, or of it ``blend`` and of the start the rest.

        Wortsman et al., "Robust fine-tuning of zero-shot models", 2022.
        """
        if self.start is None:
            return self.average.state
        return {
            name: torch.lerp(self.start[name], value, blend) if value.is_floating_point() else value
            for name, value in self.average.state.items()
        }

    def state(self) -> dict:
        """What :meth:`restore` needs to go on bit for bit."""
        hint = self.student.hint
        return {
            "module": self.module.state_dict(),
            "hint": None if hint is None else hint.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average_steps": self.average.steps,
            "average": None if self.start is None else self.average.state,
            "start": self.start,
        }

    def restore(self, saved: Checkpoint) -> None:
        """Go on where a checkpoint with a training state stopped."""
        self.module.load_state_dict(saved.training["module"])
        if self.student.hint is not None:
            self.student.hint.load_state_dict(saved.training["hint"])
        self.optimizer.load_state_dict(saved.training["optimizer"])
        self.start = saved.training.get("start")
        average = saved.state if self.start is None else saved.training["average"]
        for name, value in average.items():
            self.average.state[name].copy_(value)
        self.average.steps = saved.training["average_steps"]
        self.history = saved.history


def make_optimizer(module: nn.Module, settings: Settings) -> torch.optim.Optimizer:
    """Weight decay on convolution weights, none on biases and batch norms."""
    weights = [value for value in module.parameters() if value.dim() > 1]
    others = [value for value in module.parameters() if value.dim() <= 1]
    groups = [
        {"params": weights, "weight_decay": settings.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    if settings.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=settings.rate)
    nesterov = settings.momentum > 0
    return torch.optim.SGD(groups, settings.rate, momentum=settings.momentum, nesterov=nesterov)


def train_epoch(run: Run, forward: nn.Module, batches: Batches, number: int) -> dict:
    """One pass; returns mean loss and accuracy (against the heavier label of mixed images)."""
    s, group = batches.settings, batches.group
    run.student.train()
    for layer in run.frozen:
        layer.eval()
    torch.manual_seed((s.seed * 1_000_003 + number) * 64 + group.rank)  # dropout
    total = correct = seen = 0.0
    bar = tqdm(
        batches.epoch(number),
        total=batches.steps,
        desc=f"epoch {number + 1}/{s.epochs}",
        leave=False,
        disable=terminal.bars_off() if group.first else True,
    )
    for step, (images, targets) in enumerate(bar):
        rate = s.schedule.rate_at(number + step / batches.steps)
        for parameters in run.optimizer.param_groups:
            parameters["lr"] = rate
        images, targets = images.to(group.device), [part.to(group.device) for part in targets]
        with torch.autocast(group.device.type, torch.bfloat16, enabled=s.precision == "bfloat16"):
            scores, hints = forward(images)
        loss = functional.cross_entropy(scores, targets[0])
        if batches.views is not None:
            taught = distill.distillation_loss(scores, targets[1], s.temperature)
            loss = (1 - s.teacher_weight) * loss + s.teacher_weight * taught
        if hints is not None:
            hinted = distill.distillation_loss(hints, targets[2], distill.HINT_TEMPERATURE)
            loss = loss + s.hint_weight * hinted
        if not math.isfinite(group.sum(float(loss.detach()))):
            raise TrainError(
                f"the loss is not finite in epoch {number + 1}, step {step + 1}: try a --rate "
                f"below {s.rate:g}, a longer --warmup or a smaller --clip"
                + (f"; the checkpoints in {s.output} hold the epochs before" if number else "")
            )
        run.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(run.module.parameters(), s.clip)
        run.optimizer.step()
        run.average.update(run.module)
        total += float(loss.detach()) * len(images)
        correct += float((scores.argmax(dim=1) == targets[0].argmax(dim=1)).sum())
        seen += len(images)
    total, correct, seen = (group.sum(value) for value in (total, correct, seen))
    return {"loss": total / seen, "train_accuracy": correct / seen, "rate": rate}
