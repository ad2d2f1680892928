"""What commands share: the flags of photographs, one-line errors, exit codes."""

import argparse
from collections.abc import Callable
from pathlib import Path

import torch

from model.data import Splits, read_splits
from spec import terminal
from spec.arguments import THREADS, Parser, number, whole
from spec.photograph import Framing


def add_data_arguments(parser: Parser, *, recorded: bool = False) -> None:
    """Flags that say which photographs; the names are those of ``python -m model.train``.

    Parameters
    ----------
    recorded
        Whether a file of a run is at hand: what is not given is None, for
        :func:`model.split.settle`.
    """
    of_run = "; default: the run's" if recorded else ""
    parser.add_argument(
        "--data",
        type=Path,
        required=not recorded,
        help=f"folder with train/, valid/ …, or class folders{of_run}",
    )
    parser.add_argument(
        "--validation-list", type=Path, help=f"file that names the validation photographs{of_run}"
    )
    parser.add_argument(
        "--validation-share",
        type=number(least=0, below=1),
        default=None if recorded else 0.0,
        help=f"share of each class held out{of_run}",
    )
    parser.add_argument(
        "--seed", type=int, default=None if recorded else 0, help=f"of everything random{of_run}"
    )
    if recorded:
        parser.add_argument(
            "--other-split",
            action="store_true",
            help="the flags may hold out other photographs than the run did",
        )
    parser.add_argument(
        "--strict", action="store_true", help="refuse files that are no photographs"
    )
    parser.add_argument(
        "--nested",
        action="store_true",
        help="class folders may hold nothing but folders of photographs",
    )
    parser.add_argument(
        "--threads", type=whole(0, THREADS), default=0, help="of torch; 0: as many as it likes"
    )


def add_other_arguments(parser: Parser) -> None:
    """Flags of pictures beside the classes', as those of ``python -m model.train``."""
    parser.add_argument("--others", type=Path, help="pictures that training had as none")
    parser.add_argument("--empties", type=Path, help="empty frames that training had as none")
    parser.add_argument("--field", type=Path, help="class folders of more photographs")
    parser.add_argument("--repeat", type=int, default=6, help="times for --empties and --field")


def read_data(arguments: argparse.Namespace, size: int | Framing) -> Splits:
    """The splits that the flags name."""
    return read_splits(
        arguments.data,
        size,
        validation_list=arguments.validation_list,
        validation_share=arguments.validation_share,
        seed=arguments.seed,
        strict=arguments.strict,
        nested=arguments.nested,
    )


def run(
    name: str,
    command: Callable[[argparse.Namespace], int],
    arguments: argparse.Namespace,
    *,
    bad: terminal.Errors = (),
    failed: terminal.Errors = (),
) -> int:
    """Exit code of a command of this name; see :func:`spec.terminal.run`.

    ``ValueError`` and ``OSError`` are bad input, besides ``bad``.
    """
    if arguments.threads > 0:
        torch.set_num_threads(arguments.threads)
    bad = (ValueError, OSError, *bad)
    return terminal.run(name, lambda: command(arguments), bad=bad, failed=failed)
