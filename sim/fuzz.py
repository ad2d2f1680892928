"""Nonsense into the simulated board, with good frames between: nothing may hang or answer wrongly.

    python -m sim.fuzz --bytes 1000000 --seed 1

Nonsense is random bytes, frames with wrong bits, cut-off frames, wrong lengths, types and versions
under a right CRC, chunks out of order, images left in the middle, missing stop bits, breaks,
glitches and presses of the button. After each piece of it come requests that must be answered
rightly at once.
"""

import queue
import random
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hw.design import Design
from plan.engine import ENGINES
from sim import board
from spec import artifact, reference, replies, synthetic, terminal
from spec.arguments import Parser
from spec.protocol import (
    CHUNK_BYTES,
    CRC,
    HEADER,
    REASONS,
    VERSION,
    Frame,
    Reply,
    Request,
    Splitter,
    chunks,
    stuff,
)
from spec.squeezenet import tiny

BYTE, BROKEN_BYTE, LOW, HIGH, BUTTON, PULSE = range(6)
"""Orders on the wire, as sim/board.cpp takes them."""
SIZE = 24
"""Side of the images: a whole chunk and a rest."""
TICK = 1 << 11
"""So that an image left in the middle is dropped after 65,536 cycles, not 1.6 s."""
HANG = 60.0
"""Seconds without an answer that are taken for a hang."""


class FuzzError(AssertionError):
    """The board hung or answered wrongly; the message says after what."""


def make_design(folder: Path) -> Design:
    """A small network, whose circuit behind the pads is the same as any other's."""
    path = folder / "fuzz.onnx"
    artifact.save(synthetic.quantized(tiny(image_size=SIZE)), path)
    return Design.load(path, ENGINES["4x4"], board.CLOCK_HZ)


def on_the_wire(data: bytes, what: int = BYTE) -> bytes:
    """Orders for bytes, one after the other."""
    pairs = np.full((len(data), 2), what, np.uint8)
    pairs[:, 1] = np.frombuffer(data, np.uint8)
    return pairs.tobytes()


@dataclass
class Session:
    """A simulated board, what was sent to it, and what it may say because of that."""

    design: Design
    rng: random.Random
    patience: float = HANG
    tick: int = TICK
    clocks_a_bit: int = board.CLOCKS_A_BIT
    bad_bytes: int = 0
    good_frames: int = 0
    kinds: Counter = field(default_factory=Counter)

    def __post_init__(self):
        self._sums: dict[int, tuple[int, ...]] = {}  # of complete images, by sequence number
        self._numbers = 0
        self._heard: queue.Queue[Frame | None] = queue.Queue()
        command = board.build(self.design, clocks_a_bit=self.clocks_a_bit, tick=self.tick)
        self._process = subprocess.Popen(
            [*command, "wire"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> int:
        """Frames with a wrong CRC that the board sent; there must be none."""
        self._process.stdin.close()
        while self._heard.get(timeout=self.patience) is not None:
            pass
        self._process.wait()
        self._process.stdout.close()
        return self._splitter.broken

    def _listen(self):
        self._splitter = Splitter()
        while data := self._process.stdout.read1():
            for frame in self._splitter.feed(data):
                self._heard.put(frame)
        self._heard.put(None)

    def write(self, orders: bytes):
        """Orders for the wire, see :func:`on_the_wire`."""
        self._process.stdin.write(orders)
        self._process.stdin.flush()

    def number(self) -> int:
        """A sequence number that was not used lately."""
        self._numbers = self._numbers % 0xFFFF + 1
        self._sums.pop(self._numbers, None)
        return self._numbers

    def nonsense(self):
        """One piece of it."""
        kind, make = self.rng.choice(NONSENSE)
        orders = make(self)
        self.kinds[kind] += 1
        self.bad_bytes += len(orders) // 2
        self.write(orders)

    def ask(self, request: Request, reply: Reply) -> Frame:
        """A good request, and its answer."""
        sequence = self.number()
        self.write(on_the_wire(Frame(type=request, sequence=sequence).line()))
        self.good_frames += 1
        return self.expect(reply, sequence)

    def expect(self, reply: Reply, sequence: int) -> Frame:
        """The next frame of this type and number; whatever comes before must be allowed."""
        while True:
            try:
                frame = self._heard.get(timeout=self.patience)
            except queue.Empty:
                raise FuzzError(f"no {reply.name} came; so far {dict(self.kinds)}") from None
            if frame is None:
                raise FuzzError("the simulated board ended")
            self.judge(frame)
            if (frame.type, frame.sequence) == (reply, sequence):
                return frame

    def judge(self, frame: Frame):
        """Refuse what no board may say."""
        if frame.type == Reply.RESULT:
            sums = replies.Result.unpack(frame.payload).sums
            if sums != self._sums.get(frame.sequence):
                raise FuzzError(f"image {frame.sequence} gave {sums}; so far {dict(self.kinds)}")
        elif frame.type == Reply.SELFTEST:
            result = replies.Result.unpack(frame.payload)
            if result.wrong or list(result.sums) != self.design.sums:
                raise FuzzError(f"the self-test failed: {result}")
        elif frame.type == Reply.ERROR:
            if frame.argument not in REASONS:
                raise FuzzError(f"unknown error {frame.argument}")
        elif frame.type not in set(Reply):
            raise FuzzError(f"unknown type of frame {frame.type:#x}")

    def image(self) -> list[Frame]:
        """The chunks of a new image, whose sums are noted."""
        picture = synthetic.image(self.design.quantized.network, self.rng.randrange(20))
        sequence = self.number()
        sums = reference.run(self.design.quantized, picture)["sums"]
        self._sums[sequence] = tuple(sums.tolist())
        return chunks(picture.tobytes(), sequence)

    def check(self):
        """Good requests; the first one has nothing but nonsense before it."""
        identity = self.ask(Request.IDENTIFY, Reply.IDENTITY)
        if replies.Identity.unpack(identity.payload) != self.design.identity:
            raise FuzzError(f"the identity is wrong: {identity}")
        if self.rng.random() < 0.3:
            self.ask(Request.COUNTERS, Reply.COUNTERS)
        if self.rng.random() < 0.2:
            self.ask(Request.SELFTEST, Reply.SELFTEST)
        if self.rng.random() < 0.5:
            self.ask(Request.RESET, Reply.RESET)
            images = [self.image() for _ in range(self.rng.randrange(1, 4))]
            for frames in images:
                self.write(b"".join(on_the_wire(frame.line()) for frame in frames))
                self.good_frames += len(frames)
            for frames in images:
                self.expect(Reply.RESULT, frames[0].sequence)


def _random(session: Session) -> bytes:
    return on_the_wire(session.rng.randbytes(session.rng.randrange(1, 3000)))


def _runs(session: Session) -> bytes:
    alphabet = session.rng.choices((0, 0, 1, 2, 3, 254, 255, session.rng.randrange(256)), k=3)
    return on_the_wire(bytes(session.rng.choices(alphabet, k=session.rng.randrange(1, 1500))))


def _some_frame(session: Session) -> Frame:
    rng = session.rng
    request = rng.choice(list(Request))
    payload = rng.randbytes(CHUNK_BYTES) if request == Request.CHUNK else b""
    return Frame(type=request, sequence=session.number(), argument=0, payload=payload)


def _wrong_bits(session: Session) -> bytes:
    line = bytearray(_some_frame(session).line())
    for _ in range(session.rng.randrange(1, 4)):
        line[session.rng.randrange(1, len(line) - 1)] ^= 1 << session.rng.randrange(8)
    return on_the_wire(bytes(line))


def _cut_off(session: Session) -> bytes:
    line = _some_frame(session).line()
    return on_the_wire(line[: session.rng.randrange(1, len(line) - 1)])


def _wrong_header(session: Session) -> bytes:
    """A right CRC over a version, type or length that is none."""
    rng = session.rng
    body = bytearray(_some_frame(session).pack()[:-4])
    place = rng.choice((0, 1, 6, 7))
    if place == 1:
        body[1] = rng.choice([kind for kind in range(256) if kind not in set(Request)])
    else:
        body[place] ^= rng.randrange(1, 256)
    if rng.random() < 0.3 and len(body) == HEADER.size:  # announced rightly, but not this type's
        body[0], body[1] = VERSION, Request.IDENTIFY
        body[6:] = (40).to_bytes(2, "little") + rng.randbytes(40)
    sealed = bytes(body) + CRC.pack(zlib.crc32(body))
    return on_the_wire(b"\0" + stuff(sealed) + b"\0")


def _disorder(session: Session) -> bytes:
    frames = session.image() + session.image() + session.image()
    session.rng.shuffle(frames)
    return b"".join(on_the_wire(frame.line()) for frame in frames)


def _half_an_image(session: Session) -> bytes:
    return on_the_wire(session.image()[0].line())


def _stop_bits(session: Session) -> bytes:
    line = _some_frame(session).line()
    place = session.rng.randrange(len(line))
    return (
        on_the_wire(line[:place])
        + on_the_wire(line[place : place + 1], BROKEN_BYTE)
        + on_the_wire(line[place + 1 :])
    )


def _glitches(session: Session) -> bytes:
    rng = session.rng
    orders = bytearray()
    for _ in range(rng.randrange(1, 40)):
        orders += bytes((rng.choice((LOW, LOW, HIGH, BUTTON)), rng.choice((1, 2, 5, 11, 60, 255))))
    return bytes(orders) + on_the_wire(rng.randbytes(rng.randrange(50))) + bytes((HIGH, 12))


NONSENSE = (
    ("random bytes", _random),
    ("runs", _runs),
    ("wrong bits", _wrong_bits),
    ("cut off", _cut_off),
    ("wrong header", _wrong_header),
    ("chunks in disorder", _disorder),
    ("half an image", _half_an_image),
    ("missing stop bit", _stop_bits),
    ("glitches, breaks, button", _glitches),
)


def fuzz(design: Design, *, bytes_: int, seed: int) -> Session:
    """Send nonsense until there were so many bytes of it; the session, with its counts.

    Raises
    ------
    FuzzError
        At the first thing that is wrong.
    """
    session = Session(design, random.Random(seed))
    try:
        while session.bad_bytes < bytes_:
            for _ in range(session.rng.randrange(1, 6)):
                session.nonsense()
            session.check()
    finally:
        broken = session.close()
    if broken:
        raise FuzzError(f"the board sent {broken} damaged frames")
    return session


def main(argv: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m sim.fuzz", description=__doc__, examples=("--bytes 100000 --seed 2",)
    )
    parser.add_argument("--bytes", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args(argv)

    def command() -> int:
        if arguments.bytes < 1:
            raise ValueError(f"--bytes must be at least 1, not {arguments.bytes}")
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            session = fuzz(make_design(Path(folder)), bytes_=arguments.bytes, seed=arguments.seed)
        for kind, count in sorted(session.kinds.items()):
            print(f"{count:8,} × {kind}")
        print(
            f"{session.bad_bytes:,} bytes of nonsense, {session.good_frames:,} good frames "
            f"between: 0 hangs, 0 wrong answers; {time.monotonic() - start:.0f} s"
        )
        return 0

    return terminal.run("sim.fuzz", command, bad=(ValueError,), failed=(FuzzError,))


if __name__ == "__main__":
    sys.exit(main())
