"""Where everything lies: the channels in each tensor's words, the regions of the memories.

The layout of words and planes is that of ``docs/dataflow.md``.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil

from plan.engine import Engine
from plan.schedule import Phase, Tile, ring_rows
from plan.window import patch_pixels
from spec.network import Conv, Network

Words = tuple[tuple[int, ...], ...]
"""For each plane of a tensor, the channel of each byte of its words; −1 for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Where a tensor lives: ``planes`` planes of ``plane`` words from address ``base``, in each of
    the banks that its columns take turns in; ``width`` words of a plane are a row."""

    tensor: str
    base: int
    plane: int
    planes: int
    width: int

    @property
    def words(self) -> int:
        return self.plane * self.planes

    def offset(self, row: int) -> int:
        """Offset in a plane of a row's first word; the ring makes rows alias."""
        return row * self.width % self.plane


def inputs(network: Network, work: tuple[Phase, ...], engine: Engine) -> dict[str, Words]:
    """What each convolution reads, by its name."""
    result = {network.first.name: _patch_words(network.first, engine)}
    for phase in work:
        wide = [conv.channels for conv in phase.producers]
        result[phase.consumer.name] = _words(wide, engine)
    for phase in work[1:]:
        for conv in phase.producers:
            result[conv.name] = _words([conv.i.channels], engine)
    return result


def _words(parts: list[int], engine: Engine) -> Words:
    """Words of a tensor made of parts, each of so many channels, padded to whole output groups."""
    blocks = []
    start = 0
    for count in parts:
        for first in range(0, count, engine.columns):
            block = range(start + first, start + min(first + engine.columns, count))
            blocks.append([*block] + [-1] * (engine.columns - len(block)))
        start += count
    while len(blocks) % engine.lanes:
        blocks.append([-1] * engine.columns)
    return tuple(
        tuple(channel for block in blocks[plane : plane + engine.lanes] for channel in block)
        for plane in range(0, len(blocks), engine.lanes)
    )


def _patch_words(first: Conv, engine: Engine) -> Words:
    """Words of a patch; its bytes are numbered by kernel row, kernel column, channel."""
    channels = first.i.channels
    numbers = [
        (row * first.kernel + column) * channels + channel
        for row, column in patch_pixels(first.kernel)
        for channel in range(channels)
    ]
    planes = ceil(len(numbers) / engine.rows)
    numbers += [-1] * (planes * engine.rows - len(numbers))
    return tuple(
        tuple(numbers[plane * engine.rows : (plane + 1) * engine.rows]) for plane in range(planes)
    )


def regions(
    work: tuple[Phase, ...],
    orders: list[list[tuple[Tile, bool]]],
    inputs: dict[str, Words],
    engine: Engine,
) -> dict[str, Region]:
    """The activation memory: narrow tensors at its beginning and at its end in turn, rings between.

    A phase's ring is alive together with what its producers read and what its consumer makes; all
    that was there before has been read.

    Parameters
    ----------
    work, orders
        The phases, and the order of each one's tiles (:func:`plan.schedule.interleave`).
    inputs
        See :func:`inputs`.
    """
    rings, narrow = [], []
    for phase, order in zip(work, orders, strict=True):
        i = phase.consumer.i
        across = engine.across(i.width)
        rings.append(
            Region(
                tensor=phase.wide,
                base=0,
                plane=min(ring_rows(order), i.height) * across,
                planes=len(inputs[phase.consumer.name]),
                width=across,
            )
        )
    for phase, reader in pairwise(work):
        o = phase.consumer.o
        across = engine.across(o.width)
        narrow.append(
            Region(
                tensor=phase.consumer.name,
                base=0,
                plane=o.height * across,
                planes=len(inputs[reader.producers[0].name]),
                width=across,
            )
        )
    read = [0, *(region.words for region in narrow)]
    made = [*read[1:], 0]
    total = max(ring.words + a + b for ring, a, b in zip(rings, read, made, strict=True))
    result = {}
    for number, ring in enumerate(rings):
        below = (read if number % 2 else made)[number]
        result[ring.tensor] = replace(ring, base=below)
    for number, region in enumerate(narrow):
        base = total - region.words if number % 2 else 0
        result[region.tensor] = replace(region, base=base)
    return result
