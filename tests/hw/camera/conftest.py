"""A camera's wires for tests of single parts."""

from random import Random

import numpy as np
import pytest

from hw.camera.ov7670 import Times

TIMES = Times(xclk=2, quarter=1, pause=120, first=4000, gone=600, settle=0)
"""Short ones."""


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


class Wires:
    """Drives wires cycle by cycle; PCLK's halves last 2 to ``slowest`` cycles, at random."""

    def __init__(self, ctx, wires, *, seed: int = 0, slowest: int = 2):
        self._ctx, self._wires = ctx, wires.as_value()
        self._random = Random(seed)
        self._slowest = slowest
        self.now = {"pclk": 0, "href": 0, "vsync": 0, "data": 0}

    async def set(self, cycles: int = 0, **levels: int) -> None:
        self.now |= levels
        now = self.now
        level = now["pclk"] | now["href"] << 1 | now["vsync"] << 2 | now["data"] << 3
        self._ctx.set(self._wires, level)
        for _ in range(cycles or self._random.randint(2, self._slowest)):
            await self._ctx.tick()

    async def line(self, data, *, blank: int = 6) -> None:
        for byte in data:
            await self.set(pclk=0, href=1, data=int(byte))
            await self.set(pclk=1)
        await self.set(pclk=0, href=1)
        await self.set(blank, href=0, data=self._random.randrange(256))

    async def vsync(self, cycles: int = 10) -> None:
        await self.set(cycles, vsync=1)
        await self.set(cycles, vsync=0)

    async def frame(self, lines) -> None:
        """VSYNC, then the lines; the next VSYNC tells that they are over."""
        await self.vsync()
        for data in lines:
            await self.line(data)


@pytest.fixture
def wires():
    """What drives a camera's wires."""
    return Wires


@pytest.fixture
def times():
    return TIMES
