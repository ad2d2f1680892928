"""A core that computes nothing, for tests of what is around it."""

import pytest
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.board.shell import Shell
from hw.core import Pixel, Result
from spec.decision import Decision
from spec.replies import Identity


class Stub(wiring.Component):
    i: In(stream.Signature(Pixel))
    o: Out(stream.Signature(Result))

    def elaborate(self, platform):
        return Module()


@pytest.fixture
def make_shell():
    """A function that makes a shell with so many lamps."""

    def make(leds: int, classes: int = 5) -> Shell:
        identity = Identity(
            height=8,
            width=8,
            classes=classes,
            chunk_bytes=1024,
            window=8,
            rows=4,
            columns=4,
            pixels=1,
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
            identity=identity,
            sums=sums,
            decision=Decision(),
            divisors=(33, 100),
            tick=1000,
            leds=leds,
        )

    return make
