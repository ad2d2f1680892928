"""The simulated board with a camera, which plays photographs, folders, or films.

    python -m sim.live_board FOLDER --model FILE.onnx --engine 16x16

prints its terminal's name, as :mod:`sim.board` does, plays the pictures once a line comes on its
standard input, prints how many there were, and ends when its standard input does.
"""

import sys
from pathlib import Path

from host.photographs import PhotographError, gather
from hw.design import Design
from plan.engine import ENGINES
from plan.schedule import PlanError
from sim import board, films, verilate
from sim.camera import CameraBoard, eye, frame
from sim.playing import pictures, sensor_for
from spec import artifact, terminal
from spec.arguments import Parser
from spec.artifact import ArtifactError
from spec.camera import USUAL, Encoding
from spec.live import share_of_frames, trigger_of
from spec.models import packaged


def main(argv: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m sim.live_board",
        description=__doc__,
        examples=("photographs --model mine.onnx", "film.gif"),
    )
    parser.add_argument("pictures", nargs="+", type=Path, metavar="FILE|FOLDER")
    parser.add_argument("--model", type=Path, default=packaged(), metavar="FILE.onnx")
    parser.add_argument("--engine", choices=ENGINES, default="16x16")
    parser.add_argument("--encoding", choices=[one.value for one in Encoding], default=USUAL.value)
    parser.add_argument("--swapped", action="store_true", help="the camera exchanges bytes")
    parser.add_argument("--trigger", metavar="LABEL,…", help="what it is built to wait for")
    parser.add_argument("--trigger-frames", type=share_of_frames, metavar="N/M", default=(1, 1))
    parser.add_argument("--seed", type=int, default=1, help="of PCLK's phase and jitter")
    arguments = parser.parse_args(argv)

    def command() -> int:
        quantized = artifact.load(arguments.model)
        paths = gather(
            arguments.pictures, lambda line: terminal.complain(f"{line}; left out"), films.SUFFIXES
        )
        image = quantized.network.image
        sensor = sensor_for(
            image.height,
            image.width,
            encoding=Encoding(arguments.encoding),
            swapped=arguments.swapped,
        )
        trigger = trigger_of(quantized, arguments.trigger, None, *arguments.trigger_frames)
        design = Design.load(arguments.model, ENGINES[arguments.engine], board.CLOCK_HZ)
        seeing = eye(sensor, keeps=image.height * image.width, trigger=trigger)
        program = board.build(design, eye=seeing)
        with CameraBoard(program, sensor, seed=arguments.seed) as simulated:
            print(simulated.terminal, flush=True)
            if not sys.stdin.readline():
                return 0
            count = 0
            for _, pixels in pictures(paths, quantized.framing, terminal.complain):
                simulated.play(frame(pixels, sensor))
                count += 1
            simulated.end()
            print(count, flush=True)
            sys.stdin.read()
        return 0

    bad = (ArtifactError, PlanError, PhotographError, verilate.SimulationError, ValueError)
    return terminal.run("sim.live_board", command, bad=bad)


if __name__ == "__main__":
    sys.exit(main())
