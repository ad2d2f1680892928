"""The flags of a build that has a camera, and what they come to."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from hw.board.boards import BOARDS, Board
from hw.board.wirings import Wiring
from hw.camera.ov7670 import Times
from hw.display.screen import panel_of
from hw.live.live import Eye
from plan.link import camera_block_rams, screen_block_rams
from spec.arguments import Parser, whole
from spec.camera import USUAL, Crop, Encoding, Sensor
from spec.live import add_trigger, trigger_of
from spec.quantized import QuantizedNetwork

CAMERAS = ("ov7670",)
MOST_RATE = 1000
"""Frames a second that a rate may ask for, far more than a camera has."""
DISPLAYS = ("hdmi",)
CABLES = ("straight", "flat")
"""A camera in the header, or on wires that go straight; on a flat cable, which turns the rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mounted:
    """A camera on a board: what the circuit has for it, and where it hangs.

    ``spare`` is the EBR that it takes.
    """

    eye: Eye
    wiring: Wiring
    turned: bool
    spare: int


def add_arguments(parser: Parser) -> None:
    """The flags; all of them are for ``--camera``."""
    headers = sorted({name for board in BOARDS.values() for name in board.cameras})
    group = parser.add_argument_group("a camera")
    group.add_argument("--camera", choices=CAMERAS, help="one that the board classifies by itself")
    group.add_argument("--camera-header", choices=headers, help="where it hangs (%(choices)s)")
    group.add_argument(
        "--camera-cable", choices=CABLES, help="flat if a flat cable is between (straight)"
    )
    group.add_argument(
        "--camera-encoding",
        choices=[encoding.value for encoding in Encoding],
        help=f"of its colours ({USUAL.value})",
    )
    group.add_argument(
        "--camera-picture",
        action="store_true",
        help="keep the picture that the network saw, for host live --save",
    )
    group.add_argument(
        "--rate",
        type=whole(1, MOST_RATE),
        metavar="F",
        help="so many frames a second at most; the engine sleeps between them (all)",
    )
    group.add_argument(
        "--display", choices=DISPLAYS, help="a monitor that shows what the network sees and says"
    )
    add_trigger(group, "no answer unless given")


FLAGS = (
    "camera_header",
    "camera_cable",
    "camera_encoding",
    "camera_picture",
    "display",
    "rate",
    "trigger",
    "trigger_least",
    "trigger_frames",
)


def mounted(
    arguments: argparse.Namespace, board: Board, quantized: QuantizedNetwork, clock_hz: int
) -> Mounted | None:
    """The camera that is asked for.

    Raises
    ------
    ValueError
        If the flags do not go together, or the board has no header for it.
    """
    if arguments.camera is None:
        given = [f"--{name.replace('_', '-')}" for name in FLAGS if getattr(arguments, name)]
        if given:
            raise ValueError(f"{given[0]} is for --camera; add --camera {CAMERAS[0]}")
        return None
    header = arguments.camera_header or next(iter(board.cameras), None)
    if header not in board.cameras:
        others = [name for name, other in BOARDS.items() if other.cameras]
        raise ValueError(
            f"--camera: {board.title} has no header that is known to fit; these have: "
            f"{', '.join(others)}"
        )
    sensor = Sensor(encoding=Encoding(arguments.camera_encoding or USUAL))
    image = quantized.network.image
    Crop.of(sensor, image.height, image.width)  # or it raises
    pixels = image.height * image.width
    if arguments.display and board.screen is None:
        raise ValueError(f"--display: {board.title} has no connector that is known; leave it out")
    hits, frames = arguments.trigger_frames or (1, 1)
    trigger = trigger_of(quantized, arguments.trigger, arguments.trigger_least, hits, frames)
    eye = Eye(
        sensor=sensor,
        times=Times.of(clock_hz, sensor),
        trigger=trigger,
        keeps=pixels if arguments.camera_picture else 0,
        panel=panel_of(quantized, clock_hz) if arguments.display else None,
        period=clock_hz // arguments.rate if arguments.rate else 0,
    )
    return Mounted(
        eye=eye,
        wiring=board.cameras[header],
        turned=arguments.camera_cable == "flat",
        spare=camera_block_rams(eye.keeps) + (screen_block_rams(pixels) if eye.panel else 0),
    )


def shown(camera: Mounted, labels: Sequence[str]) -> dict:
    """A camera in a build's report."""
    eye = camera.eye
    return {
        "camera": CAMERAS[0],
        "header": camera.wiring.header,
        "cable": CABLES[camera.turned],
        "encoding": eye.sensor.encoding.value,
        "picture": eye.keeps > 0,
        "display": DISPLAYS[0] if eye.panel else None,
        "period": eye.period,
        "trigger": [labels[index] for index in sorted(eye.trigger.classes) if index < len(labels)],
    }
