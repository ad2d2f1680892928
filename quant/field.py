"""``python -m quant.field FILE.onnx --data DIR …``: how a network does where it is to work.

Known animals must be found, and everything else must be none. Each set of pictures that is given
adds its rows to one table. Intervals are over cameras, not pictures.
"""

import argparse
import csv
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from model import plots
from model.command import add_data_arguments, run
from model.data import DataError, Photographs
from model.metrics import auroc, calibration_error, over_groups, reliability
from model.others import read_pictures
from model.report import table, write_html
from model.scenes import at_night, at_third
from quant.command import align, held_out
from quant.names import names_of
from quant.threshold import all_sums, at_recall
from quant.traps import EMPTY, Trap, read_trap, where_it_moved
from spec import artifact
from spec.arguments import Parser
from spec.quantized import QuantizedNetwork
from spec.reference import probabilities

RECALL = 0.95
"""Of the known photographs, for the threshold that strangers meet."""
TRAP_RECALL = 0.80
"""Of the known animals in trap frames that a person can see, for the threshold there."""
SMALL = 50
"""Pictures pasted small on an empty frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A line of the table; ``low`` and ``high`` of an interval may be NaN."""

    name: str
    value: float
    count: int
    low: float = float("nan")
    high: float = float("nan")

    @property
    def cells(self) -> list[str]:
        interval = "" if np.isnan(self.low) else f"{self.low:.3f} to {self.high:.3f}"
        return [self.name, f"{self.value:.4f}", str(self.count), interval]


class Judged:
    """A network's sums on pictures, and what its decision makes of them.

    Attributes
    ----------
    sums : int64, shape (pictures, classes)
    winners : the best known class of each
    leads : of each over none
    answers : the decision's own
    """

    def __init__(self, quantized: QuantizedNetwork, images: torch.Tensor):
        decision = quantized.decision
        self.sums = all_sums(quantized, images)
        self.winners = np.array([decision.winner(row) for row in self.sums])
        self.leads = np.array([decision.lead(row) for row in self.sums])
        self.answers = np.array([decision.answer(row) for row in self.sums])
        self.none = decision.none_of(len(quantized.labels))

    @property
    def passed(self) -> np.ndarray:
        """Which are answered with a class."""
        return self.answers != self.none

    def confidence(self, quantized: QuantizedNetwork) -> np.ndarray:
        """The winner's probability of each."""
        odds = [probabilities(quantized, row) for row in self.sums]
        return np.array([row[winner] for row, winner in zip(odds, self.winners, strict=True)])


def share(name: str, hits: np.ndarray, groups: np.ndarray | None = None) -> Figure:
    """A share of pictures, with an interval over groups if there are any."""
    hits = np.asarray(hits, float)
    value = float(hits.mean()) if len(hits) else float("nan")
    if groups is None or not len(hits):
        return Figure(name=name, value=value, count=len(hits))
    low, high = over_groups(lambda rows: float(hits[rows].mean()), groups)
    return Figure(name=name, value=value, count=len(hits), low=low, high=high)


class Table:
    """The figures of one network.

    Parameters
    ----------
    quantized
        The network.
    """

    def __init__(self, quantized: QuantizedNetwork):
        self.quantized = quantized
        self.figures: list[Figure] = []
        self.bins = []

    def judge(self, images: torch.Tensor) -> Judged:
        return Judged(self.quantized, images)

    def known(self, part: str, photographs: Photographs) -> Judged:
        """Photographs of known animals."""
        judged, targets = self.judge(photographs.images), photographs.targets.numpy()
        right = judged.sums.argmax(axis=1) == targets
        classes = [right[targets == index].mean() for index in np.unique(targets)]
        dark = self.judge(at_night(photographs.images))
        self.bins = reliability(judged.confidence(self.quantized), judged.winners == targets)
        self.figures += [
            share(f"{part}: right, best of all outputs", right),
            Figure(name=f"{part}: mean over classes", value=np.mean(classes), count=len(right)),
            share(f"{part}: right, best of the classes", judged.winners == targets),
            share(f"{part}: answered with a class", judged.passed),
            share(f"{part}: answered right", judged.answers == targets),
            share(f"{part}: right when grey and dark", dark.winners == targets),
            Figure(
                name=f"{part}: expected calibration error, ten bins",
                value=calibration_error(self.bins),
                count=len(right),
            ),
        ]
        return judged

    def unknown(self, name: str, pictures: Photographs, threshold: int) -> None:
        """Pictures of anything else; ``threshold`` keeps ``RECALL`` of the known ones."""
        judged = self.judge(pictures.images)
        self.figures += [
            share(f"{name}: let through at a recall of {RECALL}", judged.leads >= threshold),
            share(f"{name}: let through by the file's threshold", judged.passed),
        ]

    def small(self, photographs: Photographs, empties: torch.Tensor) -> None:
        """Known animals at a third of their size on empty frames."""
        generator = torch.Generator().manual_seed(0)
        rows = [index % len(photographs) for index in range(SMALL)]
        places = torch.rand(SMALL, 2, generator=generator).tolist()
        pasted = torch.stack(
            [
                at_third(photographs.images[row], empties[index % len(empties)], place)
                for index, (row, place) in enumerate(zip(rows, places, strict=True))
            ]
        )
        judged, targets = self.judge(pasted), photographs.targets[rows].numpy()
        self.figures += [
            share("pasted at a third of the size: right species", judged.winners == targets),
            share("pasted at a third of the size: answered right", judged.answers == targets),
        ]

    def trap(self, trap: Trap) -> None:
        """Frames of camera traps."""
        judged = self.judge(trap.frames.images)
        folders = [label for label in self.quantized.labels if trap.of(label).any()]
        known = np.any([trap.of(label) for label in folders], axis=0)
        empty = trap.of(EMPTY)
        other = ~known & ~empty
        threshold = at_recall(judged.leads[known & trap.visible], TRAP_RECALL)
        for name, rows in (("empties", empty), ("other animals", other)):
            self.figures += [
                share(
                    f"trap: {name} let through, visible cats at {TRAP_RECALL}",
                    judged.leads[rows] >= threshold,
                    trap.cameras[rows],
                ),
                share(
                    f"trap: {name} let through by the file's threshold",
                    judged.passed[rows],
                    trap.cameras[rows],
                ),
            ]
        for label in folders:
            own = trap.of(label)
            index = self.quantized.labels.index(label)
            self.figures += [
                share(
                    f"trap: {label} let through by the file's threshold",
                    judged.passed[own],
                    trap.cameras[own],
                ),
                share(
                    f"trap: {label} answered right", judged.answers[own] == index, trap.cameras[own]
                ),
            ]
            score = judged.sums[:, index] - judged.sums[np.arange(len(own)), judged.winners]
            score = score + judged.leads
            both = set(trap.cameras[own]) & set(trap.cameras[~own])
            same = np.isin(trap.cameras, list(both))
            for where, rows in (("all cameras", np.ones(len(own), bool)), ("same cameras", same)):
                self.figures.append(self._auroc(label, where, own[rows], score[rows], trap, rows))

    def _auroc(self, label, where, own, score, trap, rows) -> Figure:
        """AUROC of a class against everything else at the given frames."""

        def figure(chosen: np.ndarray) -> float:
            return auroc(score[chosen][own[chosen]], score[chosen][~own[chosen]])

        value = figure(np.arange(len(own)))
        low = high = float("nan")
        if len(own):
            low, high = over_groups(figure, trap.cameras[rows])
        name = f"trap: AUROC of {label} against all else, {where}"
        return Figure(name=name, value=value, count=len(own), low=low, high=high)


HEAD = ["figure", "value", "pictures", "95 % interval over cameras"]


def write_csv(figures: list[Figure], path: Path) -> None:
    """The table as CSV, whole or not at all."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with open(part, "w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["figure", "value", "pictures", "low", "high"])
            for f in figures:
                rows.writerow([f.name, f"{f.value:.6f}", f.count, f"{f.low:.6f}", f"{f.high:.6f}"])
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def write_page(found: Table, folder: Path) -> Path:
    """The table and the reliability diagram as a page."""
    folder.mkdir(parents=True, exist_ok=True)
    network = found.quantized.network
    body = [table(HEAD, [figure.cells for figure in found.figures])]
    plots.reliability(found.bins, "known photographs", folder / "reliability.png")
    body.append('<p><img src="reliability.png" alt="reliability diagram">')
    return write_html(folder, f"{network.name} in the field", body)


def evaluate(arguments: argparse.Namespace) -> int:
    quantized = artifact.load(arguments.model)
    size, strict = quantized.framing, arguments.strict
    trap = None
    if arguments.trap is not None:
        sources = arguments.sources or arguments.trap / "sources.tsv"
        trap = read_trap(arguments.trap, sources, size, strict=strict)
    elif arguments.motion:
        raise DataError("--motion is of trap frames: give --trap, too")
    pictures = {
        name: read_pictures(path, size, strict=strict)
        for name, path in (("strangers", arguments.strangers), ("general", arguments.general))
        if path is not None
    }
    found, threshold = Table(quantized), None
    names = names_of(quantized)
    parts = [(name, align(own, names)[0]) for name, own in held_out(arguments, quantized)]
    for name, photographs in reversed(parts):
        threshold = at_recall(found.known(name, photographs).leads, RECALL)
    for name, own in pictures.items():
        found.unknown(name, own, threshold)
    if trap is not None:
        if trap.of(EMPTY).any():
            found.small(parts[-1][1], trap.frames.images[trap.of(EMPTY)])
        if arguments.motion:
            trap, moved = where_it_moved(trap, arguments.trap, size)
            found.figures.append(share("trap: seen where something moved", moved))
        found.trap(trap)
    width = max(len(figure.name) for figure in found.figures)
    for figure in found.figures:
        name, value, count, interval = figure.cells
        print(f"{name:<{width}}  {value:>7}  of {count:>4}  {interval}".rstrip())
    if arguments.csv is not None:
        write_csv(found.figures, arguments.csv)
    if arguments.page is not None:
        print(write_page(found, arguments.page))
    return 0


def main(argv: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m quant.field",
        description=__doc__,
        examples=("mine.onnx --data test --strangers strangers --trap frames --csv field.csv",),
    )
    parser.add_argument("model", type=Path, metavar="FILE.onnx")
    add_data_arguments(parser, recorded=True)
    parser.add_argument("--strangers", type=Path, help="pictures of animals much like the known")
    parser.add_argument("--general", type=Path, help="pictures of anything else")
    parser.add_argument("--trap", type=Path, help=f"trap frames: class folders, {EMPTY}/, others")
    parser.add_argument("--sources", type=Path, metavar="TABLE.tsv", help="TRAP/sources.tsv")
    parser.add_argument(
        "--motion",
        action="store_true",
        help="see each trap frame where it differs from the others of its camera",
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the table there, too")
    parser.add_argument("--page", type=Path, metavar="FOLDER", help="write a page there")
    return run("quant.field", evaluate, parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
