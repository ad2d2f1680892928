"""The network image for a board, from what the board says of itself."""

from dataclasses import fields

from plan.capacities import Capacities
from plan.engine import Engine
from plan.fit import IMAGE_STEP, resized
from plan.memories import fingerprint
from plan.network_image import image_memories, network_image
from plan.planner import Plan
from plan.schedule import PlanError
from plan.search import plan_within
from spec.network import Network
from spec.quantized import QuantizedNetwork
from spec.replies import Identity


class ImageRefused(Exception):
    """A network does not fit a board; the message says what it needs, what there is, what fits."""


def board_engine(board: Identity) -> tuple[Engine, Capacities]:
    """A board's engine and its capacities.

    Raises
    ------
    ImageRefused
        If this program knows no such engine.
    """
    names = [field.name for field in fields(Capacities)]
    if len(names) != len(board.capacities):
        raise ImageRefused(f"the board tells {len(board.capacities)} capacities, not {len(names)}")
    values = dict(zip(names, board.capacities, strict=True))
    engine = Engine(
        rows=board.rows,
        columns=board.columns,
        lut_rows=board.lut_rows,
        tile_pixels=board.tile_pixels,
        pixels=board.pixels,
    )
    capacities = Capacities(**values)
    if fingerprint(engine, capacities) != board.engine:
        raise ImageRefused(
            f"the board's engine {board.engine.hex()} is of another version of this program; "
            "build and flash it again (python -m hw.build, python -m hw.flash)"
        )
    return engine, capacities


def board_image(board: Identity, quantized: QuantizedNetwork, model: bytes) -> bytes:
    """The file that loads a network, whose own file has the digest ``model``, into a board.

    Raises
    ------
    ImageRefused
        If the network does not fit the board, with both numbers and what would fit.
    """
    engine, capacities = board_engine(board)
    network = quantized.network
    try:
        made = plan_within(network, engine, capacities, clock_hz=board.clock_hz)
    except PlanError as error:
        raise ImageRefused(f"{network.name} does not fit the board's engine: {error}") from error
    if missing := capacities.shortages(made.needs()):
        raise ImageRefused(
            f"{network.name} does not fit the board: it needs {', '.join(missing)}; "
            f"{fitting(network, capacities, made, board.clock_hz)}"
        )
    image = network_image(quantized, made, capacities, model)
    return image.pack(image_memories(engine, capacities))


def fitting(network: Network, capacities: Capacities, large: Plan, clock_hz: int) -> str:
    """What of the network would fit: the same layers for smaller images, or none."""
    for size in range(network.image.width - 1, 0, -1):
        if size % IMAGE_STEP == 0:
            try:
                made = plan_within(
                    resized(network, size), large.engine, capacities, clock_hz=clock_hz
                )
            except (PlanError, ValueError):
                continue
            if not capacities.shortages(made.needs()):
                return f"the same layers for images of {size}×{size} would fit"
    return "no smaller image makes it fit: build for it (python -m hw.build --model)"
