"""``python -m model.train``: from class folders of photographs to a float checkpoint.

Every random number of an epoch comes from (seed, epoch), so a run resumed at an epoch's end is
the run that never stopped.
"""

import math
import sys
import time
from dataclasses import dataclass, replace

import torch
from torch import nn
from torch.nn import functional
from tqdm import tqdm

from model import checkpoint, distill, evaluate, pretrained, report
from model.batches import Batches
from model.checkpoint import Checkpoint, CheckpointError, Preprocessing
from model.data import DataError, Splits, read_splits
from model.parallel import Group, join, leave, share_batch_norm
from model.schedule import Average
from model.settings import Settings, parse
from model.squeezenet import SqueezeNet


class TrainError(RuntimeError):
    """A run that cannot go on; the message says where it stands and the way out."""


@dataclass(kw_only=True)
class Run:
    """All that changes while training."""

    module: nn.Module
    optimizer: torch.optim.Optimizer
    average: Average
    history: list[dict]

    def state(self) -> dict:
        """What :meth:`restore` needs to go on bit for bit."""
        return {
            "module": self.module.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average_steps": self.average.steps,
        }

    def restore(self, saved: Checkpoint) -> None:
        """Go on where a checkpoint with a training state stopped."""
        self.module.load_state_dict(saved.training["module"])
        self.optimizer.load_state_dict(saved.training["optimizer"])
        self.average.state = saved.state
        self.average.steps = saved.training["average_steps"]
        self.history = saved.history


def make_module(settings: Settings, splits: Splits) -> tuple[SqueezeNet, Preprocessing, str]:
    """The module before its first step, its normalization, and a line on what was loaded."""
    network = checkpoint.network_of(settings.parameters(len(splits.train.labels)))
    preprocessing, line = Preprocessing(), ""
    if settings.init is not None:
        weights, preprocessing = pretrained.read_initial(settings.init, network)
    torch.manual_seed(settings.seed)
    module = SqueezeNet(
        network,
        batch_norm=settings.batch_norm,
        dropout=settings.dropout,
        mean=preprocessing.mean,
        std=preprocessing.std,
    )
    if settings.init is not None:
        copied, fresh = pretrained.initialize(module, weights)
        line = f"{settings.init}: {len(copied)} tensors taken; fresh: {', '.join(fresh) or 'none'}"
    return module.to(memory_format=torch.channels_last), preprocessing, line


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
    run.module.train()
    torch.manual_seed((s.seed * 1_000_003 + number) * 64 + group.rank)  # dropout
    total = correct = seen = 0.0
    bar = tqdm(
        batches.epoch(number),
        total=batches.steps,
        desc=f"epoch {number + 1}/{s.epochs}",
        leave=False,
        disable=None if group.first else True,
    )
    for step, (images, targets) in enumerate(bar):
        rate = s.schedule.rate_at(number + step / batches.steps)
        for parameters in run.optimizer.param_groups:
            parameters["lr"] = rate
        images, targets = images.to(group.device), [part.to(group.device) for part in targets]
        with torch.autocast(group.device.type, torch.bfloat16, enabled=s.precision == "bfloat16"):
            scores = forward(images)
        loss = functional.cross_entropy(scores, targets[0])
        if batches.views is not None:
            taught = distill.distillation_loss(scores, targets[1], s.temperature)
            loss = (1 - s.teacher_weight) * loss + s.teacher_weight * taught
        if not math.isfinite(group.sum(float(loss.detach()))):
            raise TrainError(
                f"the loss is not finite in epoch {number + 1}, step {step + 1}: try a --rate "
                f"below {s.rate:g}, a longer --warmup or a smaller --clip; the checkpoints in "
                f"{s.output} hold the epochs before"
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


def best_of(history: list[dict]) -> dict | None:
    """The epoch with the highest validation accuracy, of those the one with the lowest loss."""
    return max(
        (entry for entry in history if "validation_accuracy" in entry),
        key=lambda entry: (entry["validation_accuracy"], -entry["validation_loss"]),
        default=None,
    )


def describe(entry: dict) -> str:
    """An epoch as a line of the log."""
    return " ".join(
        f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in entry.items()
    )


def train(settings: Settings, group: Group) -> Checkpoint:
    """The whole run; returns the best checkpoint, which is also in ``output/best.pt``.

    Raises
    ------
    DataError, CheckpointError, ValueError
        Before the first step, if the data or a file cannot be used.
    TrainError
        If the loss is not finite.
    """
    say = print if group.first else lambda _: None
    splits = read_splits(
        settings.data,
        settings.image,
        validation_list=settings.validation_list,
        validation_share=settings.validation_share,
        seed=settings.seed,
        strict=settings.strict,
    )
    for part, photographs in splits.items():
        say(f"{part}: {len(photographs)} photographs, {len(photographs.skipped)} files skipped")
        for line in photographs.skipped:
            say(f"  skipped {line}")
    module, preprocessing, line = make_module(settings, splits)
    if line:
        say(line)
    shown = SqueezeNet(
        module.network,
        batch_norm=settings.batch_norm,
        mean=preprocessing.mean,
        std=preprocessing.std,
    ).to(group.device, memory_format=torch.channels_last)
    module = share_batch_norm(module, group).to(group.device)
    run = Run(
        module=module,
        optimizer=make_optimizer(module, settings),
        average=Average(module, settings.average),
        history=[],
    )
    last, best = settings.output / "last.pt", settings.output / "best.pt"
    if settings.resume:
        saved = checkpoint.load(last)
        differ = [
            key for key, value in settings.lasting().items() if saved.provenance[key] != value
        ]
        if differ:
            raise CheckpointError(f"{last}: was made with another {differ[0]}; give the same one")
        run.restore(saved)
    views = None
    if settings.teacher is not None:
        views = distill.views_of(settings, splits.train)
    batches = Batches(train=splits.train, views=views, settings=settings, group=group)
    forward = group.parallel(module)
    for number in range(len(run.history), settings.epochs):
        top = best_of(run.history)
        if settings.patience and top is not None and number - top["epoch"] >= settings.patience:
            say(f"no better for {settings.patience} epochs: stopped")
            break
        began = time.monotonic()
        entry = {"epoch": number + 1, "size": settings.schedule.size(number)}
        entry |= train_epoch(run, forward, batches, number)
        if (number + 1) % settings.validate_every == 0 or number + 1 == settings.epochs:
            shown.load_state_dict(run.average.state)
            scores = evaluate.scores_of(shown, splits.validation)
            entry["validation_loss"] = evaluate.loss(scores, splits.validation.targets)
            entry["validation_accuracy"] = evaluate.accuracy(scores, splits.validation.targets)
        entry["seconds"] = time.monotonic() - began
        run.history.append(entry)
        made = Checkpoint(
            parameters=settings.parameters(len(splits.train.labels)),
            batch_norm=settings.batch_norm,
            state=run.average.state,
            labels=splits.train.labels,
            preprocessing=preprocessing,
            history=run.history,
            provenance=settings.lasting() | {"torch": str(torch.__version__)},
            training=run.state(),
        )
        if group.first:
            if best_of(run.history) is entry:
                checkpoint.save(replace(made, training=None), best)
            checkpoint.save(made, last)
            with open(settings.output / "log.txt", "a") as log:
                print(describe(entry), file=log)
        say(describe(entry))
    finished = checkpoint.load(best)
    if settings.report and group.first:
        page = report.write_float(finished, splits, settings.output / "report")
        say(f"report: {page}")
    return finished


def main(argv: list[str] | None = None) -> int:
    try:
        settings = parse(argv)
        last = settings.output / "last.pt"
        if last.exists() and not settings.resume:
            raise ValueError(f"{last} exists: give --resume, or another --output")
        settings.output.mkdir(parents=True, exist_ok=True)
    except (ValueError, OSError) as error:
        print(f"model.train: {error}", file=sys.stderr)
        return 2
    if settings.threads:
        torch.set_num_threads(settings.threads)
    group = join()
    try:
        train(settings, group)
    except (DataError, CheckpointError, ValueError, TrainError) as error:
        print(f"model.train: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        kept = f"{last} holds the epochs before; --resume goes on" if last.exists() else "no epoch"
        print(f"model.train: interrupted; {kept}", file=sys.stderr)
        return 130
    finally:
        leave(group)
    return 0


if __name__ == "__main__":
    sys.exit(main())
