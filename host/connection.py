"""A board with the network that it must hold: found or simulated, checked, loaded."""

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from host.client import Client
from host.image import board_image
from host.line import Line, SimulatedBoard, find
from spec import artifact
from spec.protocol import Held
from spec.quantized import QuantizedNetwork
from spec.replies import digest, labels_digest

PATIENCE = {False: 2.0, True: 300.0}
"""Seconds without an answer before something is wrong: a board, a simulated one."""


class Mismatch(Exception):
    """The board holds another model than the computer; the message says which."""


def check(client: Client, quantized: QuantizedNetwork, arguments: argparse.Namespace) -> None:
    """Raise :class:`Mismatch` unless the board holds the model, and the model fits photographs."""
    board, port = client.identity, f" --port {arguments.port}" if arguments.port else ""
    remedy = f"load it: python -m host load {arguments.model}{port}"
    if client.held == Held.NONE:
        raise Mismatch(f"the board holds no network; {remedy}")
    if board.labels != labels_digest(quantized.labels):
        raise Mismatch(
            f"the board's model, {board.name}, has other labels than {arguments.model}; "
            f"name it with --model, or {remedy}"
        )
    if board.model != digest(arguments.model.read_bytes()):
        raise Mismatch(
            f"the board holds another network, {board.name}, than {arguments.model} "
            f"(digest {board.model.hex()}); name it with --model, or {remedy}"
        )
    if board.width != board.height:
        raise Mismatch(f"the board takes {board.width}×{board.height}, no square images")


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What was sent to a board: its bytes, and the seconds that planning and sending took."""

    size: int
    planned: float
    sent: float


def send(client: Client, quantized: QuantizedNetwork, model: Path) -> Sent:
    """Load a network into a board, with a progress bar.

    Raises
    ------
    host.image.ImageRefused
        If it does not fit the board.
    """
    start = time.monotonic()
    data = board_image(client.identity, quantized, digest(model.read_bytes()))
    planned = time.monotonic()
    with tqdm(
        total=len(data), unit="B", unit_scale=True, desc="loading", disable=None, leave=False
    ) as bar:
        client.load(data, lambda count: bar.update(count - bar.n))
    return Sent(size=len(data), planned=planned - start, sent=time.monotonic() - planned)


@contextmanager
def connected(
    arguments: argparse.Namespace,
    *,
    must_hold: bool = True,
    sdram: bool = False,
    give: bool = True,
    simulated: list[SimulatedBoard] | None = None,
) -> Iterator[tuple[Client, QuantizedNetwork]]:
    """A board and a model, which it must hold unless told otherwise; a simulated board is given it
    unless ``give`` is false.

    ``sdram`` gives a simulated board an SDRAM though the model needs none; ``simulated`` one a
    camera, which plays what ``--simulate`` names, and gets it.

    Raises
    ------
    Mismatch
        If it holds another.
    """
    quantized = artifact.load(arguments.model)
    board = None
    if arguments.simulate:
        camera = [] if simulated is None else arguments.simulate
        board = SimulatedBoard(arguments.model, arguments.engine, sdram=sdram, camera=camera)
        if simulated is not None:
            simulated.append(board)
    try:
        line = Line(board.device if board else arguments.port or find())
        try:
            client = Client(line, patience=PATIENCE[bool(arguments.simulate)])
            if board and give and client.identity.model != digest(arguments.model.read_bytes()):
                send(client, quantized, arguments.model)
            if must_hold:
                check(client, quantized, arguments)
            yield client, quantized
        finally:
            line.close()
    finally:
        if board:
            board.close()
