"""The network image that goes behind a bitstream in the flash memory."""

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path

from plan.capacities import Capacities
from plan.engine import Engine
from plan.memories import fingerprint
from plan.network_image import image_memories, network_image
from plan.schedule import PlanError
from plan.search import plan_within
from spec import artifact
from spec.replies import digest

REPORT = "report.json"


class NoImage(Exception):
    """One line that names what is wrong, and the way out."""


def takes(engine: Engine, capacities: Capacities, clock_hz: int) -> dict:
    """What ``report.json`` says of the networks that a bitstream takes."""
    return {
        "engine": asdict(engine),
        "capacities": asdict(capacities),
        "clock_hz": clock_hz,
        "fingerprint": fingerprint(engine, capacities).hex(),
    }


def engine_of(bitstream: Path) -> tuple[Engine, Capacities, int]:
    """The engine in a bitstream and its clock, as the report beside it says.

    Raises
    ------
    NoImage
        If there is no report, or one of another bitstream or of another version of this program.
    """
    file = bitstream.with_name(REPORT)
    way = "build it again (python -m hw.build)"
    try:
        said = json.loads(file.read_text())
        known = said["takes"]
        of = said["bitstream_sha256"]
    except OSError as error:
        raise NoImage(f"{file}: cannot be read ({error.strerror}); {way}") from error
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise NoImage(f"{file}: does not say which networks {bitstream} takes; {way}") from error
    if hashlib.sha256(bitstream.read_bytes()).hexdigest() != of:
        raise NoImage(f"{file}: is of another bitstream than {bitstream}; {way}")
    try:
        engine, capacities = Engine(**known["engine"]), Capacities(**known["capacities"])
        clock_hz = int(known["clock_hz"])
        same = fingerprint(engine, capacities).hex() == known["fingerprint"]
    except (KeyError, TypeError, ValueError):
        same = False
    if not same:
        raise NoImage(f"{bitstream}: of another version of this program; {way}")
    return engine, capacities, clock_hz


def image_for(bitstream: Path, model: Path) -> bytes:
    """The image of a model for the engine in a bitstream.

    Raises
    ------
    NoImage
        If the network does not fit it, or the report beside it does not say what does.
    spec.artifact.ArtifactError
        If the model cannot be read.
    """
    engine, capacities, clock_hz = engine_of(bitstream)
    quantized = artifact.load(model)
    name = quantized.network.name
    try:
        made = plan_within(quantized.network, engine, capacities, clock_hz=clock_hz)
    except PlanError as error:
        raise NoImage(f"{name} does not fit the engine of {bitstream}: {error}") from error
    if missing := capacities.shortages(made.needs()):
        raise NoImage(
            f"{name} does not fit the engine of {bitstream}: it needs {', '.join(missing)}; "
            "build for it (python -m hw.build --model)"
        )
    image = network_image(quantized, made, capacities, digest(model.read_bytes()))
    return image.pack(image_memories(engine, capacities))


def write(data: bytes, file: Path) -> None:
    """Write it, whole or not at all."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        part.write_bytes(data)
        os.replace(part, file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise NoImage(f"{file}: cannot be written ({error.strerror})") from error
