"""What a board's screen shows of a photograph: the circuit in Verilator, its bits decoded, a PNG.

python -m sim.show_screen PHOTO --output screen.png
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from hw.display.screen import panel_of
from photo import files
from photo.files import PhotographError
from plan.engine import ENGINES
from plan.planner import plan
from plan.schedule import PlanError
from sim import board, screens, verilate
from spec import artifact, reference, screen, terminal
from spec.arguments import Parser
from spec.artifact import ArtifactError
from spec.camera import through
from spec.models import packaged
from spec.screen import Shown


def show(arguments: argparse.Namespace) -> int:
    """0: the picture is what it should be, and is saved; 1: it is not."""
    quantized = artifact.load(arguments.model)
    saw = through(files.read(arguments.photograph, quantized.framing))
    panel = panel_of(quantized, board.CLOCK_HZ)
    sums = reference.run(quantized, saw)["sums"]
    decision = quantized.decision
    shown = Shown(
        number=1,
        winner=decision.answer(sums),
        sums=tuple(sums.tolist()),
        best=int(sums[decision.winner(sums)]),
        cycles=plan(quantized.network, ENGINES[arguments.engine]).cycles,
        rate=0,
    )
    records = screens.pixels_of(saw) + screens.words_of(shown) + screens.idle(2000)
    got = screens.show(screens.model(panel), records)
    wanted = screen.screen(screen.panel(panel.labels, shown, panel.shift), saw)
    differ = int((got != wanted).any(axis=-1).sum())
    try:
        Image.fromarray(got).save(arguments.output)
    except (OSError, ValueError) as error:
        raise PhotographError(
            f"--output {arguments.output}: cannot be written ({error})"
        ) from error
    print(f"{arguments.output}: {differ} of {np.prod(got.shape[:2]):,} pixels differ")
    return 1 if differ else 0


def main(argv: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m sim.show_screen",
        description=__doc__,
        examples=("photo.jpg --output screen.png",),
    )
    parser.add_argument("photograph", type=Path, metavar="PHOTO")
    parser.add_argument("--model", type=Path, default=packaged(), metavar="FILE.onnx")
    parser.add_argument("--engine", choices=ENGINES, default="16x16")
    parser.add_argument("--output", type=Path, default=Path("screen.png"), metavar="FILE.png")
    arguments = parser.parse_args(argv)
    return terminal.run(
        "sim.show_screen",
        lambda: show(arguments),
        bad=(ArtifactError, PlanError, PhotographError, verilate.ToolMissing, ValueError),
        failed=(verilate.SimulationError,),
    )


if __name__ == "__main__":
    sys.exit(main())
