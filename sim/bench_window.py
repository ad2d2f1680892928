"""Bench of window generators: patches against a NumPy im2col, ``row_done`` against the timing.

The circuit is a bank of generators with ports ``g0``, ``g1``, …; they run one after the other, each
with the geometries that it is given, a reset between them.
"""

from collections import deque
from dataclasses import dataclass
from random import Random

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge, RisingEdge

from plan.capacities import NAMES, Capacities
from plan.settings import WINDOW, window_widths
from plan.window import CHANNELS, WindowGeometry, WindowTiming, patch_pixels
from plan.words import pack
from sim.runner import parameters, reset


def patches(image: np.ndarray, g: WindowGeometry) -> list[list[list[int]]]:
    """The words of the patch at each row and column of the output."""
    margin = (g.padding, g.padding)
    padded = np.pad(image, (margin, margin, (0, 0)))
    rows, columns = np.array(patch_pixels(g.kernel)).T

    def words(y: int, x: int) -> list[int]:
        patch = padded[y + rows, x + columns].tobytes()
        patch += bytes(g.words * g.word_bytes - len(patch))
        parts = [patch[k : k + g.word_bytes] for k in range(0, len(patch), g.word_bytes)]
        return [int.from_bytes(part, "little") for part in parts]

    across = range(0, g.o_width * g.stride, g.stride)
    return [[words(y, x) for x in across] for y in range(0, g.o_height * g.stride, g.stride)]


def patch_masks(g: WindowGeometry) -> list[int]:
    """For each word of a patch the bits that are the patch's; the others may be anything."""
    bits, size = 8 * g.word_bytes, 8 * g.kernel**2 * CHANNELS
    return [(1 << min(bits, size - bits * word)) - 1 for word in range(g.words)]


def capable(*geometries: WindowGeometry) -> dict:
    """The parameters of a generator that can make the patches of all of these."""
    nothing = dict.fromkeys(NAMES, 1)
    needs = [
        Capacities(
            **nothing
            | {
                "patch_words": g.depth,
                "height": g.height,
                "width": g.width,
                "kernel": g.kernel,
                "stride": g.stride,
                "ring_rows": g.ring_rows,
            }
        )
        for g in geometries
    ]
    return {"capacities": Capacities.covering(*needs), "word_bytes": geometries[0].word_bytes}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """What a generator showed in a clock cycle."""

    taken: bool
    address: int | None  # of words of banks in turn
    data: int | None
    row_done: bool


class Generator:
    """One of the bank, a sender that stalls at random before it, a patch memory behind it."""

    def __init__(self, dut, index: int, geometry: WindowGeometry, words: int, rng: Random):
        self._dut = dut
        self._prefix = f"g{index}__"
        self._g = geometry
        self._rng = rng
        self._address_bits = (words - 1).bit_length()
        self._masks = patch_masks(geometry)
        self._memory: dict[int, int] = {}
        self._pixels: deque[int] = deque()
        self._offered = False

    def _port(self, name: str):
        return getattr(self._dut, self._prefix + name)

    async def _cycle(self, stall: float, *, start: bool = False, free: int = 0) -> Cycle:
        if self._pixels and not self._offered and self._rng.random() >= stall:
            self._offered = True
            self._port("i__payload").value = self._pixels[0]
        self._port("i__valid").value = int(self._offered)
        self._port("start").value = int(start)
        self._port("free").value = free
        await FallingEdge(self._dut.clk)
        taken = self._offered and bool(int(self._port("i__ready").value))
        address = word = None
        if int(self._port("o__valid").value):
            payload = int(self._port("o__payload").value)
            address = payload & ((1 << self._address_bits) - 1)
            word = payload >> self._address_bits
            if self._g.pixels == 2:
                bits = 8 * self._g.word_bytes
                address, word = 2 * address + (word >> bits), word & ((1 << bits) - 1)
        row_done = bool(int(self._port("row_done").value))
        await RisingEdge(self._dut.clk)
        if taken:
            self._pixels.popleft()
            self._offered = False
        return Cycle(taken=taken, address=address, data=word, row_done=row_done)

    def _write(self, cycle: Cycle) -> None:
        if cycle.address is not None:
            assert cycle.address < self._g.depth * self._g.pixels
            assert cycle.address not in self._memory, "a row that is not free was overwritten"
            self._memory[cycle.address] = cycle.data

    def _read(self, row: int) -> list[list[int]]:
        """The words of a row's patches, which then are no longer in the memory."""
        g = self._g
        first = row % g.ring_rows * g.across * g.pixels
        return [
            [
                self._memory.pop(k * g.plane * g.pixels + first + x) & mask
                for k, mask in enumerate(self._masks)
            ]
            for x in range(g.o_width)
        ]

    async def frame(self, *, stall: float, reader: int, overlap: bool) -> None:
        """A frame, the reader keeping each row for 1 to ``reader`` cycles.

        Without a stall, ``row_done`` must come in the very cycles of the timing. ``overlap``: end
        with the last row, else with the frame's last pixel.
        """
        g, rng = self._g, self._rng
        image = np.array([rng.randrange(256) for _ in range(g.height * g.width * 3)], np.uint8)
        image = image.reshape(g.height, g.width, 3)
        want = patches(image, g)
        timing = WindowTiming(g)
        exact = not stall and not self._pixels
        self._pixels.extend(
            int.from_bytes(pixel.tobytes(), "little") for pixel in image.reshape(-1, 3)
        )
        frees: deque[int] = deque()
        row = now = 0
        limit = 8 * g.scan_rows * (g.scan_columns * g.words + reader + 20)
        while row < g.o_height or not (overlap or not self._pixels):
            free = 0
            while frees and frees[0] == now:
                free += 1
                frees.popleft()
            if free:
                timing.free(now, free)
            cycle = await self._cycle(stall, start=now == 0, free=free)
            self._write(cycle)
            if cycle.row_done:
                if exact:
                    assert timing.next_row() == now, f"row {row} done in cycle {now}"
                assert self._read(row) == want[row], f"row {row} of patches differs"
                latest = frees[-1] if frees else now
                frees.append(max(latest, now + rng.randint(1, reader)))
                row += 1
            now += 1
            assert now < limit, f"hangs after {row} of {g.o_height} rows"
        assert not self._memory, "something else was written"


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def equals_im2col(dut):
    rng = Random(parameters()["seed"])
    bank = [[WindowGeometry(**g) for g in one] for one in parameters()["bank"]]
    for index, g in [(index, g) for index, one in enumerate(bank) for g in one]:
        dut._log.info("%s", g)
        capacities, word_bytes = capable(*bank[index]).values()
        values = {name: getattr(g, name) for name in WINDOW}
        getattr(dut, f"g{index}__geometry").value = pack(
            window_widths(capacities, word_bytes), values
        )
        await reset(dut)
        generator = Generator(dut, index, g, capacities.patch_words, rng)
        slow = 3 * g.scan_columns * max(1, g.words // g.stride)
        for stall, reader, overlap in (
            (0.0, 1, False),
            (0.0, slow, False),
            (0.3, 1, True),
            (0.3, slow, True),
            (0.0, slow, False),
        ):
            await generator.frame(stall=stall, reader=reader, overlap=overlap)
