"""Where the array's multipliers and the engine's memories stand on the device.

nextpnr places a device's many small cells well, but scatters multipliers and block RAMs over their
few rows, and the registers beside them with them. So it is told, as the data flow. Multipliers: a
pair of columns stands together, its rows side by side, as the sums go, at its end the two
requantizers that take them; activations go from pair to pair, along the device. Block RAMs: each
slice of a word stands as far along the device as its bytes are along the word, so that a memory's
banks meet where their slices are chosen between, near what writes and reads these bytes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from plan.array_timing import split_lut_rows
from plan.block_rams import banks
from plan.capacities import Capacities
from plan.engine import Engine
from plan.memories import memories


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A device's multipliers and block RAMs in nextpnr's coordinates.

    Parameters
    ----------
    blocks
        Columns of tiles where a block of four of each begins.
    multiplier_rows, memory_rows
        Rows of tiles that consist of such blocks.
    """

    blocks: tuple[int, ...]
    multiplier_rows: tuple[int, ...]
    memory_rows: tuple[int, ...]

    @property
    def multipliers(self) -> tuple[tuple[int, str], ...]:
        """A row's sites from left to right: column and name."""
        return tuple((block + k, f"MULT18_{k}") for block in self.blocks for k in (0, 1, 4, 5))

    @property
    def memories(self) -> tuple[tuple[int, str], ...]:
        """The same of block RAMs."""
        return tuple((block + 2 * k, f"EBR{k}") for block in self.blocks for k in range(4))


GRIDS = {
    "85F": Grid(
        blocks=(4, 13, 22, 31, 40, 49, 58, 69, 78, 87, 96, 105, 114),
        multiplier_rows=(10, 34, 58),
        memory_rows=(22, 46, 70, 82),
    )
}
"""Of the devices with an array so large that it matters; as nextpnr names what it places."""

_MACHINE = "shell.core.machine"
_MULTIPLIER = _MACHINE + ".{part}.multiplier*.cell"


def floorplan(variant: str, engine: Engine, capacities: Capacities) -> dict[str, str]:
    """The site (a ``BEL`` of nextpnr) of multipliers and block RAMs, by patterns of their cells'
    names after yosys.

    Empty where the device has no :data:`GRIDS`, where the engine does not fit it in this way, or
    takes less than half of its multipliers, for which there is room nearby.
    """
    grid = GRIDS.get(variant)
    array = _array(grid, engine) if grid else {}
    if not grid or 2 * len(array) <= len(grid.multiplier_rows) * len(grid.multipliers):
        return {}
    return array | _memories(grid, engine, capacities)


def _chain(engine: Engine, pair: int) -> list[str]:
    """The cells of a pair of columns on multipliers, as its sums go through them; where two pixels
    share their weights, both of a row together."""
    on_luts = split_lut_rows(engine.rows, engine.lut_rows, engine.pixels)
    elements = ("element", "follower")[: engine.pixels]
    parts = [
        f"array.{element}_{row}_{pair}"
        for row in range(engine.rows)
        for element, luts in zip(elements, on_luts, strict=True)
        if row < engine.rows - luts
    ]
    firsts = range(2 * pair, engine.pixels * engine.columns, engine.columns)
    parts += [f"requantizer{first + side}" for first in firsts for side in range(2)]
    return [_MULTIPLIER.format(part=part) for part in parts]


def _array(grid: Grid, engine: Engine) -> dict[str, str]:
    """Each pair's cells into all strips, as many in each: one more in the first strip for the first
    pairs, and so on, if that does not come out even."""
    count, pairs = len(grid.multiplier_rows), engine.columns // 2
    strips: list[list[str]] = [[] for _ in range(count)]
    for pair in range(pairs):
        cells = iter(_chain(engine, pair))
        each, more = divmod(len(_chain(engine, pair)), count)
        longer = {(pair * count // pairs + k) % count for k in range(more)}
        for number, strip in enumerate(strips):
            strip += islice(cells, each + (number in longer))
    plan = {}
    for y, strip in zip(grid.multiplier_rows, strips, strict=True):
        first = (len(grid.multipliers) - len(strip)) // 2  # in the middle
        if first < 0:
            return {}
        for cell, (column, name) in zip(strip, grid.multipliers[first:], strict=False):
            plan[cell] = f"X{column}/Y{y}/{name}"
    return plan


def _slices(path: str, width: int, depth: int, times: int = 1) -> Iterator[list[tuple[float, str]]]:
    """A memory's banks: how far along the word each slice is, if the word goes along the device so
    many times, and what :class:`hw.ecp5.memory.Memory` calls its cell."""
    for number, bank in enumerate(banks(width, depth)):
        yield [
            (
                (low + min(low + bank.slice_width, width)) / 2 * times / width % 1,
                f"{path}.ebr_{number}_{low}",
            )
            for low in range(0, width, bank.slice_width)
        ]


def _memories(grid: Grid, engine: Engine, capacities: Capacities) -> dict[str, str]:
    """Banks into the first row that has room, of those where their memory belongs.

    The weights enter at the array's first strip, the activations between its strips; accumulators,
    patches and the max-pool's rows are at its end. Of two pixels each has memories of its own, but
    for the accumulators.
    """
    upper, *inner, lower = range(len(grid.memory_rows))
    word, weights = 8 * engine.rows, memories(engine, capacities)["weights"]
    pixels = engine.pixels
    accumulators = pixels * engine.columns * engine.accumulator_bits
    banked = ("", "_odd")[:pixels]
    pools = ("pool*",) if pixels == 1 else ("pool.even", "pool.odd")
    wishes = [
        (_slices("shell.core.weights*", weights.bits, weights.depth), [upper, *inner]),
        *(
            (_slices(f"{_MACHINE}.activations{odd}", word, capacities.activation_words), inner)
            for odd in banked
            if engine.lanes == 1
        ),
        (
            _slices(f"{_MACHINE}.accumulator*.memory", accumulators, engine.tile_pixels, pixels),
            [inner[-1], lower],
        ),
        *(
            (_slices(f"{_MACHINE}.patches{odd}", word, capacities.patch_words), [lower])
            for odd in banked
        ),
        *(
            (
                _slices(f"{_MACHINE}.{pool}.buffer", 8 * engine.columns, capacities.pool_slots),
                [lower],
            )
            for pool in pools
        ),
    ]
    sites = len(grid.memories)
    rows: list[list[tuple[float, str]]] = [[] for _ in grid.memory_rows]
    for memory, where in wishes:
        for bank in memory:
            row = next((row for row in where if len(rows[row]) + len(bank) <= sites), None)
            if row is not None:
                rows[row] += bank
    plan = {}
    for y, held in zip(grid.memory_rows, rows, strict=True):
        taken = 0
        for k, (along, cell) in enumerate(sorted(held)):
            place = max(taken, min(round(along * sites - 0.5), sites - len(held) + k))
            column, name = grid.memories[place]
            plan[cell] = f"X{column}/Y{y}/{name}"
            taken = place + 1
    return plan


def script(plan: dict[str, str]) -> list[str]:
    """What tells it to yosys after synthesis, which fails unless each pattern means one cell."""
    return [
        line
        for cell, site in plan.items()
        for line in (
            f"select -assert-count 1 top/c:{cell};",
            f'setattr -set BEL "{site}" top/c:{cell};',
        )
    ]
