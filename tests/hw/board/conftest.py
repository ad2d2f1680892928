"""A core that computes nothing, for tests of what is around it."""

import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.board.flash import FlashReader
from hw.board.parser import write_layout
from hw.board.shell import Shell
from hw.live.live import Eye
from hw.streams import Pixel, Result
from plan.image import Memory
from spec.protocol import Held
from spec.replies import NETWORK_WORDS, Identity

MEMORIES = {
    "shell": Memory(number=0, bits=32, depth=NETWORK_WORDS + 10),
    "weights": Memory(number=1, bits=36, depth=16),
}


class Stub(wiring.Component):
    i: In(stream.Signature(Pixel))
    o: Out(stream.Signature(Result))
    running: In(1)
    i_load: In(stream.Signature(write_layout(MEMORIES)))

    def elaborate(self, platform):
        return Module()


@pytest.fixture
def make_shell():
    """A function that makes a shell with so many lamps, and a flash memory or a camera or none."""

    def make(leds: int, classes: int = 5, flash: bool = False, eye: Eye | None = None) -> Shell:
        identity = Identity(
            none=0xFFFF,
            threshold=0,
            height=8,
            width=8,
            classes=classes,
            chunk_bytes=1024,
            window=8,
            rows=4,
            columns=4,
            pixels=1,
            lut_rows=0,
            tile_pixels=512,
            engine=bytes(8),
            capacities=(),
            clock_hz=100_000_000,
            cycles=1000,
            model=bytes(8),
            labels=bytes(8),
            build=bytes(8),
            name="stub",
        )
        sums = list(range(classes))
        return Shell(
            core=Stub(),
            flash=FlashReader.of(100_000_000) if flash else None,
            eye=eye,
            identity=identity,
            held=Held.BUILT_IN,
            sums=sums,
            pixels=64,
            memories=MEMORIES,
            divisors=(33, 100),
            tick=1000,
            leds=leds,
        )

    return make
