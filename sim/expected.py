"""What the Fire controller must do, said in tensors: no address, no field of an instruction."""

from dataclasses import dataclass

from hw.engine.pool import Flags, flags
from plan.planner import Plan
from plan.schedule import phases
from plan.steps import Step
from spec.network import Conv, MaxPool

PATCHES = "patches"
"""The tensor that the first convolution reads."""

Place = tuple[str, int, int, int]
"""A word's name: tensor, block of ``columns`` channels (for patches their plane), row, column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pixel:
    """A pixel on its way into the array: what it reads (nothing: padding), what goes beside it."""

    reads: tuple[Place, ...]
    first: bool
    last: bool
    open: bool
    end: bool
    swap: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """A requantized word on its way to memory.

    ``column`` is its own in its row. ``slot`` names the partial maximum it meets, if it is pooled;
    ``place`` is what it ends, if it ends a window. The others are those of
    :func:`hw.fire.writer.destination`.
    """

    column: int
    x: Flags
    y: Flags
    slot: tuple | None
    place: Place | None
    final: bool
    group: int
    first: bool
    last: bool
    fresh: bool


class Expected:
    """The controller's work for the steps of one plan."""

    def __init__(self, plan: Plan):
        self._plan = plan
        self._source: dict[str, str] = {}
        self._made: dict[str, tuple[str, int]] = {}
        self._blocks: dict[str, int] = {}
        self._weights: dict[str, int] = {}
        self._params: dict[str, int] = {}
        narrow = PATCHES
        for phase in phases(plan.network):
            for conv in phase.producers:
                self._source[conv.name] = narrow
                self._make(conv, phase.wide)
            narrow = phase.consumer.name
            self._source[narrow] = phase.wide
            self._make(phase.consumer, narrow)
        rows = groups = 0
        for conv in plan.network.convs:
            self._weights[conv.name], self._params[conv.name] = rows, groups
            rows += plan.passes(conv) * plan.engine.rows
            groups += plan.engine.groups(conv.channels)

    def _make(self, conv: Conv, tensor: str) -> None:
        """A convolution's output groups come next in a tensor."""
        first = self._blocks.get(tensor, 0)
        self._made[conv.name] = (tensor, first)
        self._blocks[tensor] = first + self._plan.engine.groups(conv.channels)

    def weight_rows(self, step: Step) -> list[int]:
        """The first weight row of each pass."""
        start = self._weights[step.conv.name]
        return [start + k * self._plan.engine.rows for k in range(self._plan.passes(step.conv))]

    def params(self, step: Step) -> list[int]:
        """The output groups of the parameter memory."""
        start = self._params[step.conv.name]
        return [*range(start, start + self._plan.engine.groups(step.conv.channels))]

    def pixels(self, step: Step) -> list[Pixel]:
        """Output group, then tap, then plane of what is read, then pixel."""
        conv = step.conv
        side = 1 if conv == self._plan.network.first else conv.kernel
        taps = [(down, right) for down in range(side) for right in range(side)]
        planes = range(len(self._plan.inputs[conv.name]))
        order = [(*tap, plane) for tap in taps for plane in planes]
        places = self._places(step)
        return [
            Pixel(
                reads=self._reads(conv, plane, row + down - side // 2, column + right - side // 2),
                first=number == 0,
                last=number == len(order) - 1,
                open=number == len(order) - 1 and pixel == 0,
                end=pixel == len(places) - 1,
                swap=pixel == 0,
            )
            for _ in self.params(step)
            for number, (down, right, plane) in enumerate(order)
            for pixel, (row, column) in enumerate(places)
        ]

    @staticmethod
    def _places(step: Step) -> list[tuple[int, int]]:
        rows = range(step.first_row, step.first_row + step.rows)
        return [(row, column) for row in rows for column in range(step.conv.o.width)]

    def _reads(self, conv: Conv, plane: int, row: int, column: int) -> tuple[Place, ...]:
        tensor = self._source[conv.name]
        if not (0 <= row < conv.o.height and 0 <= column < conv.o.width):
            return ()
        if tensor == PATCHES:
            return ((tensor, plane, row, column),)
        lanes = self._plan.engine.lanes
        blocks = range(plane * lanes, min((plane + 1) * lanes, self._blocks[tensor]))
        return tuple((tensor, block, row, column) for block in blocks)

    def beats(self, step: Step) -> list[Beat]:
        """Output group, then pixel."""
        conv, pool = step.conv, step.tile.pool
        tensor, block = self._made[conv.name]
        places = self._places(step)
        result = []
        for group in range(len(self.params(step))):
            row_o, column_o = step.tile.o_first, 0
            for pixel, (row, column) in enumerate(places):
                x = _flags(pool, column, conv.o.width)
                y = _flags(pool, row, conv.o.height)
                ends = x.emit and y.emit
                result.append(
                    Beat(
                        column=column,
                        x=x,
                        y=y,
                        slot=(conv.name, group, column_o) if pool else None,
                        place=(tensor, block + group, row_o, column_o) if ends else None,
                        final=conv.name == self._plan.network.last.name,
                        group=group,
                        first=pixel == 0,
                        last=pixel == len(places) - 1,
                        fresh=step.first_row == 0,
                    )
                )
                column_o += x.emit
                if column == conv.o.width - 1:
                    row_o, column_o = row_o + y.emit, 0
        return result


def _flags(pool: MaxPool | None, position: int, length: int) -> Flags:
    return flags(pool.kernel, position, length - 1) if pool else Flags(False, False, True)
