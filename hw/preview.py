"""A plan before anything is built: printed, as a page, for programs; what fits, and what would."""

import argparse
import json
import os
from itertools import islice
from pathlib import Path

from hw.board.boards import Board
from hw.design import Design
from hw.page.page import page
from hw.report import (
    fit_report,
    fit_table,
    limits_table,
    plan_report,
    plan_table,
    roofs_table,
    room_table,
    suggestion_table,
)
from hw.workshop import BadInput
from plan.device import DEVICES, Device
from plan.fit import fitting, shortages
from plan.planner import Plan
from plan.room import loaded
from plan.suggest import suggestions
from spec import artifact, terminal
from spec.models import packaged
from spec.squeezenet import Metaparameters

SUGGESTED = 5
"""Networks, at most."""

WAY_IN = (
    "the packaged network's bitstream, without --model, which this one is loaded into by "
    "python -m host load"
)
"""For a network that is too large to be built in."""


def show_plan(
    arguments: argparse.Namespace, board: Board, variant: str, design: Design, name: str
) -> int:
    """Print the plan, and what fits on each variant; 2 if the plan itself does not fit.

    Of a network that a bitstream has no room for, but that it is loaded with, that is the plan.
    """
    network = design.quantized.network
    clock_mhz = design.clock_hz / 1e6
    device = DEVICES[variant]
    inside = as_loaded(design, device) if shortages(design.plan, device, design.spare) else None
    plan = inside or design.plan
    parts = {"device": name, "plan": plan, "clock_mhz": clock_mhz}
    if arguments.html:
        write_page(arguments.html, page(**parts, ebr=device.ebr))
    if arguments.json:
        print(json.dumps(plan_report(**parts) | fit_report(plan, device, design.clock_hz)))
        if not inside:
            refuse_unless_fits(design, device, variant)
        return 0
    print(plan_table(plan, clock_mhz))
    print(limits_table(plan))
    print(roofs_table(plan, design.clock_hz))
    print(room_table(plan, design.clock_hz))
    print(
        fit_table(
            arguments.board,
            [
                (other, DEVICES[other], list(fitting(network, DEVICES[other])))
                for other in board.variants
            ],
            camera=arguments.camera is not None,
        )
    )
    if arguments.html:
        print(f"{arguments.html} shows it")
    if inside:
        print(f"the plan is of {WAY_IN}")
    else:
        refuse_unless_fits(design, device, variant)
    return 0


def suggest(arguments: argparse.Namespace, board: Board, variant: str, clock_mhz: float) -> int:
    """Print what of the family the device holds, and how to train it; 2 if that is nothing."""
    if arguments.engine or arguments.model != packaged() or arguments.html or arguments.json:
        raise BadInput("--suggest goes with --board, --variant, --clock, --frames, --classes only")
    frames, classes = arguments.frames or 0, arguments.classes or Metaparameters().classes
    device = DEVICES[variant]
    found = list(islice(suggestions(device, clock_mhz * 1e6, frames, classes), SUGGESTED))
    if not found:
        raise BadInput(
            f"no network that is tried fits {board.title}, {variant}, at {frames:g} frames/s: ask "
            "for fewer --frames or fewer --classes, or another --variant"
        )
    print(suggestion_table(found, clock_mhz))
    program = "python -m model.train" if terminal.CALLED.get() is None else "caracal train"
    flags = f"--data photographs --validation-share 0.12 --output runs/mine {found[0].flags}"
    print(f"train the first: {program} {flags}".rstrip())
    return 0


def write_page(file: Path, text: str) -> None:
    """Write it, whole or not at all."""
    part = file.with_name(f"{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        os.replace(part, file)
    except OSError as error:
        raise BadInput(f"--html {file}: cannot be written ({error.strerror})") from error


def refuse_unless_fits(design: Design, device: Device, name: str) -> None:
    """Raise :class:`BadInput` with what would fit, if the design does not."""
    if missing := shortages(design.plan, device, design.spare):
        way = what_fits(design, device)
        raise BadInput(f"{name} cannot hold it: needs {' and '.join(missing)}; what fits: {way}")


def as_loaded(design: Design, device: Device) -> Plan | None:
    """The plan of a design's network in the packaged one's bitstream, if that has room for it; that
    one has no camera, so there is none for a design with one."""
    if not design.sdram or design.spare:
        return None
    first = artifact.load(packaged()).network
    network = design.quantized.network
    return loaded(network, first, device, design.engine, clock_hz=design.clock_hz)


def what_fits(design: Design, device: Device) -> str:
    """The way out for a design that does not fit a device."""
    if not shortages(design.plan, device):
        return "the same without --camera-picture, or without --camera"
    network = design.quantized.network
    if as_loaded(design, device) is not None:
        return WAY_IN
    for engine, made in fitting(network, device):
        image = made.network.image
        return f"--engine {engine} with a model for {image.width}×{image.height}"
    return "a network with fewer weights, or a larger --variant"
