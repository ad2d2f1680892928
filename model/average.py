"""``python -m model.average A.pt B.pt … --output FILE``: the mean of the weights of several runs.

Of runs that went on from one network, with other seeds, the mean is a network, too, and often a
better one than each (Wortsman et al., "Model soups", 2022). Of runs from other beginnings it is
none: measure it.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import torch

from model import checkpoint
from model.checkpoint import Checkpoint, CheckpointError
from spec import terminal
from spec.arguments import Parser

#: What must be the same.
SAME = ("parameters", "batch_norm", "labels", "preprocessing", "photographs")


def averaged(paths: list[Path]) -> Checkpoint:
    """The first of the checkpoints with the mean of all their weights and statistics.

    Raises
    ------
    CheckpointError
        If there is only one, one cannot be read, or they are of other networks or photographs.
    """
    if len(paths) < 2:
        raise CheckpointError(f"{paths[0]}: is only one; name two checkpoints or more")
    first, *others = (checkpoint.load(path) for path in paths)
    for path, other in zip(paths[1:], others, strict=True):
        for key in SAME:
            if getattr(other, key) != getattr(first, key):
                raise CheckpointError(f"{path}: has other {key} than {paths[0]}")
    states = [made.state for made in (first, *others)]
    state = {
        name: torch.stack([own[name].double() for own in states]).mean(dim=0).to(value.dtype)
        if value.is_floating_point()
        else value
        for name, value in first.state.items()
    }
    told = {"average": ", ".join(f"seed {made.provenance['seed']}" for made in (first, *others))}
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
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.pt")
    arguments = parser.parse_args(argv)

    def average(arguments: argparse.Namespace) -> int:
        made = averaged(arguments.checkpoints)
        checkpoint.save(made, arguments.output)
        print(f"{arguments.output}: the mean of {len(arguments.checkpoints)} checkpoints")
        return 0

    bad = (CheckpointError, OSError)
    return terminal.run("model.average", lambda: average(arguments), bad=bad)


if __name__ == "__main__":
    sys.exit(main())
