"""Bench of the max-pool: maps of many sizes in tiles of rows, compared with NumPy."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import cocotb
import numpy as np
from amaranth.hdl import unsigned
from cocotb.triggers import FallingEdge, RisingEdge

from hw.engine.pool import Flags, MaxPool, flags, flags_layout
from sim.runner import parameters, reset

META_BITS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What must come out, and how many cycles after the beat at ``beat`` in the input."""

    beat: int
    data: list[int]


def pooled(tensor: np.ndarray, kernel: int) -> np.ndarray:
    """Maxima of a (height, width, columns) tensor, stride 2, windows cut at the edges."""

    def starts(length: int) -> range:
        return range(0, max(1, length - kernel + 2), 2)

    height, width, _ = tensor.shape
    return np.array(
        [
            [tensor[y : y + kernel, x : x + kernel].max(axis=(0, 1)) for x in starts(width)]
            for y in starts(height)
        ]
    )


def drawn_rows(
    rng: Random, kernel: int, shape: tuple[int, int, int, int]
) -> Iterator[tuple[int, np.ndarray, Flags, np.ndarray | None]]:
    """Rows of a drawn map, (groups, height, width, columns), in the order of tiles of rows, these
    drawn, too: group, values, flags along the column, and what they complete of the pooled map."""
    groups, height, _, _ = shape
    maps = np.array([rng.randrange(256) for _ in range(int(np.prod(shape)))]).reshape(shape)
    wants = [pooled(one, kernel) for one in maps]
    cuts = sorted(rng.sample(range(1, height), rng.randrange(height)))
    for first, last in zip([0, *cuts], [*cuts, height], strict=True):
        for group in range(groups):
            for y in range(first, last):
                along = flags(kernel, y, height - 1)
                o_y = sum(flags(kernel, k, height - 1).emit for k in range(y))
                yield group, maps[group, y], along, wants[group][o_y] if along.emit else None


class Traffic:
    """Beats (what is said of each, and its bytes; None for a gap) and the results they must give,
    in order."""

    def __init__(self, rng: Random, columns: int, depth: int):
        self._rng = rng
        self._columns = columns
        self._depth = depth
        self.beats: list[tuple[dict, list[int]] | None] = []
        self.results: list[Result] = []

    def noise(self) -> list[int]:
        return [self._rng.randrange(256) for _ in range(self._columns)]

    def _beat(self, values: list[int], x, y, slot: int, result: list[int] | None) -> None:
        told = {"slot": slot, "meta": len(self.beats) % (1 << META_BITS)}
        for axis, axis_flags in (("x", x), ("y", y)):
            told |= {f"{key}_{axis}": int(on) for key, on in axis_flags._asdict().items()}
        if result is not None:
            self.results.append(Result(beat=len(self.beats), data=result))
        self.beats.append((told, values))

    def gap(self, cycles: int) -> None:
        self.beats += [None] * cycles

    def bypass(self, count: int) -> None:
        """Beats of a layer without pooling, to any slot."""
        alone = flags(2, 0, 0)._replace(open=False)
        for _ in range(count):
            values = self.noise()
            self._beat(values, alone, alone, self._rng.randrange(self._depth), values)

    def frame(self, *, kernel: int, height: int, width: int, groups: int, gaps: float) -> None:
        """A map of some groups, in tiles of rows, with gaps and other layers' beats between."""
        rng = self._rng
        slots = len(pooled(np.zeros((1, width, 1)), kernel)[0])
        base = rng.randrange(self._depth - groups * slots + 1)
        shape = (groups, height, width, self._columns)
        for group, row, y_flags, want in drawn_rows(rng, kernel, shape):
            o_x = 0
            for x in range(width):
                x_flags = flags(kernel, x, width - 1)
                ends = x_flags.emit and want is not None
                slot = base + group * slots + min(o_x, slots - 1)
                result = want[o_x].tolist() if ends else None
                self._beat(row[x].tolist(), x_flags, y_flags, slot, result)
                o_x += x_flags.emit
                while rng.random() < gaps:
                    rng.choice((self.gap, self.bypass))(1)
            if rng.random() < gaps:
                self.bypass(rng.randrange(1, 8))


@cocotb.test(timeout_time=20, timeout_unit="ms")
@cocotb.parametrize(gaps=[0.0, 0.3])
async def equals_numpy(dut, gaps):
    sizes = parameters()
    columns, depth = sizes["columns"], sizes["depth"]
    rng = Random(sizes["seed"])
    traffic = Traffic(rng, columns, depth)
    shapes = [
        (kernel, height, width, groups)
        for kernel in (2, 3)
        for height in (1, 2, 3, 5, 8)
        for width in (2, 3, 4, 5, 6, 7, 8)
        for groups in (1, 3)
    ]
    rng.shuffle(shapes)
    for kernel, height, width, groups in shapes:
        traffic.frame(kernel=kernel, height=height, width=width, groups=groups, gaps=gaps)
    layout = flags_layout(depth, unsigned(META_BITS))
    latency = MaxPool.LATENCY
    got = []
    await reset(dut)
    for cycle in range(len(traffic.beats) + latency):
        beat = traffic.beats[cycle] if cycle < len(traffic.beats) else None
        dut.i__valid.value = int(beat is not None)
        told, values = beat or (None, traffic.noise())
        dut.data.value = int.from_bytes(bytes(values), "little")
        dut.i__payload.value = (
            rng.getrandbits(layout.size) if told is None else layout.const(told).as_bits()
        )
        await FallingEdge(dut.clk)
        if int(dut.o__valid.value):
            got.append((cycle - latency, int(dut.o__payload.value)))
        await RisingEdge(dut.clk)
    want = [
        (
            result.beat,
            int.from_bytes(bytes(result.data), "little")
            | result.beat % (1 << META_BITS) << 8 * columns,
        )
        for result in traffic.results
    ]
    assert [beat for beat, _ in got] == [beat for beat, _ in want]
    wrong = [k for k, (one, other) in enumerate(zip(got, want, strict=True)) if one != other]
    assert not wrong, (
        f"{len(wrong)} of {len(want)} results differ, the first at beat {got[wrong[0]]}"
    )
    dut._log.info("%d beats, %d results", len(traffic.beats), len(want))
