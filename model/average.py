"""``python -m model.average A.pt B.pt … --output FILE``: the mean of the weights of several runs.

Of a run and of what it went on from, or of runs that went on from one network with other seeds,
the mean is a network, too, and often a better one than each (Wortsman et al., "Model soups", 2022,
and "Robust fine-tuning of zero-shot models", 2022). Of runs from other beginnings it is none:
measure it. ``--shares`` weighs them.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import torch

from model import checkpoint
from model.checkpoint import Checkpoint, CheckpointError
from spec import terminal
from spec.arguments import Parser, number

#: What must be the same.
SAME = ("parameters", "batch_norm", "labels", "preprocessing", "photographs")


def averaged(paths: list[Path], shares: list[float]) -> Checkpoint:
    """The first of the checkpoints with the mean of all their weights and statistics.

    Parameters
    ----------
    shares
        What each counts, above 0; nothing for all alike.

    Raises
    ------
    CheckpointError
        If there is only one, one cannot be read, or they are of other networks or photographs.
    """
    if len(paths) < 2:
        raise CheckpointError(f"{paths[0]}: is only one; name two checkpoints or more")
    shares = shares or [1.0] * len(paths)
    if len(shares) != len(paths):
        raise CheckpointError(f"--shares must be {len(paths)}, one a checkpoint, not {len(shares)}")
    parts = torch.tensor(shares, dtype=torch.float64) / sum(shares)
    first, *others = (checkpoint.load(path) for path in paths)
    for path, other in zip(paths[1:], others, strict=True):
        for key in SAME:
            if getattr(other, key) != getattr(first, key):
                raise CheckpointError(f"{path}: has other {key} than {paths[0]}")
    states = [made.state for made in (first, *others)]
    state = {
        name: sum(part * own[name] for part, own in zip(parts, states, strict=True)).to(value.dtype)
        if value.is_floating_point()
        else value
        for name, value in first.state.items()
    }
    told = {
        "average": "; ".join(
            f"{share:g} of {path}" for path, share in zip(paths, shares, strict=True)
        )
    }
    return replace(
        first, state=state, history=[], provenance=first.provenance | told, training=None
    )


def main(argv: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m model.average",
        description=__doc__,
        examples=("seed0/last.pt seed1/last.pt seed2/last.pt --output mean.pt",),
    )
    parser.add_argument("checkpoints", type=Path, nargs="+", metavar="CHECKPOINT")
    parser.add_argument(
        "--shares",
        type=number(above=0),
        nargs="+",
        default=[],
        metavar="SHARE",
        help="what each of them counts; default: all alike",
    )
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.pt")
    arguments = parser.parse_args(argv)

    def average(arguments: argparse.Namespace) -> int:
        made = averaged(arguments.checkpoints, arguments.shares)
        checkpoint.save(made, arguments.output)
        print(f"{arguments.output}: the mean of {len(arguments.checkpoints)} checkpoints")
        return 0

    bad = (CheckpointError, OSError)
    return terminal.run("model.average", lambda: average(arguments), bad=bad)


if __name__ == "__main__":
    sys.exit(main())
