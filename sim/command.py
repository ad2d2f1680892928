"""``python -m sim photo.jpg``: a photograph through the simulated circuit, every value checked."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from time import monotonic

import numpy as np
from tqdm import tqdm

from hw.board.boards import BOARDS
from hw.design import Design
from photo import files
from photo.files import PhotographError
from plan.boards import default_clock_mhz
from plan.device import DEVICES
from plan.engine import ENGINES
from plan.planner import Plan, plan
from plan.schedule import PlanError
from sim import verilate
from sim.compare import Comparison, compare
from sim.cosimulate import Frame, build, core, observe
from sim.on_board import BoardCore
from spec import terminal
from spec.arguments import Parser
from spec.artifact import ArtifactError, load
from spec.models import packaged
from spec.quantized import QuantizedNetwork
from spec.reference import best


class BadInput(ValueError):
    """One line that names what is wrong, and the way out."""


def read(path: Path, quantized: QuantizedNetwork) -> np.ndarray:
    """The photograph in a file as the network takes it, see :func:`spec.photograph.square`."""
    image = quantized.network.image
    if image.width != image.height:
        raise BadInput(f"images of {image} are not square: give a square network")
    return files.read(path, quantized.framing)


def read_all(
    paths: list[Path], quantized: QuantizedNetwork
) -> tuple[dict[Path, np.ndarray], list[PhotographError]]:
    """The photographs that can be read, and what is wrong with the others, which is printed.

    Raises
    ------
    PhotographError
        If none can be read.
    """
    images, refused = {}, []
    for path in paths:
        try:
            images[path] = read(path, quantized)
        except PhotographError as error:
            refused.append(error)
    if not images:
        raise refused[0]
    for error in refused:
        terminal.complain(f"{error}; skipped")
    return images, refused


def table(comparisons: list[Comparison]) -> str:
    """Tensors, their values, and how many differ."""
    rows = [("tensor", "values", "≠ reference", "≠ ONNX Runtime")]
    rows += [
        (c.name, f"{c.values:,}", f"{c.reference:,}", f"{c.onnxruntime:,}") for c in comparisons
    ]
    return "\n".join(f"{name:20}{n:>10}{ours:>14}{theirs:>17}" for name, n, ours, theirs in rows)


def verdict(quantized: QuantizedNetwork, frame: Frame) -> str:
    """The answer, and the likeliest classes with their probabilities."""
    sums = frame.tensors["sums"]
    found = best(quantized, sums)
    ranked = ", ".join(f"{quantized.labels[index]} {share:.4f}" for index, share in found)
    return f"class {quantized.label(quantized.decision.answer(sums))} ({ranked})"


def as_planned(frame: Frame, planned: Plan) -> bool:
    """Whether a frame took as many cycles as its plan says."""
    return planned.cycles_least <= frame.cycles <= planned.cycles


def told(planned: Plan) -> str:
    """The plan's cycles: a number, or two bounds."""
    if planned.exact:
        return f"the plan's {planned.cycles:,}"
    return f"the plan's at least {planned.cycles_least:,}, at most {planned.cycles:,}"


def as_values(
    path: Path, quantized: QuantizedNetwork, planned: Plan, frame: Frame, found: list[Comparison]
) -> dict:
    """A photograph's answer, cycles and comparisons, for programs."""
    sums = frame.tensors["sums"]
    answer = quantized.decision.answer(sums)
    return {
        "file": str(path),
        "label": quantized.label(answer),
        "class": int(answer),
        "best": [
            {"label": quantized.labels[index], "class": int(index), "probability": round(share, 4)}
            for index, share in best(quantized, sums)
        ],
        "sums": [int(value) for value in sums],
        "cycles": frame.cycles,
        "planned_cycles": planned.cycles,
        "planned_least": planned.cycles_least,
        "tensors": [asdict(one) for one in found],
    }


def board_core(name: str, variant: str | None, engine: str | None) -> BoardCore:
    """The core of a board's device, with the packaged network built in.

    Raises
    ------
    BadInput
        If the board has no such variant.
    """
    board = BOARDS[name]
    variant = variant or board.default
    if variant not in board.variants:
        raise BadInput(
            f"--variant must be one of {', '.join(board.variants)} for {name}, not {variant}"
        )
    device = DEVICES[variant]
    design = Design.load(
        packaged(),
        ENGINES[engine or device.engine],
        round(default_clock_mhz(name, variant, engine=engine) * 1e6),
        device=device,
        sdram=board.sdram is not None,
    )
    return BoardCore(
        engine=design.engine,
        clock_hz=design.clock_hz,
        first=design.quantized,
        built_in=design.plan,
    )


def simulate(
    quantized: QuantizedNetwork, plan: Plan, images: list[np.ndarray], board: BoardCore | None
) -> list[Frame]:
    """The frames, with a progress bar on a terminal, and how long they took."""
    where = f"{plan.engine} of a board" if board else f"{plan.engine}"
    terminal.note(f"{quantized.network.name} on {where}: model")
    begin = monotonic()
    model = board.model() if board else build(core(quantized, plan), plan)
    built = monotonic()
    layout = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}"
    with tqdm(total=1.0, desc="simulation", bar_format=layout, disable=terminal.bars_off()) as bar:

        def progress(at: float) -> None:
            bar.update(at - bar.n)

        if board:
            frames = board.observe(model, quantized, plan, images, progress)
        else:
            frames = observe(model, plan, images, progress=progress)
    seconds = monotonic() - built
    rate = sum(frame.cycles for frame in frames) / seconds
    terminal.note(
        f"model {built - begin:.1f} s, simulation {seconds:.1f} s, {rate:,.0f} cycles a second"
    )
    return frames


def check(arguments: argparse.Namespace) -> int:
    """0: all values and cycles as they must be; 1: some are not, or a file was no photograph."""
    quantized = load(arguments.model)
    images, refused = read_all(arguments.photographs, quantized)
    if arguments.variant and not arguments.board:
        raise BadInput("--variant: it is a board's; give --board")
    board = None
    if arguments.board:
        board = board_core(arguments.board, arguments.variant, arguments.engine)
        planned = board.plan(quantized)
    else:
        planned = plan(quantized.network, ENGINES[arguments.engine or "16x16"])
    verilate.require_tools()
    frames = simulate(quantized, planned, list(images.values()), board)
    equal = not refused
    for (path, image), frame in zip(images.items(), frames, strict=True):
        comparisons = compare(frame, quantized, image, arguments.model)
        if arguments.json:
            print(json.dumps(as_values(path, quantized, planned, frame, comparisons)))
        else:
            print(f"{path}: {verdict(quantized, frame)}")
            print(f"{frame.cycles:,} cycles; {told(planned)}")
            print(table(comparisons))
        equal &= as_planned(frame, planned)
        equal &= not any(comparison.differs for comparison in comparisons)
    return 0 if equal else 1


def main(argv: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m sim",
        description="Run photographs through the simulated circuit and check every value.",
        epilog="A photograph is set upright, its shorter side resized as the model says (else to "
        "the network's image size), its centre cropped, as in training.",
        examples=(
            "photo.jpg",
            "photo.jpg other.jpg --model mine.onnx --json",
            "photo.jpg --model squeezenet1_1.onnx --board ulx3s",
        ),
    )
    parser.add_argument("photographs", nargs="+", type=Path, metavar="PHOTO")
    parser.add_argument("--model", type=Path, default=packaged(), help="ONNX file (%(default)s)")
    parser.add_argument("--engine", choices=ENGINES, help="(16x16, or the board's)")
    parser.add_argument(
        "--board",
        choices=BOARDS,
        help="load the network into the core that is built for this board, its weights in the "
        "board's SDRAM if they are too many (default: a core made for the network)",
    )
    parser.add_argument("--variant", metavar="DEVICE", help="of the board, such as 45F")
    parser.add_argument("--json", action="store_true", help="one JSON object a photograph")
    arguments = parser.parse_args(argv)
    return terminal.run(
        "sim",
        lambda: check(arguments),
        bad=(ArtifactError, BadInput, PhotographError, PlanError, verilate.ToolMissing),
        failed=(verilate.SimulationError,),
    )
