"""Figures of a run, as PNG files."""

from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.ticker import MaxNLocator

from model.data import Photographs
from model.metrics import Bin

COUNTED = 24
"""Classes of a confusion matrix, at most, that are all named and whose counts are written."""

MARKED = 10
"""Points of a curve from which on a line is enough: one alone would not be seen."""
LETTERS = 30
"""Of a line under a photograph, at most: more would run into the next one."""


def curves(history: list[dict], path: Path) -> None:
    """Loss, accuracy and learning rate against the epoch; a band a stage of image size."""
    figure = Figure(figsize=(13, 4), layout="constrained")
    axes = figure.subplots(1, 3)
    epochs = [entry["epoch"] for entry in history]
    checked = [entry for entry in history if "validation_loss" in entry]
    for axis, key in ((axes[0], "loss"), (axes[1], "accuracy")):
        train = "loss" if key == "loss" else "train_accuracy"
        axis.plot(epochs, [entry[train] for entry in history], label="training, augmented")
        axis.plot(
            [entry["epoch"] for entry in checked],
            [entry[f"validation_{key}"] for entry in checked],
            label="validation",
            marker="o" if len(checked) < MARKED else None,
        )
        axis.set_ylabel(key)
        axis.legend()
    axes[2].plot(epochs, [entry["rate"] for entry in history], color="black")
    axes[2].set_ylabel("learning rate")
    for axis in axes:
        axis.set_xlabel("epoch")
        axis.grid(alpha=0.3)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        for before, entry in pairwise(history):
            if before["size"] != entry["size"]:
                axis.axvline(entry["epoch"] - 0.5, linestyle=":", color="grey")
    figure.savefig(path, dpi=100)


def matrix(counts: np.ndarray, labels: tuple[str, ...], title: str, path: Path) -> None:
    """A confusion matrix: true classes down, answers across."""
    side = 2.5 + 0.6 * min(len(labels), COUNTED)
    figure = Figure(figsize=(side + 0.6, side), layout="constrained")
    axis = figure.subplots()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    numbers = np.ndenumerate(counts) if len(labels) <= COUNTED else ()  # too small to read
    for (row, column), count in numbers:
        colour = "white" if shares[row, column] > 0.5 else "black"
        axis.text(column, row, str(count), ha="center", va="center", color=colour)
    shown = range(0, len(labels), -(-len(labels) // COUNTED))
    names = [_drawn(_short(labels[index])) for index in shown]
    axis.set_xticks(shown, names, rotation=45, ha="right", parse_math=False)
    axis.set_yticks(shown, names, parse_math=False)
    axis.set(xlabel="answer", ylabel="truth", title=title)
    figure.savefig(path, dpi=100)


def mistakes(
    photographs: Photographs, scores: torch.Tensor, path: Path, *, most: int = 48
) -> list[int]:
    """A sheet of the misclassified photographs, the surest mistakes first.

    Returns
    -------
    list of int
        Indices of all of them, in that order; no file is written if there are none.
    """
    shares = scores.softmax(dim=1)
    surest, answers = shares.max(dim=1)
    wrong = (answers != photographs.targets).nonzero().flatten()
    wrong = wrong[surest[wrong].argsort(descending=True, stable=True)].tolist()
    shown = wrong[:most]
    if not shown:
        return wrong
    columns = min(8, len(shown))
    rows = -(-len(shown) // columns)
    figure = Figure(figsize=(1.9 * columns, 2.4 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).flatten()
    for axis in axes:
        axis.set_axis_off()
    for axis, index in zip(axes, shown, strict=False):
        axis.imshow(photographs.images[index].permute(1, 2, 0).numpy())
        truth = photographs.labels[photographs.targets[index]]
        answer = photographs.labels[answers[index]]
        name = Path(photographs.names[index])
        axis.set_title(
            _drawn(f"{_short(f'{truth}: {name.name}')}\n{_short(answer)}")
            + f", {float(surest[index]):.0%}",
            fontsize=7,
            parse_math=False,
        )
    figure.savefig(path, dpi=100)
    return wrong


@cache
def _letters() -> frozenset[int]:
    """Those that the font of the figures has."""
    return frozenset(FT2Font(font_manager.findfont("DejaVu Sans")).get_charmap())


def _drawn(text: str) -> str:
    """With a box for each letter that the font lacks: the page's tables have them all."""
    return "".join(
        letter if letter == "\n" or ord(letter) in _letters() else "□" for letter in text
    )


def _short(text: str) -> str:
    """Begin and end of a text that is too long."""
    half = LETTERS // 2
    return text if len(text) <= LETTERS else f"{text[: half - 1]}…{text[-half:]}"


def reliability(bins: list[Bin], title: str, path: Path) -> None:
    """How often answers are right against how sure they are; dots grow with their number."""
    figure = Figure(figsize=(4.5, 4.5), layout="constrained")
    axis = figure.subplots()
    axis.plot([0, 1], [0, 1], color="grey", linestyle=":")
    axis.scatter(
        [part.confidence for part in bins],
        [part.right for part in bins],
        s=[20 + 4 * part.count for part in bins],
    )
    axis.set(xlabel="confidence", ylabel="share of right answers", title=title)
    axis.set(xlim=(0, 1.02), ylim=(0, 1.02))
    figure.savefig(path, dpi=100)
