"""``python -m quant.evaluate FILE.onnx --data DIR``: accuracy, and three programs compared.

For every photograph and every tensor: how many values differ between the NumPy reference, ONNX
Runtime on the same file, and the straight-through network in PyTorch. The contract says none. With
``--port`` or ``--simulate`` a board answers, too, and its class sums must be the reference's.
"""

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from tqdm import tqdm

from model import checkpoint, report
from model.command import run
from model.data import DataError, Photographs
from model.evaluate import scores_of
from quant.board import BAD, FAILED, add_board_arguments, asked, board_sums
from quant.command import add_judging_arguments, align, judged_parts
from quant.figures import Figures, answers, write_csv
from quant.names import names_of
from quant.report import accuracies, in_words
from quant.straight import StraightNetwork
from spec import artifact, reference, terminal
from spec.arguments import Parser
from spec.quantized import QuantizedNetwork
from spec.reference import probabilities

OTHERS = ("ONNX Runtime", "PyTorch")
"""The programs compared with the NumPy reference."""


@dataclass
class Agreement:
    """Values compared so far, and how many differed from the reference, by program."""

    values: int
    differing: dict[str, int]


class Judges:
    """One model file in three programs.

    Parameters
    ----------
    path
        The ONNX file.

    Raises
    ------
    spec.artifact.ArtifactError
        If it is not a network of the contract.
    """

    def __init__(self, path: Path):
        self.quantized: QuantizedNetwork = artifact.load(path)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(
            artifact.exposed(path), options, providers=["CPUExecutionProvider"]
        )
        self.straight = StraightNetwork(self.quantized)
        names = [name for name, _ in self.quantized.network.tensors()]
        self.agreements = {
            name: Agreement(0, dict.fromkeys(OTHERS, 0)) for name in (*names, "sums")
        }

    def onnx_runtime(self, image: torch.Tensor) -> dict[str, np.ndarray]:
        names = [output.name for output in self.session.get_outputs()]
        outputs = self.session.run(None, {"image": image[None].numpy()})
        return artifact.as_reference(self.quantized, dict(zip(names, outputs, strict=True)))

    def pytorch(self, image: torch.Tensor) -> dict[str, np.ndarray]:
        with torch.inference_mode():
            tensors = {n: v[0].numpy() for n, v in self.straight.tensors(image[None])}
        last = tensors[self.quantized.network.last.name]
        return tensors | {"sums": last.sum(axis=(1, 2), dtype=np.float64)}

    def sums(self, image: torch.Tensor) -> np.ndarray:
        """The reference's class sums for uint8 pixels, shape (3, height, width).

        Every tensor is compared on the way, and counted in ``agreements``.
        """
        expected = reference.run(self.quantized, image.permute(1, 2, 0).numpy())
        others = dict(zip(OTHERS, (self.onnx_runtime(image), self.pytorch(image)), strict=True))
        for name, agreement in self.agreements.items():
            agreement.values += expected[name].size
            for other, tensors in others.items():
                agreement.differing[other] += int((tensors[name] != expected[name]).sum())
        return expected["sums"]

    def scores(self, photographs: Photographs) -> torch.Tensor:
        """The reference's class sums, shape (photographs, classes), every photograph compared."""
        off = terminal.bars_off()
        bar = tqdm(photographs.images, desc="compare", leave=False, disable=off)
        return torch.from_numpy(np.stack([self.sums(image) for image in bar]))

    def table(self) -> Iterator[str]:
        """Lines: a heading, one a tensor, the total."""
        yield f"{'tensor':<18}{'values':>14}" + "".join(f"{name:>15}" for name in OTHERS)
        total = Agreement(0, dict.fromkeys(OTHERS, 0))
        for name, agreement in self.agreements.items():
            yield _line(name, agreement)
            total.values += agreement.values
            for other in OTHERS:
                total.differing[other] += agreement.differing[other]
        yield _line("total", total)

    @property
    def agree(self) -> bool:
        """Whether no value differed anywhere."""
        return not any(sum(a.differing.values()) for a in self.agreements.values())


def _line(name: str, agreement: Agreement) -> str:
    counts = "".join(f"{agreement.differing[other]:>15,}" for other in OTHERS)
    return f"{name:<18}{agreement.values:>14,}{counts}"


def report_skipped(parts: Iterable[tuple[str, Photographs]]) -> None:
    """Print what was left out of the photographs, if anything."""
    for name, photographs in parts:
        if photographs.skipped:
            print(f"{name}: {len(photographs.skipped)} files skipped")
            for line in photographs.skipped:
                print(f"  {line}")


def evaluate(arguments: argparse.Namespace) -> int:
    judges = Judges(arguments.model)
    parts = judged_parts(arguments, judges.quantized)
    report_skipped(parts)
    names = names_of(judges.quantized)
    made = None if arguments.float is None else checkpoint.load(arguments.float)
    if made is not None and made.labels != judges.quantized.labels:
        raise DataError(f"{arguments.float}: has other classes than {arguments.model}")
    known = []
    for name, photographs in parts:
        photographs, unknown = align(photographs, names)
        for folder in unknown:
            print(f"{name}: {folder} is no class of the model and is left out")
        known.append((name, photographs))
    figures, wrong = [], 0
    with asked(arguments) as board:
        for name, photographs in known:
            sums = {"int8": judges.scores(photographs)}
            if board is not None:
                sums["board"] = board_sums(board, photographs)
                differ = int((sums["board"] != sums["int8"]).any(dim=1).sum())
                print(f"{name}: board's sums differ for {differ} of {len(photographs)} photographs")
                wrong += differ
            scores = {kind: log_odds(judges.quantized, own) for kind, own in sums.items()}
            if made is not None:
                scores["float"] = scores_of(made.module(), photographs)
            for kind, own in scores.items():
                found = accuracies(sums.get(kind, own), photographs.targets)
                print(f"{name}: {kind} accuracy {in_words(found)}")
            figures += [
                Figures(part=name, kind=kind, photographs=photographs, scores=own)
                for kind, own in scores.items()
            ]
    print("Values that differ from the NumPy reference:")
    for line in judges.table():
        print(line)
    if arguments.photographs:
        print(*answers(figures), sep="\n")
    for own in figures:
        print(*own.lines(), sep="\n")
    if arguments.csv is not None:
        write_csv(figures, arguments.csv)
    if arguments.page is not None:
        print(write_page(figures, arguments.page, judges.quantized))
    return 0 if judges.agree and not wrong else 1


def log_odds(quantized: QuantizedNetwork, sums: torch.Tensor) -> torch.Tensor:
    """Log-probabilities of class sums, both of shape (photographs, classes)."""
    odds = np.stack([probabilities(quantized, row) for row in sums.numpy()])
    return torch.from_numpy(np.log(np.maximum(odds, 1e-30)))


def write_page(figures: list[Figures], folder: Path, quantized: QuantizedNetwork) -> Path:
    """The figures as a page, with confusion matrices and the photographs that are wrong."""
    scores: dict[str, dict[str, torch.Tensor]] = {}
    for own in figures:
        scores.setdefault(own.kind, {})[own.part] = own.scores
    return report.write(
        folder,
        {own.part: own.photographs for own in figures},
        scores,
        title=f"{quantized.network.name}, {quantized.network.weights:,} weights",
        notes={
            f"{own.part}, {own.kind}: expected calibration error": f"{own.calibration_error:.4f}"
            for own in figures
        },
    )


def main(argv: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m quant.evaluate",
        description=__doc__,
        examples=(
            "mine.onnx --data test --float runs/mine/best.pt --page page",
            "mine.onnx --photographs LION/1.jpg TIGER/1.jpg --simulate",
        ),
    )
    parser.add_argument("model", type=Path, metavar="FILE.onnx")
    add_judging_arguments(parser)
    add_board_arguments(parser)
    parser.add_argument("--float", type=Path, metavar="CHECKPOINT", help="judge it beside the file")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the classes' figures there")
    parser.add_argument("--page", type=Path, metavar="FOLDER", help="write a page there")
    return run("quant.evaluate", evaluate, parser.parse_args(argv), bad=BAD, failed=FAILED)


if __name__ == "__main__":
    raise SystemExit(main())
