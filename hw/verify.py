"""``python -m hw.verify FILE.bit --model FILE.onnx``: whether a bitstream holds a model.

The bitstream is unpacked: its checksums, its part, and the contents of every block RAM are compared
with the circuit that this version makes of the model file.
"""

import argparse
import json
import sys
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

from hw import flow
from hw.board.boards import BOARDS
from hw.board.clocks import Pll
from hw.board.uart import divisors
from hw.build import camera_and_room, prepare
from hw.design import Design
from hw.flash import read_part
from hw.live import options
from hw.programmers import FlashError
from hw.readback import read_back
from hw.workshop import BadInput
from plan.boards import default_clock_mhz
from plan.device import DEVICES
from plan.engine import ENGINES
from plan.schedule import PlanError
from spec import artifact, terminal
from spec.arguments import Parser
from spec.artifact import ArtifactError
from spec.files import read_bytes
from spec.models import packaged
from spec.protocol import RATES


def parser() -> Parser:
    result = Parser(
        prog="python -m hw.verify",
        description=__doc__.split("\n\n")[1],
        examples=(
            "build/ulx3s/top.bit",
            "build/ulx3s/top.bit --model mine.onnx",
        ),
    )
    result.add_argument("file", type=Path, metavar="FILE.bit")
    result.add_argument("--model", type=Path, default=packaged(), metavar="FILE.onnx")
    result.add_argument(
        "--engine",
        choices=ENGINES,
        help="default: that of report.json beside the file, or the device's",
    )
    result.add_argument("--native", action="store_true", help="use native tools, not YoWASP's")
    options.add_arguments(result)  # default: those of report.json, too
    return result


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)

    def command() -> int:
        try:
            print("\n".join(verify(arguments)))
        except flow.FlowError as error:
            raise flow.FlowError(f"{arguments.file}: {error}") from error
        return 0

    bad = (FlashError, ArtifactError, PlanError, flow.ToolError, BadInput)
    return terminal.run("hw.verify", command, bad=bad, failed=(flow.FlowError,))


def verify(arguments: argparse.Namespace) -> list[str]:
    """What was compared, a line each; raises if anything differs."""
    part = read_part(arguments.file)
    variant = part.partition("-")[2]
    known, board = next((name, board) for name, board in BOARDS.items() if part in board.devices)
    device = DEVICES[variant]
    report = _reported(arguments.file)
    name = arguments.engine or report.get("engine_name") or device.engine
    tools = flow.find_tools(arguments.native)
    clock_hz = Fraction(default_clock_mhz(known, variant, engine=name)) * 10**6
    quantized = artifact.load(arguments.model)
    seen = arguments if arguments.camera else _with_camera(arguments, report.get("camera"))
    camera, room = camera_and_room(seen, board, device, quantized, int(clock_hz))
    design = Design.load(arguments.model, ENGINES[name], int(clock_hz), **room)
    platform = board.variants[variant]()
    pll = Pll.of(int(platform.default_clk_frequency), clock_hz)
    rates = divisors(clock_hz, RATES)
    prepared = prepare(board, platform, design, pll, rates, seed=0, camera=camera)
    with TemporaryDirectory() as work:
        bits = read_bytes(arguments.file)
        found = read_back(bits, part, prepared.files["top.il"], tools, Path(work), None)
    return [
        f"{arguments.file} holds {arguments.model}, on the engine {name}:",
        *found.lines(),
        "not compared: the logic, for which nextpnr's configuration is wanted; hw.build does that",
    ]


def _with_camera(arguments: argparse.Namespace, reported: object) -> argparse.Namespace:
    """The arguments with what :func:`hw.live.options.shown` said of a camera, if that is there."""
    try:
        more = {
            "camera": reported["camera"],
            "camera_header": reported["header"].lower(),
            "camera_cable": reported["cable"],
            "camera_encoding": reported["encoding"],
            "camera_picture": reported["picture"],
            "display": reported["display"],
            "trigger": ",".join(reported["trigger"]) or None,
        }
    except (AttributeError, KeyError, TypeError):
        return arguments
    return argparse.Namespace(**(vars(arguments) | more))


def _reported(file: Path) -> dict:
    """The report of the build that made a bitstream, if it is beside it."""
    try:
        report = json.loads((file.parent / "report.json").read_text())
    except (OSError, ValueError):
        return {}
    return report if isinstance(report, dict) and report.get("engine_name") in ENGINES else {}


if __name__ == "__main__":
    sys.exit(main())
