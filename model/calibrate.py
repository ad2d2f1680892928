"""``python -m model.calibrate CHECKPOINT --data DIR --output FILE``: as sure as it should be.

Two numbers of the last batch norm are set on the validation photographs, nothing is trained. The
bias of the class ``none`` falls until the share ``--recall`` of the others' photographs
score above it: in training half of all pictures are none, on a card they need not be. Then all
scores are multiplied by the factor of least cross-entropy (Guo et al., "On Calibration of Modern
Neural Networks", 2017), which changes no order: a mean of ReLUs times a factor is the mean of the
ReLUs of the products.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import torch
from torch.nn import functional

from model import checkpoint, evaluate
from model.checkpoint import CheckpointError
from model.command import add_data_arguments, read_data, run
from model.data import Photographs
from model.metrics import in_words
from model.others import with_none
from model.squeezenet import SqueezeNet
from spec.arguments import Parser
from spec.decision import NONE

STEPS = 40
"""Halvings of the interval in which each number lies."""

WIDEST = 64.0
"""How far a bias may fall, in units of the scores."""

NUDGE = 1e-3
"""How much further it falls, so that no rounding later undoes it."""

FACTORS = (0.1, 10.0)
"""Between which the factor lies."""


def lower_none(module: SqueezeNet, photographs: Photographs, recall: float) -> float:
    """Lower the bias of the last class, in place, as little as ``recall`` asks for; by how much.

    Raises
    ------
    ValueError
        If the recall is not above 0 and at most 1, or no bias reaches it.
    """
    if not 0 < recall <= 1:
        raise ValueError(f"the recall must be above 0, at most 1, not {recall}")
    bias = module.get_submodule(module.network.last.name).norm.bias
    before = bias[-1].item()
    with torch.inference_mode():
        maps = [module.trunk(images) for images, _ in photographs.batches(64)]

    def passed(fall: float) -> bool:
        with torch.inference_mode():
            bias[-1] = before - fall
            scores = torch.cat([module.head(part) for part in maps])
        known = scores[:, :-1].max(dim=1).values >= scores[:, -1]
        return bool(known.double().mean() >= recall)

    if passed(0.0):
        return 0.0
    low, high = 0.0, WIDEST
    if not passed(high):
        raise ValueError(f"no bias lets {recall:g} of the photographs above {NONE}")
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if passed(middle) else (middle, high)
    passed(high + NUDGE)
    return high + NUDGE


def best_factor(scores: torch.Tensor, targets: torch.Tensor) -> float:
    """The factor of least cross-entropy, within ``FACTORS``; the loss is convex in it."""
    low, high = FACTORS

    def loss(factor: float) -> float:
        return float(functional.cross_entropy(scores.double() * factor, targets))

    for _ in range(STEPS):
        one, other = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, other) if loss(one) <= loss(other) else (one, high)
    return (low + high) / 2


def calibrate(arguments: argparse.Namespace) -> int:
    made = checkpoint.load(arguments.checkpoint)
    if not made.batch_norm:
        raise CheckpointError(f"{arguments.checkpoint}: has no batch norm, which this needs")
    if made.labels[-1] != NONE:
        raise CheckpointError(f"{arguments.checkpoint}: its last class must be {NONE}")
    validation = read_data(arguments, made.framing).validation
    if NONE not in validation.labels:
        validation = with_none(validation)
    module = made.module()
    fall = lower_none(module, validation, arguments.recall)
    scores = evaluate.scores_of(module, validation)
    factor = best_factor(scores, validation.targets)
    norm = module.get_submodule(module.network.last.name).norm
    with torch.no_grad():
        norm.weight *= factor
        norm.bias *= factor
    told = {"calibration.none": f"-{fall:.4f}", "calibration.factor": f"{factor:.4f}"}
    told["calibration.recall"] = str(arguments.recall)
    state = {name: value.detach().clone() for name, value in module.state_dict().items()}
    checkpoint.save(replace(made, state=state, provenance=made.provenance | told), arguments.output)
    print(f"bias of {NONE} lowered by {fall:.4f}; all scores times {factor:.4f}")
    right = int((scores.argmax(dim=1) == validation.targets).sum())
    print(f"validation: {in_words(right, len(validation))}")
    return 0


def main(argv: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m model.calibrate",
        description=__doc__,
        examples=("best.pt --data photographs --validation-share 0.12 --output sure.pt",),
    )
    parser.add_argument("checkpoint", type=Path)
    add_data_arguments(parser)
    parser.add_argument(
        "--recall", type=float, default=0.99, help="share of validation that scores above none"
    )
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.pt")
    return run("model.calibrate", calibrate, parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
