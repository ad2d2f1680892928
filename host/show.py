"""Answers for people, and for programs."""

import json
from collections.abc import Iterable

import numpy as np

from host.client import Answer
from plan.link import chip_words
from spec.protocol import FLASH_READING, OUTCOMES, Held, Load
from spec.quantized import QuantizedNetwork
from spec.reference import BEST, best, probabilities
from spec.replies import Counters, Identity, MemoryTest
from spec.text import printable


def verdict(answer: Answer, quantized: QuantizedNetwork, clock_hz: int) -> dict:
    """What there is to say of one photograph; times in milliseconds.

    None of the classes, where the network has no class for that, has no probability.
    """
    odds = probabilities(quantized, np.array(answer.result.sums))
    winner = answer.result.winner
    return {
        "file": str(answer.key),
        "label": quantized.label(winner),
        "class": winner,
        "probability": round(float(odds[winner]), 4) if winner < len(odds) else None,
        "best": [
            {"label": quantized.labels[index], "class": index, "probability": round(share, 4)}
            for index, share in best(quantized, np.array(answer.result.sums))
        ],
        "sums": list(answer.result.sums),
        "cycles": answer.result.cycles,
        "chip_ms": round(1e3 * answer.result.cycles / clock_hz, 3),
        "total_ms": round(1e3 * answer.seconds, 1),
    }


def head(width: int) -> str:
    """The table's head, for file names of at most ``width`` characters."""
    return f"{'photograph':{width}}  {'label':20} {'prob.':>6} {'chip ms':>8} {'total ms':>9}"


def row(said: dict, width: int) -> str:
    """A photograph's line; and where there are many classes, a second one of the next best."""
    odds = said["probability"]
    line = (
        f"{printable(said['file']):{width}}  {printable(said['label']):20} "
        f"{'' if odds is None else f'{odds:.3f}':>6} "
        f"{said['chip_ms']:8.3f} {said['total_ms']:9.1f}"
    )
    if len(said["sums"]) <= BEST:
        return line
    others = (one for one in said["best"] if one["class"] != said["class"])
    ranked = ", ".join(f"{printable(one['label'])} {one['probability']:.3f}" for one in others)
    return f"{line}\n{'':{width}}  then {ranked}"


ORIGINS = {
    Held.BUILT_IN: "built in",
    Held.LOADED: "loaded over the line",
    Held.FLASH: "from flash",
}
"""Where a board's network comes from."""


def identity(board: Identity, held: Held, flash: int) -> Iterable[str]:
    """Lines about a board; ``flash`` is what came of the network in its flash memory."""
    yield from network(board, held)
    if flash:
        yield f"flash      {flashed(flash)}"
    yield f"build      {board.build.hex()}"
    yield (
        f"engine     {board.rows}×{board.columns}, "
        f"{board.rows * board.columns * board.pixels} MAC/cycle at {board.clock_hz / 1e6:g} MHz, "
        f"fingerprint {board.engine.hex()}"
    )
    yield f"link       {board.window} chunks of {board.chunk_bytes} bytes in flight"


def network(board: Identity, held: Held) -> Iterable[str]:
    """Lines about a board's network."""
    if held == Held.NONE:
        yield "model      none: load one (python -m host load FILE.onnx)"
        return
    yield f"model      {board.name}, {board.classes} classes, {board.width}×{board.height} pixels"
    yield f"digests    model {board.model.hex()}, labels {board.labels.hex()}"
    yield f"origin     {ORIGINS[held]}"
    yield f"chip       {chip_words(board.cycles, board.clock_hz)}"


def flashed(flash: int) -> str:
    """What came of the network in a board's flash memory."""
    if flash == FLASH_READING:
        return "is being read"
    if flash == Load.DONE + 1:
        return "had a network, which was right"
    if flash == Load.NO_IMAGE + 1:
        return "has no network behind the bitstream"
    reason = OUTCOMES.get(flash - 1, f"outcome {flash - 1}")
    return f"REFUSED at power-up: {reason}; write it again (python -m hw.flash --network)"


def counters(counted: Counters) -> str:
    return ", ".join(f"{count} {name}" for name, count in counted.counts.items())


def memory(tested: MemoryTest) -> str:
    """What a test of the SDRAM found."""
    size = f"{2 * tested.words:,} bytes tested"
    if not tested.words:
        return f"{size}: the network takes all of it"
    if not tested.wrong:
        return f"right, {size}"
    return (
        f"WRONG, {size}: {tested.wrong:,} of {2 * tested.words:,} words read, "
        f"bits {tested.bits:016b}, the first at word {tested.address:#x}; another --sdram-phase of "
        "hw.build may be right"
    )


def as_json(thing: object) -> str:
    """One line of ASCII, which any terminal and reader takes, whatever a file is called."""
    return json.dumps(thing)
