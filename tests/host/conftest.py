"""A board in Python at a pseudo-terminal, with faults to order."""

import os
import select
import struct
import threading
import tty
from dataclasses import asdict, astuple, replace

import numpy as np
import pytest
from PIL import Image

from plan.engine import ENGINES
from plan.image import Image as NetworkImage
from plan.memories import fingerprint
from plan.network_image import image_memories
from plan.planner import plan
from spec import artifact, reference, selftest, synthetic
from spec.protocol import COUNTERS, Frame, Held, Load, Refusal, Reply, Request, Splitter
from spec.quantized import SHORTER_SIDE
from spec.replies import (
    NETWORK_WORDS,
    Counters,
    Identity,
    MemoryTest,
    NetworkIdentity,
    Result,
    digest,
)
from spec.squeezenet import tiny

ENGINE = ENGINES["4x4"]
SIZE = 24
"""Side of the network's images: one whole chunk and a rest."""


@pytest.fixture(scope="session")
def quantized():
    """Its photographs are framed as the file says, not as a square of the image's size."""
    made = synthetic.quantized(tiny(image_size=SIZE))
    return replace(made, metadata=made.metadata | {SHORTER_SIDE: str(SIZE + 7)})


@pytest.fixture(scope="session")
def model(quantized, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "tiny.onnx"
    artifact.save(quantized, path)
    return path


@pytest.fixture
def photographs(tmp_path, quantized):
    """Six different photographs in a folder."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    for index in range(6):
        picture = synthetic.image(quantized.network, index)
        Image.fromarray(picture).save(folder / f"{index}.png")
    return folder


class FakeBoard:
    """Speaks the protocol after docs/protocol.md, slowly enough to be disturbed.

    ``faults`` is called with every frame that comes in, and may return another one, None to lose
    it, or ``"damage"``; ``replies`` likewise with every frame that goes out.
    """

    WINDOW = 4

    def __init__(self, quantized, model):
        self.quantized = quantized
        self.capacities = plan(quantized.network, ENGINE).needs()
        self.identity = Identity(
            **asdict(NetworkIdentity.of(quantized, cycles=1000, model=digest(model.read_bytes()))),
            chunk_bytes=1024,
            window=self.WINDOW,
            rows=4,
            columns=4,
            pixels=1,
            clock_hz=100_000_000,
            lut_rows=ENGINE.lut_rows,
            tile_pixels=ENGINE.tile_pixels,
            build=b"12345678",
            engine=fingerprint(ENGINE, self.capacities),
            capacities=tuple(map(int, astuple(self.capacities))),
        )
        self.network = Held.BUILT_IN
        self.flash = 0
        self.memory = None
        self.cycles = self.identity.cycles
        self.loaded = []
        self._load = bytearray()
        self.faults = lambda frame: frame
        self.replies = lambda frame: frame
        self.seen = []
        self.held = 0
        self.most_held = 0
        self._counts = dict.fromkeys(COUNTERS, 0)
        self._image = bytearray()
        self._place = (0, 0)
        self.master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.device = os.ttyname(self._slave)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def alter(self, **identity):
        self.identity = replace(self.identity, **identity)

    def give_sdram(self, **found):
        """An SDRAM, whose test finds this."""
        self.memory = MemoryTest(**{"words": 1 << 24, "wrong": 0, "bits": 0, "address": 0} | found)
        self.capacities = replace(self.capacities, stream_rows=1000)
        self.alter(
            engine=fingerprint(ENGINE, self.capacities),
            capacities=tuple(map(int, astuple(self.capacities))),
        )

    def unplug(self):
        """As if pulled out of its socket."""
        self._over.set()

    def close(self):
        self._over.set()
        self._thread.join()

    def _serve(self):
        splitter = Splitter()
        while not self._over.is_set():
            if select.select([self.master], [], [], 0.02)[0]:
                for frame in splitter.feed(os.read(self.master, 4096)):
                    self.seen.append(frame)
                    frame = self.faults(frame)
                    if frame == "damage":
                        self._refuse(0, Refusal.BROKEN)
                    elif frame is not None:
                        self._answer(frame)
        os.close(self._slave)
        os.close(self.master)

    def _send(self, **parts):
        frame = self.replies(Frame(**parts))
        if frame == "damage":
            os.write(self.master, b"\0\x05abc\0")
        elif frame is not None:
            os.write(self.master, frame.line())

    def _refuse(self, sequence, why):
        payload = struct.pack("<HH", *self._place)
        self._send(type=Reply.ERROR, sequence=sequence, argument=why, payload=payload)

    def _answer(self, frame):
        sequence = frame.sequence
        if frame.type == Request.IDENTIFY:
            payload = self.identity.pack()
            self._send(
                type=Reply.IDENTITY,
                sequence=sequence,
                argument=self.network | self.flash << 8,
                payload=payload,
            )
        elif frame.type == Request.COUNTERS:
            counters = Counters(
                counts=self._counts, sequence=self._place[0], expected=self._place[1]
            )
            self._send(type=Reply.COUNTERS, sequence=sequence, payload=counters.pack())
        elif frame.type == Request.RESET:
            self._image.clear()
            self._place = (self._place[0], 0)
            self._send(type=Reply.RESET, sequence=sequence)
        elif frame.type == Request.SELFTEST:
            result = self._compute(selftest.image(SIZE, SIZE))
            self._send(type=Reply.SELFTEST, sequence=sequence, payload=result.pack())
        elif frame.type == Request.MEMTEST and self.memory:
            self._send(type=Reply.MEMTEST, sequence=sequence, payload=self.memory.pack())
        elif frame.type == Request.MEMTEST:
            self._refuse(sequence, Refusal.TYPE)
        elif frame.type == Request.CHUNK:
            self._take(frame)
        elif frame.type == Request.LOAD:
            self._keep(frame)

    def _keep(self, frame):
        if frame.argument == 0:
            self._load.clear()
        self._load += frame.payload
        self._send(type=Reply.TAKEN, sequence=frame.sequence, argument=frame.argument + 1)
        if len(self._load) == 4 * int.from_bytes(self._load[12:16], "little"):
            memories = image_memories(ENGINE, self.capacities)
            image = NetworkImage.unpack(bytes(self._load), self.identity.engine, memories)
            words = struct.pack(f"<{len(image.contents['shell'])}I", *image.contents["shell"])
            self.loaded.append(image)
            self.identity = Identity.unpack(words[: 4 * NETWORK_WORDS] + self.identity.pack_board())
            self.network = Held.LOADED
            self.cycles = self.identity.cycles
            self._send(type=Reply.LOADED, sequence=frame.sequence, argument=Load.DONE)

    def _take(self, frame):
        image, index = self._place
        if frame.argument != index or (index and frame.sequence != image):
            self._refuse(frame.sequence, Refusal.ORDER)
            return
        self._image += frame.payload
        self._place = (frame.sequence, index + 1)
        self._send(type=Reply.TAKEN, sequence=frame.sequence, argument=index + 1)
        if len(self._image) == SIZE * SIZE * 3:
            picture = np.frombuffer(bytes(self._image), np.uint8).reshape(SIZE, SIZE, 3)
            self._image.clear()
            self._place = (frame.sequence, 0)
            result = self._compute(picture)
            self._send(type=Reply.RESULT, sequence=frame.sequence, payload=result.pack())

    def _compute(self, picture):
        sums = reference.run(self.quantized, picture)["sums"]
        return Result(
            sums=tuple(sums.tolist()),
            cycles=self.cycles,
            winner=int(sums.argmax()),
            wrong=0,
        )


@pytest.fixture
def board(quantized, model):
    board = FakeBoard(quantized, model)
    yield board
    board.close()
