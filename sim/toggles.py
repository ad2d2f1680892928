"""What changes in a second on a board with a camera: awake all the time, or asleep between frames.

    python -m sim.toggles [--frames N]

A small network's board runs twice beside the simulated camera, once with every frame and once with
one in two and a half, as ``--rate`` has it. Verilator counts how often each signal has another
value than a cycle before (SAIF); clocks, and what is inside memories, are not among them.
"""

import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from hw.design import Design
from sim import board, camera, fuzz, verilate
from sim.board import CLOCK_HZ
from sim.playing import sensor_for
from spec import synthetic, terminal
from spec.arguments import Parser, whole
from spec.protocol import Splitter

SENSOR = sensor_for(fuzz.SIZE, fuzz.SIZE)
FRAME = (SENSOR.height + 30) * (SENSOR.width + 144) * 2 * 4
"""Cycles from one frame of the camera to the next."""
PERIOD = 3 * FRAME - FRAME // 2
"""Two frames and a half."""
CORE = "core"
_TOKEN = re.compile(r'[()]|"[^"]*"|[^\s()]+')


def counted(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Each net of a SAIF file: the instances that it is in, from the top, and its toggle count."""
    path: list[str] = []  # what is open: an instance's name, or nothing
    tokens = iter(_TOKEN.findall(text))
    for token in tokens:
        if token == ")":
            path.pop()
        elif token == "(":
            kind = next(tokens)
            path.append(next(tokens) if kind == "INSTANCE" else "")
            if kind == "TC":
                yield tuple(name for name in path if name), int(next(tokens))


def toggles(design: Design, frames: int, period: int) -> tuple[dict[str, int], float, int]:
    """Toggles of the core and of the rest, the seconds that passed, and the frames classified,
    while a camera plays so many ``frames``; ``period``: cycles from one to the next at least, or 0:
    the board never sleeps."""
    command = board.build(design, eye=camera.eye(SENSOR, period=period), toggles=True)
    with TemporaryDirectory() as folder:
        file = Path(folder, "toggles.saif")
        environment = os.environ | {"CARACAL_TOGGLES": str(file)}
        with camera.CameraBoard(
            command, SENSOR, mode="wire", waiting=frames, env=environment
        ) as simulated:
            for seed in range(frames):
                pixels = synthetic.image(design.quantized.network, seed)
                simulated.play(camera.frame(pixels, SENSOR))
            simulated.end()
            simulated.process.stdin.close()
            answers = len(Splitter().feed(simulated.process.stdout.read()))
        text = file.read_text()
    found = Counter()
    for instances, count in counted(text):
        found[CORE if CORE in instances else "the rest"] += count
    cycles = int(re.search(r"\(DURATION (\d+)\)", text)[1])
    return dict(found), cycles / CLOCK_HZ, answers


def main(argv: list[str] | None = None) -> int:
    parser = Parser(prog="python -m sim.toggles", description=__doc__, examples=("--frames 6",))
    parser.add_argument("--frames", type=whole(2), default=6, help="that the camera plays")
    arguments = parser.parse_args(argv)

    def command() -> int:
        with TemporaryDirectory() as folder:
            design = fuzz.make_design(Path(folder))
            print(f"{'':24}{'frames':>8}{'core':>18}{'the rest':>18}   million toggles a second")
            for name, period in (("every frame", 0), ("one in two and a half", PERIOD)):
                found, seconds, answers = toggles(design, arguments.frames, period)
                rates = [found[part] / seconds / 1e6 for part in (CORE, "the rest")]
                print(f"{name:24}{answers:8}{rates[0]:18,.1f}{rates[1]:18,.1f}", flush=True)
        return 0

    return terminal.run("sim.toggles", command, bad=(), failed=(verilate.SimulationError,))


if __name__ == "__main__":
    sys.exit(main())
