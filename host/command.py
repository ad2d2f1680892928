"""``python -m host``: photographs to a board, classes back."""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path

from tqdm import tqdm

from host import live as seeing
from host import show
from host.appearing import appearing
from host.client import BoardError
from host.connection import Mismatch, connected, send
from host.image import ImageRefused
from host.line import LineError, LineLost, ports
from host.measure import bench, is_in_time, memtest, run_selftest
from host.photographs import PhotographError, gather, read_ahead
from host.records import Records
from host.sequences import Box, Followed, moving
from spec import terminal
from spec.arguments import Parser
from spec.artifact import ArtifactError
from spec.models import packaged
from spec.photograph import Framing
from spec.protocol import ProtocolError
from spec.quantized import QuantizedNetwork
from spec.replies import digest
from spec.samples import samples
from spec.text import printable

EXAMPLES = {
    "ports": ("",),
    "identify": ("", "--port /dev/ttyUSB0 --json"),
    "load": ("mine.onnx", "mine.onnx --port /dev/ttyUSB0"),
    "classify": ("--simulate", "photographs other.jpg --csv answers.csv --sort sorted"),
    "watch": ("incoming --existing --sort sorted", "incoming --motion --json"),
    "live": ("", "--simulate photographs --json", "--trigger LION --trigger-frames 3/5"),
    "bench": ("--images 20", "--simulate --images 1"),
    "selftest": ("", "--simulate"),
    "memtest": ("--port /dev/ttyUSB0",),
}
"""What may be typed behind each command."""


def parser() -> Parser:
    result = Parser(
        prog="python -m host", description=__doc__, examples=("classify --simulate", "identify")
    )
    commands = result.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: Callable[..., int], help: str) -> Parser:
        examples = EXAMPLES[name]
        sub = commands.add_parser(name, help=help, description=help, examples=examples)
        sub.set_defaults(run=run)
        if name != "ports":
            sub.add_argument("--port", metavar="DEVICE", help="such as /dev/ttyUSB0")
            if name != "live":
                sub.add_argument("--simulate", action="store_true", help="use the simulated board")
            sub.add_argument("--engine", default="16x16", help="of the simulated board")
            if name != "load":
                sub.add_argument("--model", type=Path, default=packaged(), metavar="FILE.onnx")
            sub.add_argument("--json", action="store_true", help="one JSON object a line")
        return sub

    command("ports", list_ports, "list this computer's serial ports")
    command("identify", identify, "what the board is, and what it has counted")
    sub = command("load", load, "load a network into the board, and let the board test itself")
    sub.add_argument("network", type=Path, metavar="FILE.onnx")
    sub = command("classify", classify, "classify photographs")
    sub.add_argument(
        "photographs",
        nargs="*",
        type=Path,
        metavar="FILE|FOLDER",
        help="default: the sample pictures that come with the program",
    )
    add_motion(sub, "the others")
    keep(sub)
    sub = command("watch", watch, "classify the photographs that appear in a folder")
    sub.add_argument("folder", type=Path)
    sub.add_argument("--existing", action="store_true", help="those that are there already, too")
    add_motion(sub, "the last ones before it")
    keep(sub)
    seeing.add_arguments(command("live", live, "what a board with a camera sees, as it sees it"))
    sub = command("bench", bench, "how fast chip and link are, and which one limits")
    sub.add_argument("--images", type=int, default=10, metavar="N")
    command("selftest", run_selftest, "let the board test itself, against the model file")
    command("memtest", memtest, "let the board test its SDRAM, but for the network in it")
    return result


def add_motion(sub: Parser, others: str) -> None:
    """The flag of cameras that do not move."""
    sub.add_argument(
        "--motion",
        action="store_true",
        help=f"one camera a folder: see each photograph where it differs from {others}",
    )


def keep(sub: Parser) -> None:
    """Flags of what is kept of answers."""
    sub.add_argument("--csv", type=Path, metavar="FILE", help="a line an answer, for a table")
    sub.add_argument(
        "--megadetector", type=Path, metavar="FILE", help="JSON that camera-trap tools read"
    )
    sub.add_argument("--sort", type=Path, metavar="FOLDER", help="copy each file by its answer")


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    return terminal.run(
        "host",
        lambda: arguments.run(arguments),
        bad=(LineError, ArtifactError, PhotographError, Mismatch, ImageRefused, seeing.LiveError),
        failed=(LineLost, BoardError, ProtocolError, OSError),
    )


def list_ports(arguments: argparse.Namespace) -> int:
    found = ports()
    for port in found:
        print(f"{port.device:20} {'board?' if port.likely else '':8} {port.description}")
    if not found:
        terminal.complain("this computer has no serial ports")
    return 0 if found else 2


def identify(arguments: argparse.Namespace) -> int:
    with connected(arguments, must_hold=False) as (client, _):
        board, counted = client.identity, client.counters()
        if arguments.json:
            values = asdict(board) | {
                key: getattr(board, key).hex() for key in ("model", "labels", "build", "engine")
            }
            values |= {"held": client.held.name.lower(), "rate": client.rate}
            values |= {"flash": show.flashed(client.flash) if client.flash else None}
            print(show.as_json(values | {"counters": counted.counts}))
        else:
            print(*show.identity(board, client.held, client.flash), sep="\n")
            print(f"rate       {client.rate} bit/s")
            print(f"counted    {show.counters(counted)}")
    return 0


def load(arguments: argparse.Namespace) -> int:
    """Load a network, let the board test itself with it."""
    arguments.model = arguments.network
    with connected(arguments, must_hold=False, give=False) as (client, quantized):
        sent = send(client, quantized, arguments.model)
        board = client.identity
        if board.model != digest(arguments.model.read_bytes()):
            raise BoardError(f"the board says that it holds {board.name}, not what it was sent")
        start = time.monotonic()
        result = client.selftest()
        tested = time.monotonic() - start
        right = not result.wrong and is_in_time(result.cycles, board)
        values = {
            "network": board.name,
            "model": board.model.hex(),
            "bytes": sent.size,
            "planning_seconds": round(sent.planned, 2),
            "seconds": round(sent.sent, 2),
            "selftest_seconds": round(tested, 2),
            "passed": right,
        }
    if arguments.json:
        print(show.as_json(values))
    else:
        print(
            f"loaded    {board.name}: planned in {sent.planned:.1f} s, "
            f"{sent.size:,} bytes in {sent.sent:.1f} s"
        )
        verdict = "passed" if right else "FAILED"
        print(f"self-test {verdict} in {tested:.1f} s, {result.cycles:,} cycles a frame")
    return 0 if right else 1


def classify(arguments: argparse.Namespace) -> int:
    def left_out(line: str) -> None:
        terminal.complain(f"{line}; left out")

    if not arguments.photographs:
        terminal.note("no photograph was named: these are the samples, drawn ones among them")
    paths = gather(arguments.photographs or samples(), left_out)
    boxes: dict[Path, Box] = {}

    def source(framing: Framing, refused: dict[Path, PhotographError]) -> list:
        if arguments.motion:
            return [moving(paths, framing, refused, boxes, terminal.complain)]
        return [read_ahead(paths, framing, refused)]

    return answer(arguments, source, paths, boxes)


def watch(arguments: argparse.Namespace) -> int:
    if not arguments.folder.is_dir():
        raise PhotographError(f"{arguments.folder}: no such folder")
    if arguments.sort and arguments.sort.resolve().is_relative_to(arguments.folder.resolve()):
        raise PhotographError(f"--sort {arguments.sort}: copies there would be watched, too")
    watched = partial(
        appearing, arguments.folder, existing=arguments.existing, warn=terminal.complain
    )
    boxes: dict[Path, Box] = {}

    def source(framing: Framing, refused: dict[Path, PhotographError]) -> Iterator[list]:
        if not arguments.motion:
            return watched(framing=framing, refused=refused)
        followed = Followed(framing, boxes, terminal.complain)
        return watched(framing=framing, refused=refused, see=followed.see)

    return answer(arguments, source, boxes=boxes)


def answer(
    arguments: argparse.Namespace,
    source: Callable[
        [Framing, dict[Path, PhotographError]], Iterable[Iterable[tuple[Path, bytes]]]
    ],
    listed: list[Path] | None = None,
    boxes: dict[Path, Box] | None = None,
) -> int:
    """Classify batches of photographs; if they are ``listed`` beforehand, with a progress bar.

    ``source`` gives the batches, each of paths and pixels, and puts aside what cannot be read;
    ``boxes`` gets what was seen of a photograph, where that is not its centre.
    """
    refused: dict[Path, PhotographError] = {}
    done: set[Path] = set()
    width = min(60, max((len(printable(path)) for path in listed or ()), default=40))
    with connected(arguments) as (client, quantized), records(arguments, quantized, boxes) as kept:
        if not arguments.json:
            print(show.head(width), flush=True)
        bar = tqdm(
            total=len(listed or ()),
            unit="photo",
            disable=terminal.bars_off() if listed else True,
            leave=False,
        )
        try:
            for batch in source(quantized.framing, refused):
                for said in client.classify(batch):
                    values = show.verdict(said, quantized, client.identity.clock_hz)
                    text = show.as_json(values) if arguments.json else show.row(values, width)
                    with bar.external_write_mode(file=sys.stdout):
                        print(text, flush=True)
                    kept.answer(said)
                    done.add(said.key)
                    bar.update()
                while refused:
                    path, error = refused.popitem()
                    terminal.complain(f"{error}; skipped")
                    kept.refused(path, error)
                    done.add(None)
        except (LineLost, BoardError, KeyboardInterrupt):
            missing = [printable(path) for path in listed or () if path not in done]
            if missing:
                terminal.complain(f"not answered: {', '.join(missing)}")
            raise
        finally:
            bar.close()
    return 1 if None in done or kept.lost else 0


def records(
    arguments: argparse.Namespace, quantized: QuantizedNetwork, boxes: dict[Path, Box] | None
) -> Records:
    """What the flags ask to keep."""
    return Records(
        quantized=quantized,
        table=arguments.csv,
        batch=arguments.megadetector,
        folder=arguments.sort,
        boxes={} if boxes is None else boxes,
    )


def live(arguments: argparse.Namespace) -> int:
    return seeing.live(arguments, connected)
