"""``python -m quant.camera --data DIR``: what a camera's way of sending colours costs in accuracy.

Every photograph that training did not see is classified three times in integers, by the network
as it is: from its file, and as it comes through :mod:`spec.camera` in either encoding.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from model.command import add_data_arguments, run
from quant.command import align, held_out
from quant.names import names_of
from quant.threshold import all_sums
from spec import artifact
from spec.arguments import Parser
from spec.camera import Encoding, through
from spec.models import packaged


def photographed(images: torch.Tensor, encoding: Encoding) -> torch.Tensor:
    """Pictures after their way through a camera: uint8, shape (pictures, 3, height, width)."""
    pictures = images.permute(0, 2, 3, 1).numpy()
    made = np.stack([through(picture, encoding) for picture in pictures])
    return torch.from_numpy(made).permute(0, 3, 1, 2).contiguous()


def measure(arguments: argparse.Namespace) -> int:
    quantized = artifact.load(arguments.model)
    decision = quantized.decision
    names = names_of(quantized)
    print(f"{'':<12}{'way':<8}{'largest sum right':>20}{'answer right':>20}{'other answer':>14}")
    for part, photographs in held_out(arguments, quantized):
        photographs, _ = align(photographs, names)
        targets = photographs.targets.tolist()
        ways = {"file": photographs.images}
        ways |= {way.value: photographed(photographs.images, way) for way in Encoding}
        first: list[int] = []
        for way, images in ways.items():
            sums = all_sums(quantized, images)
            answers = [decision.answer(row) for row in sums]
            first = first or answers
            share = [
                _share([decision.winner(row) for row in sums], targets),
                _share(answers, targets),
            ]
            others = sum(one != other for one, other in zip(answers, first, strict=True))
            print(f"{part:<12}{way:<8}{share[0]:>20}{share[1]:>20}{others:>14}")
    return 0


def _share(answers: list[int], targets: list[int]) -> str:
    right = sum(answer == target for answer, target in zip(answers, targets, strict=True))
    return f"{right / len(targets):.4f} ({right}/{len(targets)})"


def main(argv: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m quant.camera",
        description=__doc__,
        examples=(
            "--data test",
            "mine.onnx --data test",
        ),
    )
    parser.add_argument(
        "model", type=Path, nargs="?", default=packaged(), help="default: the packaged model"
    )
    add_data_arguments(parser, recorded=True)
    return run("quant.camera", measure, parser.parse_args(argv))


if __name__ == "__main__":
    raise SystemExit(main())
