"""``python -m host``: photographs to a board, classes back."""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from tqdm import tqdm

from host import live as seeing
from host import show
from host.appearing import appearing
from host.client import BoardError, Client
from host.image import ImageRefused, board_engine, board_image
from host.line import Line, LineError, LineLost, SimulatedBoard, find, ports
from host.photographs import PhotographError, gather, read_ahead
from host.records import Records
from host.sequences import Box, Followed, moving
from plan.link import chip_words
from spec import artifact, reference, selftest, terminal
from spec.arguments import Parser
from spec.artifact import ArtifactError
from spec.models import packaged
from spec.photograph import Framing
from spec.protocol import Held, ProtocolError
from spec.quantized import QuantizedNetwork
from spec.replies import Identity, digest, labels_digest
from spec.samples import samples
from spec.text import printable

PATIENCE = {False: 2.0, True: 300.0}
"""Seconds without an answer before something is wrong: a board, a simulated one."""


class Mismatch(Exception):
    """The board holds another model than the computer; the message says which."""


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
    watched = partial(appearing, arguments.folder, existing=arguments.existing)
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


def bench(arguments: argparse.Namespace) -> int:
    if arguments.images < 1:
        raise PhotographError(f"--images must be at least 1, not {arguments.images}")
    with connected(arguments) as (client, quantized):
        board = client.identity
        picture = selftest.image(board.height, board.width)
        expected = tuple(reference.run(quantized, picture)["sums"].tolist())
        images = ((index, picture.tobytes()) for index in range(arguments.images))
        start = time.monotonic()
        answers = list(client.classify(images))
        seconds = time.monotonic() - start
        chip = board.clock_hz / board.cycles
        link = arguments.images / seconds
        share = board.image_bytes * 10 * link / client.rate
        values = {
            "images": arguments.images,
            "wrong": sum(answer.result.sums != expected for answer in answers),
            "chip_cycles": board.cycles,
            "chip_frames_per_second": round(chip, 1),
            "link_frames_per_second": round(link, 2),
            "payload_share": round(share, 3),
            "limit": "link" if link < chip else "chip",
            "retries": client.retries,
        }
    if arguments.json:
        print(show.as_json(values))
    else:
        print(f"chip   {chip_words(board.cycles, board.clock_hz)}")
        print(
            f"link   {link:.2f} frames/s, {share:.1%} of the line's {client.rate} bit/s are pixels"
        )
        print(f"limit  the {values['limit']}; {client.retries} retries; {values['wrong']} wrong")
    return 1 if values["wrong"] else 0


def run_selftest(arguments: argparse.Namespace) -> int:
    with connected(arguments) as (client, quantized):
        board = client.identity
        memory = client.memtest() if has_sdram(board) else None
        result = client.selftest()
        picture = selftest.image(board.height, board.width)
        expected = tuple(reference.run(quantized, picture)["sums"].tolist())
        same = result.sums == expected and not result.wrong
        in_time = is_in_time(result.cycles, board)
        right = same and in_time and not (memory and memory.wrong)
    if arguments.json:
        values = {"expected": expected, "passed": right}
        values |= {"memory": asdict(memory)} if memory else {}
        print(show.as_json(asdict(result) | values))
    else:
        equal = sum(own == other for own, other in zip(result.sums, expected, strict=False))
        differ = f"{len(expected) - equal} of {len(expected)} differ from the model file's"
        if memory:
            print(f"memory  {show.memory(memory)}")
        print(f"sums    {'right' if same else differ}")
        print(f"cycles  {result.cycles:,}{'' if in_time else f', not {board.cycles:,}'}")
    return 0 if right else 1


def memtest(arguments: argparse.Namespace) -> int:
    with connected(arguments, must_hold=False, sdram=True) as (client, _):
        _, capacities = board_engine(client.identity)
        if not capacities.streamed:
            raise Mismatch("the board has no SDRAM that it takes weights from; nothing to test")
        tested = client.memtest()
    if arguments.json:
        print(show.as_json(asdict(tested) | {"passed": not tested.wrong}))
    else:
        print(f"memory  {show.memory(tested)}")
    return 1 if tested.wrong else 0


def is_in_time(cycles: int, board: Identity) -> bool:
    """Whether a frame took as long as planned; with weights out of an SDRAM, no longer."""
    return cycles == board.cycles or (has_sdram(board) and cycles < board.cycles)


def has_sdram(board: Identity) -> bool:
    """Whether a board is known to take weights from an SDRAM."""
    try:
        _, capacities = board_engine(board)
    except ImageRefused:
        return False
    return capacities.streamed
