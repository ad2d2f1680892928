"""A line without a pause: images back to back into the simulated board, none lost.

    python -m sim.full_line --images 3

The bytes follow each other at the line's own rate, as fast as any computer could send them, and
nothing is sent twice. So the pixels' share of the bytes is their share of the line's raw rate.
Nobody waits for the board's leave: at this rate and any lower one it has room before it is needed.
"""

import random
import sys
from pathlib import Path

from hw.design import Design
from plan.engine import ENGINES
from plan.schedule import PlanError
from sim import board
from sim.fuzz import FuzzError, Session, on_the_wire
from sim.verilate import SimulationError
from spec import terminal
from spec.arguments import Parser
from spec.artifact import ArtifactError
from spec.models import packaged
from spec.protocol import Reply

PATIENCE = 600.0
"""Seconds for an image: a large network's circuit takes long on a busy machine."""
CLOCKS_A_BIT = 5
"""Far fewer than a board's 33 to 50, so the line is that much faster."""


def share(design: Design, images: int) -> float:
    """Send so many images without a pause; the pixels' share of the bytes on the line, 0 … 1.

    Raises
    ------
    sim.fuzz.FuzzError
        If an image is lost, or its sums are not the reference's.
    """
    session = Session(
        design,
        random.Random(1),
        patience=PATIENCE,
        tick=board.TICK,
        clocks_a_bit=CLOCKS_A_BIT,
    )
    sent = [session.image() for _ in range(images)]
    line = b"".join(frame.line() for frames in sent for frame in frames)
    session.write(on_the_wire(line))
    try:
        for frames in sent:
            session.expect(Reply.RESULT, frames[0].sequence)
    finally:
        broken = session.close()
    if broken:
        raise FuzzError(f"the board sent {broken} damaged frames")
    return sum(len(frame.payload) for frames in sent for frame in frames) / len(line)


def main(argv: list[str] | None = None) -> int:
    parser = Parser(prog="python -m sim.full_line", description=__doc__, examples=("--images 3",))
    parser.add_argument("--images", type=int, default=3, metavar="N")
    parser.add_argument("--model", type=Path, default=packaged(), metavar="FILE.onnx")
    parser.add_argument("--engine", choices=ENGINES, default="16x16")
    arguments = parser.parse_args(argv)

    def command() -> int:
        if arguments.images < 1:
            raise ValueError(f"--images must be at least 1, not {arguments.images}")
        design = Design.load(arguments.model, ENGINES[arguments.engine], board.CLOCK_HZ)
        pixels = share(design, arguments.images)
        print(f"{arguments.images} images without a pause, every sum right: {pixels:.2%} pixels")
        return 0

    bad = (ArtifactError, PlanError, SimulationError, ValueError)
    return terminal.run("sim.full_line", command, bad=bad, failed=(FuzzError,))


if __name__ == "__main__":
    sys.exit(main())
