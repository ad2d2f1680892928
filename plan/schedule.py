"""The order of work: phases of the Fire dataflow, tiles of rows, dependences.

Only squeezed tensors are ever whole. A phase computes a wide tensor a few rows at a
time (conv1, or both expands of a Fire module, with max-pool on the way) and, one tile behind,
the narrow convolution that consumes it (the next squeeze, or the last convolution).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil

from spec.network import Conv, Fire, MaxPool, Network

QUEUE = 4
"""Steps that may be unfinished at a time: the depth of the write side's queue."""


class PlanError(ValueError):
    """What does not fit, and what would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """Convolutions that make the tensor ``wide``, after ``pool``, and the one that consumes it."""

    wide: str
    producers: tuple[Conv, ...]
    pool: MaxPool | None
    consumer: Conv


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """Whole rows ``first`` … ``first + rows − 1`` of one convolution's output.

    ``o_first`` and ``o_rows`` are the rows it makes of the tensor it writes, after pooling.
    """

    conv: Conv
    pool: MaxPool | None
    first: int
    rows: int
    o_first: int
    o_rows: int

    @property
    def pixels(self) -> int:
        return self.rows * self.conv.o.width

    @property
    def top(self) -> bool:
        return self.first == 0

    @property
    def bottom(self) -> bool:
        return self.first + self.rows == self.conv.o.height


def phases(network: Network) -> tuple[Phase, ...]:
    """The phases of a network, in order.

    Raises
    ------
    PlanError
        For a layer that the engine has no way to compute.
    """
    result = []
    wide = network.first.name
    producers: tuple[Conv, ...] = (network.first,)
    pool = None
    for layer in network.layers[1:]:
        if isinstance(layer, MaxPool):
            if pool or layer.kernel not in (2, 3) or layer.stride != 2 or layer.i.width < 2:
                raise PlanError(
                    f"{layer.name}: the engine pools once, 2×2 or 3×3 with stride 2, maps at least "
                    f"2 wide; not {layer.kernel}×{layer.kernel} with stride {layer.stride} "
                    f"over {layer.i}"
                )
            pool = layer
            wide = layer.name
            continue
        consumer = layer.squeeze if isinstance(layer, Fire) else layer
        # What padding adds to a 1×1 convolution has no inputs: see :func:`border`.
        consumer = replace(consumer, padding=0)
        result.append(Phase(wide=wide, producers=producers, pool=pool, consumer=consumer))
        wide = layer.name
        producers = layer.convs[1:]
        pool = None
    return tuple(result)


def border(last: Conv) -> int:
    """Outputs of a padded 1×1 convolution that see nothing but padding."""
    return last.o.pixels - last.i.pixels


def split(
    height: int, width: int, target: int, most: int, pixels: int = 1
) -> list[tuple[int, int]]:
    """Tiles (first row, rows) as even as can be, of ``target`` cycles or a little more.

    Raises
    ------
    PlanError
        If a single row takes more than ``most`` cycles, ``pixels`` of it in each.
    """
    across = _across(width, most, pixels)
    rows = min(ceil(target / across), most // across)
    count = max(1, height // rows, ceil(height / (most // across)))
    edges = [height * index // count for index in range(count + 1)]
    return [(first, last - first) for first, last in pairwise(edges)]


def _across(width: int, most: int, pixels: int) -> int:
    """Cycles of a row."""
    across = ceil(width / pixels)
    if across > most:
        raise PlanError(
            f"a row of {width} pixels does not fit an accumulator tile of {most * pixels}"
        )
    return across


def finished(rows: int, pool: MaxPool | None) -> int:
    """Rows of the wide tensor that are complete once ``rows`` rows are computed."""
    if pool is None:
        return rows
    height = pool.i.height
    return sum(min(row * pool.stride + pool.kernel, height) <= rows for row in range(pool.o.height))


def produce(phase: Phase, target: int, most: int, pixels: int = 1) -> list[tuple[Tile, ...]]:
    """Tiles of a phase's producers; those at one index compute the same rows."""
    o = phase.producers[0].o
    tiles = []
    for first, rows in split(o.height, o.width, target, most, pixels):
        done = finished(first, phase.pool)
        tiles.append(
            tuple(
                Tile(
                    conv=conv,
                    pool=phase.pool,
                    first=first,
                    rows=rows,
                    o_first=done,
                    o_rows=finished(first + rows, phase.pool) - done,
                )
                for conv in phase.producers
            )
        )
    return tiles


def consume(
    phase: Phase, made: list[tuple[Tile, ...]], target: int, most: int, pixels: int = 1
) -> list[Tile]:
    """Tiles of a phase's consumer, along the rows that the producers' tiles complete."""
    conv = phase.consumer
    width = _across(conv.o.width, most, pixels)
    edges = [0]
    for tile, *_ in made:
        done = tile.o_first + tile.o_rows
        while (done - edges[-1]) * width >= target:
            edges.append(min(done, edges[-1] + most // width))
    height = conv.o.height
    if edges[-1] < height:
        if len(edges) > 1 and (height - edges[-2]) * width <= most:
            edges.pop()
        while edges[-1] < height:
            edges.append(min(height, edges[-1] + most // width))
    return [
        Tile(
            conv=conv, pool=None, first=first, rows=last - first, o_first=first, o_rows=last - first
        )
        for first, last in pairwise(edges)
    ]


def interleave(
    phase: Phase, target: int, most: int, pixels: int = 1
) -> Iterator[tuple[Tile, bool]]:
    """A phase's tiles in order, and whether each consumes the wide tensor.

    The consumer stays a tile behind: while it waits for nothing, the pipeline never drains.

    Parameters
    ----------
    target, most
        Cycles of a tile: about how many, and at most.
    pixels
        How many enter the array in a cycle.
    """
    made = produce(phase, target, most, pixels)
    waiting = consume(phase, made, target, most, pixels)
    ready = 0
    for tiles in made:
        for tile in tiles:
            yield tile, False
        while waiting and waiting[0].first + waiting[0].rows <= ready:
            yield waiting.pop(0), True
        ready = tiles[0].o_first + tiles[0].o_rows
    for tile in waiting:
        yield tile, True


def ring_rows(order: list[tuple[Tile, bool]]) -> int:
    """The most rows of the wide tensor alive at a time, in this order."""
    most = written = read = 0
    for tile, consumes in order:
        if consumes:
            read = tile.first + tile.rows
        else:
            written = max(written, tile.o_first + tile.o_rows)
        most = max(most, written - read)
    return max(1, most)
