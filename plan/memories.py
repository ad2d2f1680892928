"""The memories of an engine: those that hold a network, and the block RAMs of all of them."""

import hashlib
from dataclasses import astuple, dataclass

from plan.block_rams import block_rams
from plan.capacities import Capacities
from plan.engine import Engine
from plan.instruction import Format
from plan.sdram import STORE_ROWS
from plan.settings import REGISTER_BITS, SETTINGS
from plan.window import line_block_rams

NETWORK = ("registers", "program", "params", "weights", "stream")
"""The memories that hold a network, in the order of their numbers on the line: from 1 on. The last
one is outside, where weights can come from there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A memory's size: bits of a word, and how many words."""

    bits: int
    depth: int


def memories(engine: Engine, capacities: Capacities) -> dict[str, Words]:
    """Sizes of the memories that hold a network, by name, in the order of their numbers."""
    sizes = {
        "registers": Words(bits=REGISTER_BITS, depth=len(SETTINGS)),
        "program": Words(bits=Format.of(engine, capacities).bits, depth=capacities.steps),
        "params": Words(bits=engine.param_bits, depth=capacities.param_groups * engine.columns),
        "weights": Words(bits=engine.weight_bits, depth=capacities.weight_rows),
    }
    if capacities.streamed:
        sizes["stream"] = Words(bits=engine.stream_bits, depth=capacities.stream_rows)
    return sizes


def fingerprint(engine: Engine, capacities: Capacities) -> bytes:
    """Eight bytes that tell engines apart: the same for circuits that take the same network."""
    shape = astuple(engine)
    if engine.pixels == 1:
        shape = shape[:-1]  # as it was before there were engines of two
    said = (shape, astuple(capacities), Format.of(engine, capacities).widths, SETTINGS)
    return hashlib.sha256(repr(said).encode()).digest()[:8]


def engine_block_rams(engine: Engine, capacities: Capacities) -> dict[str, int]:
    """EBR by memory."""
    word, pixels = 8 * engine.rows, engine.pixels
    totals = pixels * engine.columns * engine.accumulator_bits
    held = {
        name: block_rams(size.bits, size.depth)
        for name, size in memories(engine, capacities).items()
        if name in ("program", "params", "weights")
    }
    store = {"weight store": block_rams(engine.stream_bits, STORE_ROWS)}
    return (store if capacities.streamed else {}) | {
        "weights": held["weights"],
        "activations": pixels * block_rams(word, capacities.activation_words, engine.lanes),
        "patches": pixels * block_rams(word, capacities.patch_words),
        "accumulators": block_rams(totals, engine.tile_pixels),
        "parameters": held["params"],
        "program": held["program"],
        "pool rows": pixels * block_rams(8 * engine.columns, capacities.pool_slots),
        "image lines": line_block_rams(capacities.width, capacities.kernel),
    }
