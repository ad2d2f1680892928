"""Damaged frames into the simulated board's camera: each is dropped, the next whole one is right.

    python -m sim.damage --frames 1000 --seed 1

Lost PCLK pulses, missing lines, VSYNC in the middle, a camera unplugged and plugged in again, each
at a random place; whole frames follow, and now and then a self-test over the line. Every frame is
of another picture: an answer that is not exactly that of a whole one, in order, is a wrong one.
"""

import random
import sys
import tempfile
import time
from collections import Counter, deque
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from host.client import BoardError, Client
from host.line import Line, LineLost
from hw.camera.ov7670 import Times
from hw.design import Design
from hw.live.live import Eye
from plan.engine import ENGINES
from sim import board
from sim.camera import QUICK, WARMING, Befalls, CameraBoard, Damage, frame
from sim.verilate import SimulationError
from spec import artifact, reference, synthetic, terminal
from spec.arguments import Parser, whole
from spec.camera import Encoding, Sensor, before, seen, taken
from spec.squeezenet import tiny

SENSOR = Sensor(height=20, width=24, encoding=Encoding.RGB565)
SIZE = 8
"""Side of the network's picture."""
HANG = 60.0
"""Seconds that the simulated board computes without an answer: they are taken for a hang."""
PATIENCE = 3600.0
"""Seconds that a request may take on a busy machine."""
WEIGHTS = {
    Befalls.LOST_EDGES: 4,
    Befalls.MISSING_LINES: 4,
    Befalls.EARLY_VSYNC: 4,
    Befalls.UNPLUGGED: 1,
}
AFTER = {kind: 1 for kind in WEIGHTS} | {Befalls.UNPLUGGED: 4}
"""Whole frames that follow: one that was unplugged is set up twice, and shows one meanwhile."""
AHEAD = 3
"""Damages whose answers are waited for at once."""


class DamageError(AssertionError):
    """The board hung or answered wrongly; the message says after what."""


def eye() -> Eye:
    """A camera whose set-up is as quick as its data sheet allows."""
    times = Times.of(board.CLOCK_HZ, SENSOR)
    return Eye(sensor=SENSOR, times=replace(times, settle=WARMING, first=2_000_000, **QUICK))


def make_design(folder: Path) -> Design:
    """A small network."""
    path = folder / "damage.onnx"
    artifact.save(synthetic.quantized(tiny(image_size=SIZE)), path)
    return Design.load(path, ENGINES["4x4"], board.CLOCK_HZ)


@dataclass
class Session:
    """A board, the frames that were played to it, and what it answered.

    ``owed`` are the sums of whole frames, and whether each must be answered; ``told`` counts what
    was played and answered.
    """

    design: Design
    rng: random.Random
    owed: deque[tuple[tuple[int, ...], bool]] = field(default_factory=deque)
    told: Counter = field(default_factory=Counter)

    def __post_init__(self):
        self._known: set[tuple[int, ...]] = set()
        self._pictures = 0

    def picture(self) -> tuple[np.ndarray, tuple[int, ...]]:
        """Pixels of a new picture, and its sums; no two have the same."""
        network = self.design.quantized.network
        while True:
            self._pictures += 1
            pixels = synthetic.image(network, self._pictures)
            data = taken(before(pixels, SENSOR), SENSOR)
            saw = seen(data, SENSOR, SIZE, SIZE)
            sums = tuple(reference.run(self.design.quantized, saw)["sums"].tolist())
            if sums not in self._known:
                self._known.add(sums)
                return pixels, sums

    def damage(self) -> Damage:
        """One at a random place."""
        rng = self.rng
        (kind,) = rng.choices([*WEIGHTS], [*WEIGHTS.values()])
        line = rng.randrange(SENSOR.height)
        place = rng.randrange(SENSOR.line_bytes)
        most = {
            Befalls.LOST_EDGES: min(4, SENSOR.line_bytes - place),
            Befalls.MISSING_LINES: SENSOR.height - line,
            Befalls.EARLY_VSYNC: 1,
            Befalls.UNPLUGGED: 500,  # until within the set-up that follows, or after it
        }[kind]
        count = rng.randint(70 if kind == Befalls.UNPLUGGED else 1, most)
        return Damage(kind=kind, line=line, place=place, count=count)

    def play(self, camera: CameraBoard) -> None:
        """A damaged frame, and whole ones after it."""
        damage = self.damage()
        pixels, _ = self.picture()
        camera.play(frame(pixels, SENSOR, damage))
        self.told[damage.kind.name] += 1
        for place in range(AFTER[damage.kind]):
            pixels, sums = self.picture()
            camera.play(frame(pixels, SENSOR))
            self.owed.append((sums, place == AFTER[damage.kind] - 1))
            self.told["whole"] += 1

    def hear(self, client: Client, seconds: float) -> bool:
        """Whether answers came, which are all right."""
        events = client.events(seconds)
        for event in events:
            while self.owed and self.owed[0][0] != event.result.sums:
                sums, must = self.owed.popleft()
                if must:
                    raise DamageError(
                        f"frame {event.number} gave {event.result.sums}, {sums} was due; "
                        f"so far {dict(self.told)}"
                    )
                self.told["unanswered"] += 1
            if not self.owed:
                raise DamageError(f"frame {event.number} gave {event.result.sums}, of no frame")
            self.owed.popleft()
            self.told["answered"] += 1
        return bool(events)


def damage(design: Design, *, frames: int, seed: int) -> tuple[Session, dict[str, int]]:
    """Play so many damaged frames; the session, and what the board counted.

    Raises
    ------
    DamageError
        At the first thing that is wrong.
    """
    session = Session(design, random.Random(seed))
    command = board.build(design, eye=eye())
    with CameraBoard(command, SENSOR, seed=seed, waiting=64) as camera:
        line = Line(camera.terminal)
        client = Client(line, patience=PATIENCE)
        heard = camera.worked()
        for number in range(frames + 1):
            if number < frames:
                session.play(camera)
            while len(session.owed) > (AHEAD if number < frames else 0):
                if session.hear(client, 1.0):
                    heard = camera.worked()
                elif camera.worked() - heard > HANG:
                    raise DamageError(f"no answer; so far {dict(session.told)}")
            if number % 50 == 25 and client.selftest().wrong:
                raise DamageError("the self-test is wrong")
        state = client.camera()
        line.close()
    return session, state.counts


def main(argv: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m sim.damage", description=__doc__, examples=("--frames 100 --seed 2",)
    )
    parser.add_argument("--frames", type=whole(1), default=1000, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args(argv)

    def command() -> int:
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            session, counted = damage(
                make_design(Path(folder)), frames=arguments.frames, seed=arguments.seed
            )
        told = session.told
        for kind in WEIGHTS:
            print(f"{told[kind.name]:8,} × {kind.name.lower().replace('_', ' ')}")
        print(
            f"{arguments.frames:,} damaged frames, {told['whole']:,} whole ones between: 0 hangs, "
            f"0 wrong answers, {told['answered']:,} answers, {told['unanswered']:,} passed over "
            f"while the camera was set up; {time.monotonic() - start:.0f} s"
        )
        print("the board counted " + ", ".join(f"{n:,} {name}" for name, n in counted.items()))
        return 0

    return terminal.run(
        "sim.damage",
        command,
        bad=(SimulationError, ValueError),
        failed=(DamageError, BoardError, LineLost),
    )


if __name__ == "__main__":
    sys.exit(main())
