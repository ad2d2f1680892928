"""Photographs through the simulated board's camera: class sums beside the reference's.

    python -m sim.camera_frames FILE|FOLDER… [--limit 25] [--encoding rgb565]

Each is sent as an OV7670 sends it, VGA, and the board classifies it by itself; NumPy makes the same
of the same bytes (:func:`spec.camera.seen`, :mod:`spec.reference`).
"""

import argparse
import json
import sys
import time
from itertools import islice
from pathlib import Path

from host.client import BoardError, Client
from host.line import Line, LineLost
from host.photographs import PhotographError, gather
from hw.design import Design
from plan.engine import ENGINES
from plan.schedule import PlanError
from sim import board, verilate
from sim.camera import CameraBoard, eye, frame
from sim.playing import pictures, sensor_for
from spec import artifact, reference, terminal
from spec.arguments import Parser, whole
from spec.artifact import ArtifactError
from spec.camera import USUAL, Encoding, before, seen, taken
from spec.models import packaged

PATIENCE = 600.0
"""Seconds that a frame may take."""


def check(arguments: argparse.Namespace) -> int:
    """0: all sums are the reference's; 1: some are not."""
    quantized = artifact.load(arguments.model)
    image = quantized.network.image
    sensor = sensor_for(
        image.height,
        image.width,
        encoding=Encoding(arguments.encoding),
        swapped=arguments.swapped,
    )
    paths = gather(arguments.photographs, lambda line: terminal.complain(f"{line}; left out"))
    chosen = list(islice(pictures(paths, quantized.framing, terminal.complain), arguments.limit))
    if not chosen:
        raise PhotographError("none of these is a photograph")
    design = Design.load(arguments.model, ENGINES[arguments.engine], board.CLOCK_HZ)
    command = board.build(design, eye=eye(sensor, quick=False))
    differ = sums = answered = 0
    start = time.monotonic()
    with CameraBoard(command, sensor, seed=arguments.seed) as camera:
        line = Line(camera.terminal)
        client = Client(line, patience=PATIENCE)
        client.camera(on=True, swapped=arguments.swapped)
        for name, pixels in chosen:
            camera.play(frame(pixels, sensor))
            heard = time.monotonic()
            while not (events := client.events(10.0)):
                if time.monotonic() - heard > PATIENCE:
                    raise BoardError(f"{name}: no answer")
            (event,) = events
            saw = seen(taken(before(pixels, sensor), sensor), sensor, image.height, image.width)
            wanted = reference.run(quantized, saw)["sums"].tolist()
            wrong = sum(one != other for one, other in zip(event.result.sums, wanted, strict=True))
            answer = quantized.decision.answer(wanted)
            wrong += event.result.winner != answer
            differ += wrong
            sums += len(wanted) + 1
            answered += 1
            print(
                f"{event.number:4} {name}: {quantized.label(event.result.winner)}, "
                f"{event.result.cycles:,} cycles, {'right' if not wrong else f'{wrong} WRONG'}",
                flush=True,
            )
        counts = client.camera().counts
        line.close()
    print(
        f"{answered} photographs as {sensor.encoding.value}, {sensor.width}×{sensor.height}: "
        f"{differ} of {sums} sums and answers differ; {time.monotonic() - start:.0f} s"
    )
    print(json.dumps(counts))
    return 1 if differ else 0


def main(argv: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m sim.camera_frames", description=__doc__, examples=("photographs --limit 5",)
    )
    parser.add_argument("photographs", nargs="+", type=Path, metavar="FILE|FOLDER")
    parser.add_argument("--model", type=Path, default=packaged(), metavar="FILE.onnx")
    parser.add_argument("--engine", choices=ENGINES, default="16x16")
    parser.add_argument("--encoding", choices=[one.value for one in Encoding], default=USUAL.value)
    parser.add_argument("--swapped", action="store_true", help="the camera exchanges bytes")
    parser.add_argument("--limit", type=whole(1), metavar="N")
    parser.add_argument("--seed", type=int, default=1, help="of PCLK's phase and jitter")
    arguments = parser.parse_args(argv)
    return terminal.run(
        "sim.camera_frames",
        lambda: check(arguments),
        bad=(ArtifactError, PlanError, PhotographError, verilate.ToolMissing, ValueError),
        failed=(verilate.SimulationError, BoardError, LineLost),
    )


if __name__ == "__main__":
    sys.exit(main())
