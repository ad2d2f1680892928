"""``python -m model.train``: from class folders of photographs to a float checkpoint.

Every random number of an epoch comes from (seed, epoch), so a run resumed at an epoch's end is
the run that never stopped.
"""

import hashlib
import math
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from model import checkpoint, evaluate, few, pretrained, report
from model.batches import Batches
from model.checkpoint import Checkpoint, CheckpointError, Preprocessing
from model.data import Splits, inventory, read_splits, remarks
from model.distill import Student
from model.epoch import Run, TrainError, make_optimizer, train_epoch
from model.layout import check_output
from model.metrics import in_words
from model.others import add_others
from model.parallel import Group, join, leave, share_batch_norm
from model.room import left, next_command, prospect
from model.schedule import Average
from model.settings import Settings, parse
from model.split import change, learned_before, record
from model.squeezenet import SqueezeNet
from model.views import views_of
from spec import terminal
from spec.files import read_bytes
from spec.text import printable

CONTENT = "_sha256"
"""Behind a setting's name in a checkpoint: the digest of the file that it names."""


def make_module(settings: Settings, splits: Splits) -> tuple[SqueezeNet, Preprocessing, str]:
    """The module before its first step, its normalization, and a line on what was loaded."""
    network = checkpoint.network_of(settings.parameters(len(splits.train.labels)))
    preprocessing, line = Preprocessing(), ""
    if settings.init is not None:
        weights, preprocessing, said = pretrained.read_initial(
            settings.init, network, settings.trained_with
        )
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
        taken = [*said, f"{len(copied)} tensors taken", f"fresh: {', '.join(fresh) or 'none'}"]
        line = f"{settings.init}: {'; '.join(taken)}"
        if preprocessing.shorter_side not in (0, settings.framing.shorter):
            line += f"; it learned with --shorter-side {preprocessing.shorter_side}"
    preprocessing = replace(preprocessing, shorter_side=settings.shorter_side)
    return module.to(memory_format=torch.channels_last), preprocessing, line


def best_of(history: list[dict]) -> dict | None:
    """The epoch with the highest validation accuracy, of those the one with the lowest loss."""
    return max(
        (entry for entry in history if "validation_accuracy" in entry),
        key=lambda entry: (entry["validation_accuracy"], -entry["validation_loss"]),
        default=None,
    )


def contents_of(settings: Settings) -> dict[str, str]:
    """By setting and :data:`CONTENT`, the SHA-256 of each file that a run learns from."""
    files = {key: getattr(settings, key) for key in ("teacher", "init", "pretrained")}
    return {
        f"{key}{CONTENT}": hashlib.sha256(read_bytes(file)).hexdigest()
        for key, file in files.items()
        if file is not None and file.is_file()  # kept views need no teacher any more
    }


def describe(entry: dict) -> str:
    """An epoch as a line of the log."""
    return " ".join(
        f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in entry.items()
    )


def train(settings: Settings, group: Group) -> None:
    """The whole run: ``output/best.pt``, ``last.pt`` to go on from, ``log.txt``, ``report/``.

    Raises
    ------
    DataError, CheckpointError, ValueError
        If the data, a file or a setting cannot be used, or a checkpoint cannot be written.
    TrainError
        If the loss is not finite.
    """
    say = partial(print, flush=True) if group.first else lambda _: None
    splits = read_splits(
        settings.data,
        settings.framing,
        validation_list=settings.validation_list,
        validation_share=settings.validation_share,
        seed=settings.seed,
        strict=settings.strict,
        nested=settings.nested,
    )
    splits, backgrounds = add_others(
        splits,
        settings.framing,
        others=settings.others,
        empties=settings.empties,
        field=settings.field,
        repeat=settings.repeat,
        strict=settings.strict,
    )
    for name, part in splits.items():
        for line in inventory(name, part):
            say(line)
    for line in remarks(splits):
        say(line)
    for source in (settings.init, settings.teacher):
        if source is not None and source.is_file() and group.first:
            line = learned_before(source, splits.validation, settings.data)
            if line:
                terminal.complain(f"WARNING: {line}")
    if min(settings.batch, len(splits.train)) < group.size:
        raise ValueError(f"a batch must give each of {group.size} processes a photograph")
    module, preprocessing, line = make_module(settings, splits)
    if line:
        say(line)
    if settings.board is not None:
        words, warning = prospect(module.network, settings)
        if warning and group.first:
            terminal.complain(f"WARNING: {words}")
        elif not warning:
            say(words)
    shown = SqueezeNet(
        module.network,
        batch_norm=settings.batch_norm,
        mean=preprocessing.mean,
        std=preprocessing.std,
    ).to(group.device, memory_format=torch.channels_last)
    views = None if settings.teacher is None else views_of(settings, splits.train, backgrounds)
    hinted = views is not None and views.hints is not None and settings.hint_weight > 0
    if settings.pretrained is not None and not settings.resume:
        loss = few.fit_last(module, splits.train, settings.augmentation, settings.seed)
        say(f"the last convolution, fitted alone: loss {loss:.4f}")
    module = share_batch_norm(module, group).to(group.device)
    frozen = few.freeze(module, settings.freeze)
    student = Student(module, views.hints.shape[2] if hinted else 0).to(group.device)
    run = Run(
        student=student,
        optimizer=make_optimizer(student, settings),
        average=Average(module, settings.average),
        history=[],
        frozen=frozen,
    )
    if settings.blend < 1:
        run.start = {name: value.clone() for name, value in module.state_dict().items()}
    last, best = settings.output / "last.pt", settings.output / "best.pt"
    photographs = record(splits)
    contents = contents_of(settings)
    if settings.resume:
        saved = checkpoint.load(last)
        before = Settings.defaults() | saved.provenance  # settings of today may be new to it
        differ = [key for key, value in settings.lasting().items() if before.get(key) != value]
        if differ:
            key = differ[0]
            flag, now = key.replace("_", "-"), settings.lasting()[key]
            raise CheckpointError(
                f"{last}: was made with another --{flag}, {before.get(key)}, not {now}: give the "
                "same, or another --output"
            )
        if saved.labels != splits.train.labels:
            raise CheckpointError(
                f"{last}: learned {', '.join(saved.labels)}, and the data has the classes "
                f"{', '.join(splits.train.labels)}; put them back, or give another --output"
            )
        for key, digest in contents.items():
            if saved.provenance.get(key, digest) != digest:
                raise CheckpointError(
                    f"{last}: began with another content of --{key.removesuffix(CONTENT)}'s file; "
                    "put that back, or give another --output"
                )
        changed = change(saved.photographs, photographs)
        if changed:
            raise CheckpointError(
                f"{last}: the photographs are not those it saw: {changed}; put them back, or give "
                "another --output"
            )
        run.restore(saved)
    batches = Batches(
        train=splits.train, views=views, backgrounds=backgrounds, settings=settings, group=group
    )
    wait = len(splits.train) - batches.steps * min(settings.batch, len(splits.train))
    if wait:
        say(
            f"an epoch is {batches.steps} × {settings.batch} photographs: {wait} of "
            f"{len(splits.train)}, others each time, wait for another"
        )
    forward = group.parallel(student)
    for number in range(len(run.history), settings.epochs):
        top = best_of(run.history)
        if settings.patience and top is not None and number - top["epoch"] >= settings.patience:
            say(f"no better for {settings.patience} epochs: stopped")
            break
        began = time.monotonic()
        entry = {"epoch": number + 1, "size": settings.schedule.size(number)}
        entry |= train_epoch(run, forward, batches, number)
        if (number + 1) % settings.validate_every == 0 or number + 1 == settings.epochs:
            shown.load_state_dict(run.weights(settings.blend))
            scores = evaluate.scores_of(shown, splits.validation)
            entry["validation_loss"] = evaluate.loss(scores, splits.validation.targets)
            if not math.isfinite(entry["validation_loss"]):
                kept = f"; {settings.output} holds the epochs before" if run.history else ""
                raise TrainError(
                    f"the loss is not finite after epoch {number + 1}: try a --rate below "
                    f"{settings.rate:g}{kept}"
                )
            entry["validation_accuracy"] = evaluate.accuracy(scores, splits.validation.targets)
        entry["seconds"] = time.monotonic() - began
        run.history.append(entry)
        made = Checkpoint(
            parameters=settings.parameters(len(splits.train.labels)),
            batch_norm=settings.batch_norm,
            state=run.weights(settings.blend),
            labels=splits.train.labels,
            preprocessing=preprocessing,
            history=run.history,
            provenance=settings.lasting() | contents | {"torch": str(torch.__version__)},
            photographs=photographs,
            training=run.state(),
        )
        if group.first:
            if best_of(run.history) is entry:
                checkpoint.save(replace(made, training=None), best)
            checkpoint.save(made, last)
            with open(settings.output / "log.txt", "a") as log:
                print(describe(entry), file=log)
        more = number + 1 < settings.epochs
        say(f"{describe(entry)}{f', {left(run.history, settings)}' if more else ''}")
    kept = best_of(run.history)
    if kept is not None:
        of = len(splits.validation)
        judged = sum("validation_accuracy" in entry for entry in run.history)
        how = f"; the best of {judged} epochs on these same photographs, so a little flattered"
        say(
            f"kept: epoch {kept['epoch']}, validation accuracy "
            f"{in_words(round(kept['validation_accuracy'] * of), of)}{how if judged > 1 else ''}"
        )
    if settings.report and group.first:
        whole = replace(checkpoint.load(best), history=run.history)
        page = report.write_float(whole, splits, settings.output / "report")
        say(f"report: {page}")
    if kept is not None:
        say(next_command(best, settings.output))


def main(argv: list[str] | None = None) -> int:
    last = Path("last.pt")

    def command() -> int:
        nonlocal last
        settings = parse(argv)
        last = settings.output / last
        there = [file for file in (last, last.with_name("best.pt")) if file.exists()]
        if there and not settings.resume:
            raise ValueError(f"{there[0]} exists: give --resume, or another --output")
        if settings.resume and not last.exists():
            raise ValueError(f"{last}: no such file, so nothing to go on from: leave --resume away")
        check_output(settings.data, settings.output)
        if settings.init is not None and not settings.init.is_file():
            raise ValueError(f"--init {printable(settings.init)}: no such file of weights")
        settings.output.mkdir(parents=True, exist_ok=True)
        if settings.threads:
            torch.set_num_threads(settings.threads)
        group = join()
        try:
            train(settings, group)
        finally:
            leave()
        return 0

    def interrupted() -> str:
        kept = f"{last} holds the epochs before; --resume goes on" if last.exists() else "no epoch"
        return f"interrupted; {kept}"

    return terminal.run(
        "model.train",
        command,
        bad=(ValueError, OSError),
        failed=(TrainError,),
        interrupted=interrupted,
    )


if __name__ == "__main__":
    sys.exit(main())
