"""Loads cut off or damaged at random, on the simulated board: it never answers with a mixture.

    python -m sim.cut_loads --loads 200 --seed 1

Two networks of the same engine take turns: one with its weights on the chip, one that streams them
out of an SDRAM. Each load is cut off anywhere, has wrong bits or too
many bytes, a chunk lost or sent again, is reset, or comes whole. Then the board is asked which
network it holds: the old one, the new one, or none. It must compute an image and the self-test as
that one does, or refuse them; and a whole load must always succeed.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from hw.design import Design
from plan.capacities import Capacities
from plan.planner import Plan, plan
from plan.stream import Stream
from sim import board
from sim.fuzz import HIGH, FuzzError, Session, make_design, on_the_wire
from spec import artifact, reference, replies, synthetic, terminal
from spec.arguments import Parser
from spec.protocol import Frame, Held, Load, Refusal, Reply, Request, chunks
from spec.squeezenet import tiny

PAUSE = bytes((HIGH, 255)) * 40
"""On the wire: long enough for what has come to be read, too short for a load to be given up."""
OTHER_SIZE = 16
"""Side of the other network's images."""
STREAM_ROWS = 1 << 12
"""The most rows of a stream."""


class Streamed(Design):
    """All weights of the network come out of the SDRAM."""

    @cached_property
    def _planned(self) -> Plan:
        network = self.quantized.network
        names = frozenset(conv.name for conv in network.convs)
        stream = Stream.of_sdram(self.clock_hz, self.engine.stream_bits)
        return plan(network, self.engine, streamed=names, stream=stream)


def designs(folder: Path) -> list[Design]:
    """Two networks for one engine: the one of :mod:`sim.fuzz`, built in, and a smaller one that is
    streamed."""
    first = make_design(folder)
    path = folder / "other.onnx"
    artifact.save(synthetic.quantized(tiny(image_size=OTHER_SIZE), seed=1), path)
    other = Streamed.load(path, first.engine, board.CLOCK_HZ)
    most = Capacities.covering(first.plan.needs(), other.plan.needs())
    others = replace(most, stream_rows=STREAM_ROWS)
    return [replace(one, others=others) for one in (first, other)]


def cut_off(rng: random.Random, data: bytes, sequence: int) -> bytes:
    """The host is killed: at any byte of the line."""
    line = whole(rng, data, sequence)
    return line[: rng.randrange(1, len(line))]


def reset(rng: random.Random, data: bytes, sequence: int) -> bytes:
    """The next host says ``RESET`` within it."""
    frames = chunks(data, sequence, Request.LOAD)[: rng.randrange(1, 3)]
    frames.append(Frame(type=Request.RESET, sequence=sequence ^ 0x8000))
    return b"".join(frame.line() for frame in frames)


def wrong_bit(rng: random.Random, data: bytes, sequence: int) -> bytes:
    """A bit that flipped before the frames' CRCs were made: only the image's own can tell."""
    wrong = bytearray(data)
    wrong[rng.randrange(len(wrong))] ^= 1 << rng.randrange(8)
    return whole(rng, bytes(wrong), sequence)


def damaged_line(rng: random.Random, data: bytes, sequence: int) -> bytes:
    """Bits that flipped on the line."""
    line = bytearray(whole(rng, data, sequence))
    for _ in range(rng.randrange(1, 4)):
        line[rng.randrange(len(line))] ^= 1 << rng.randrange(8)
    return bytes(line)


def too_long(rng: random.Random, data: bytes, sequence: int) -> bytes:
    """More comes than the image has."""
    return whole(rng, data + rng.randbytes(4 * rng.randrange(1, 300)), sequence)


def lost(rng: random.Random, data: bytes, sequence: int) -> bytes:
    """A chunk is lost, or comes twice."""
    frames = chunks(data, sequence, Request.LOAD)
    place = rng.randrange(len(frames))
    frames[place : place + 1] = [frames[place]] * rng.choice((0, 2))
    return b"".join(frame.line() for frame in frames)


def whole(rng: random.Random, data: bytes, sequence: int) -> bytes:
    """Nothing is wrong with it."""
    return b"".join(frame.line() for frame in chunks(data, sequence, Request.LOAD))


KINDS = (cut_off, cut_off, reset, wrong_bit, damaged_line, too_long, lost, whole)


class Loads(Session):
    """A simulated board, the networks that it may hold, and what came of loads.

    ``counts`` says how often each network was held after a load, by name of what was done to it.
    """

    def __post_init__(self):
        super().__post_init__()
        self.counts = Counter()
        self._holds: int | None = 0

    def judge(self, frame: Frame):
        """Results are judged where it is known of which network they are."""
        if frame.type not in set(Reply):
            raise FuzzError(f"unknown type of frame {frame.type:#x}")

    def settle(self):
        """Silence until what was left in the middle has been dropped, and a reset."""
        self.write(on_the_wire(b"\0"))
        self.ask(Request.RESET, Reply.RESET)

    def disturb(self, both: list[Design], images: list[bytes]):
        """One load, and what the board does after it."""
        new = self.rng.randrange(2)
        kind = self.rng.choice(KINDS)
        sequence = self.number()
        self.write(on_the_wire(kind(self.rng, images[new], sequence)))
        if kind is whole:
            outcome = self.expect(Reply.LOADED, sequence).argument
            if outcome != Load.DONE:
                raise FuzzError(f"a whole load came to {outcome}")
        elif self.rng.random() < 0.7:
            self.write(PAUSE)
        self.settle()
        identity = self.ask(Request.IDENTIFY, Reply.IDENTITY)
        held = None
        if identity.argument != Held.NONE:
            said = replies.Identity.unpack(identity.payload)
            held = next((n for n in (0, 1) if both[n].identity == said), None)
            if held is None:
                raise FuzzError(f"after {kind.__name__} the board holds what is neither: {said}")
        if held not in (None, self._holds, new):
            raise FuzzError(f"after {kind.__name__} the board holds network {held}")
        if kind is whole and held != new:
            raise FuzzError(f"a whole load did not succeed: network {held}")
        self.compute(both, held, kind.__name__)
        self._holds = held
        self.counts[kind.__name__, "none" if held is None else "new" if held == new else "old"] += 1

    def compute(self, both: list[Design], held: int | None, after: str):
        """An image and the self-test must be answered as the network does, or be refused."""
        quantized = both[held or 0].quantized
        picture = synthetic.image(quantized.network, self.rng.randrange(20))
        frames = chunks(picture.tobytes(), sequence := self.number())
        self.write(b"".join(on_the_wire(frame.line()) for frame in frames))
        test = self.number()
        if held is None:
            self.refused(sequence)
            self.write(on_the_wire(Frame(type=Request.SELFTEST, sequence=test).line()))
            self.refused(test)
            return
        sums = reference.run(quantized, picture)["sums"].tolist()
        result = replies.Result.unpack(self.expect(Reply.RESULT, sequence).payload)
        if list(result.sums) != sums:
            raise FuzzError(f"after {after} an image gave {result}, not {sums}")
        self.write(on_the_wire(Frame(type=Request.SELFTEST, sequence=test).line()))
        result = replies.Result.unpack(self.expect(Reply.SELFTEST, test).payload)
        if result.wrong or list(result.sums) != both[held].sums:
            raise FuzzError(f"after {after} the self-test gave {result}")
        planned = both[held].plan
        if result.cycles > planned.cycles or (
            not planned.streamed and result.cycles != planned.cycles
        ):
            raise FuzzError(f"after {after} a frame took {result.cycles} cycles")

    def refused(self, sequence: int):
        """The next error must be that there is no network."""
        frame = self.expect(Reply.ERROR, sequence)
        if frame.argument != Refusal.NETWORK:
            raise FuzzError(f"refused as {frame.argument}, not for want of a network")


def cut_loads(folder: Path, *, loads: int, seed: int) -> Loads:
    """Disturb so many loads; the session, with its counts.

    Raises
    ------
    sim.fuzz.FuzzError
        At the first thing that is wrong.
    """
    both = designs(folder)
    images = [design.image for design in both]
    session = Loads(both[0], random.Random(seed))
    try:
        for _ in range(loads):
            session.disturb(both, images)
    finally:
        broken = session.close()
    if broken:
        raise FuzzError(f"the board sent {broken} damaged frames")
    return session


def main(argv: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m sim.cut_loads", description=__doc__, examples=("--loads 20 --seed 2",)
    )
    parser.add_argument("--loads", type=int, default=200, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args(argv)
    return terminal.run("sim.cut_loads", lambda: count(arguments), bad=(), failed=(FuzzError,))


def count(arguments: argparse.Namespace) -> int:
    """Print how many loads ended how."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        session = cut_loads(Path(folder), loads=arguments.loads, seed=arguments.seed)
    for (kind, held), count in sorted(session.counts.items()):
        print(f"{count:6,} × {kind:13} then {held}")
    print(f"{arguments.loads:,} loads: 0 hangs, 0 wrong answers; {time.monotonic() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
