"""A board's answers beside the reference's: over a serial line, or from the simulated circuit."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from tqdm import tqdm

from host.client import BoardError, Client
from host.connection import Mismatch, connected
from host.image import ImageRefused
from host.line import LineError, LineLost
from model.data import Photographs
from spec import terminal
from spec.arguments import Parser
from spec.protocol import ProtocolError

BAD = (LineError, Mismatch, ImageRefused)
"""What is raised if there is no board, or none that holds the model."""
FAILED = (LineLost, BoardError)
"""What is raised if a board stops answering, or keeps failing."""


def add_board_arguments(parser: Parser) -> None:
    """Flags that say which board, as those of ``python -m host``."""
    parser.add_argument("--port", metavar="DEVICE", help="judge a board at this port beside it")
    parser.add_argument(
        "--simulate", action="store_true", help="judge the simulated board beside it"
    )
    parser.add_argument("--engine", default="16x16", help="of the simulated board")


@contextmanager
def asked(arguments: argparse.Namespace) -> Iterator[Client | None]:
    """The board that the flags ask for, which must hold ``arguments.model``; None without a flag.

    Raises
    ------
    host.line.LineError, host.connection.Mismatch, host.image.ImageRefused
        If there is none, or it cannot hold the model.
    host.line.LineLost, host.client.BoardError
        If it stops answering.
    """
    if not arguments.simulate and arguments.port is None:
        yield None
        return
    try:
        with connected(arguments) as (client, _):
            yield client
    except ProtocolError as error:  # a ValueError: it would read as bad input
        raise BoardError(str(error)) from error


def board_sums(client: Client, photographs: Photographs) -> torch.Tensor:
    """The board's class sums, int64, shape (photographs, classes), with a progress bar."""
    images = ((n, image.permute(1, 2, 0).numpy()) for n, image in enumerate(photographs.images))
    answers = client.classify((n, pixels.tobytes()) for n, pixels in images)
    total, off = len(photographs), terminal.bars_off()
    bar = tqdm(answers, total=total, desc="board", leave=False, disable=off)
    return torch.tensor([answer.result.sums for answer in bar])
