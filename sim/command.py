"""``python -m sim photo.jpg``: a photograph through the simulated circuit, every value checked."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from time import monotonic

import numpy as np
from tqdm import tqdm

from photo import files
from photo.files import PhotographError
from plan.engine import ENGINES
from plan.planner import Plan, plan
from plan.schedule import PlanError
from sim import verilate
from sim.compare import Comparison, compare
from sim.cosimulate import Frame, build, core, observe
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
        "tensors": [asdict(one) for one in found],
    }


def simulate(quantized: QuantizedNetwork, plan: Plan, images: list[np.ndarray]) -> list[Frame]:
    """The frames, with a progress bar on a terminal, and how long they took."""
    terminal.note(f"{quantized.network.name} on {plan.engine}: model")
    begin = monotonic()
    model = build(core(quantized, plan), plan)
    built = monotonic()
    layout = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}"
    with tqdm(total=1.0, desc="simulation", bar_format=layout, disable=terminal.bars_off()) as bar:
        frames = observe(model, plan, images, progress=lambda at: bar.update(at - bar.n))
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
    planned = plan(quantized.network, ENGINES[arguments.engine])
    verilate.require_tools()
    frames = simulate(quantized, planned, list(images.values()))
    equal = not refused
    for (path, image), frame in zip(images.items(), frames, strict=True):
        comparisons = compare(frame, quantized, image, arguments.model)
        if arguments.json:
            print(json.dumps(as_values(path, quantized, planned, frame, comparisons)))
        else:
            print(f"{path}: {verdict(quantized, frame)}")
            print(f"{frame.cycles:,} cycles; the plan's {planned.cycles:,}")
            print(table(comparisons))
        equal &= frame.cycles == planned.cycles
        equal &= not any(comparison.differs for comparison in comparisons)
    return 0 if equal else 1


def main(argv: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m sim",
        description="Run photographs through the simulated circuit and check every value.",
        epilog="A photograph is set upright, its shorter side resized as the model says (else to "
        "the network's image size), its centre cropped, as in training.",
        examples=("photo.jpg", "photo.jpg other.jpg --model mine.onnx --json"),
    )
    parser.add_argument("photographs", nargs="+", type=Path, metavar="PHOTO")
    parser.add_argument("--model", type=Path, default=packaged(), help="ONNX file (%(default)s)")
    parser.add_argument("--engine", choices=ENGINES, default="16x16", help="(%(default)s)")
    parser.add_argument("--json", action="store_true", help="one JSON object a photograph")
    arguments = parser.parse_args(argv)
    return terminal.run(
        "sim",
        lambda: check(arguments),
        bad=(ArtifactError, BadInput, PhotographError, PlanError, verilate.ToolMissing),
        failed=(verilate.SimulationError,),
    )
