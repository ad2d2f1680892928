"""Network + engine → program, memory map and cycle prediction. Plain Python, no Amaranth.

Everything that can be decided before elaboration is decided here: the circuit follows a program,
it does not compute one.
"""

from dataclasses import dataclass
from functools import cached_property
from math import ceil

from hw.config import Engine
from hw.engine.window_timing import WindowGeometry, line_block_rams
from hw.ecp5.geometry import block_rams
from hw.program import Format
from hw.schedule import QUEUE, Phase, PlanError, Tile, interleave, phases, ring_rows
from hw.timing import LayerCost, frame_cycles, layer_costs
from spec import arith
from spec.network import Conv, Network

__all__ = ["LayerCost", "Plan", "PlanError", "Region", "Step", "plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Where a tensor lives: ``planes`` planes of ``plane`` words from address ``base``."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """An instruction: one tile of rows of one convolution, and its encoded fields."""

    tile: Tile
    fields: dict[str, int]

    @property
    def conv(self) -> Conv:
        return self.tile.conv

    @property
    def first_row(self) -> int:
        return self.tile.first

    @property
    def rows(self) -> int:
        return self.tile.rows

    @property
    def passes(self) -> int:
        f = self.fields
        taps = 9 if f["taps3"] else 1
        return (f["groups_out_last"] + 1) * (f["groups_in_last"] + 1) * taps

    @property
    def pixels(self) -> int:
        return self.tile.pixels


@dataclass(frozen=True)
class Plan:
    """What the circuit of a network is: its program, its memories, its cycles."""

    network: Network
    engine: Engine
    steps: tuple[Step, ...]
    regions: dict[str, Region]
    patch: Region
    inputs: dict[str, tuple[tuple[int, ...], ...]]
    weight_start: dict[str, int]
    param_start: dict[str, int]

    @cached_property
    def format(self) -> Format:
        fields = [step.fields for step in self.steps]
        return Format.of(fields, max(self.activation_words, self.patch.words).bit_length())

    @property
    def window(self) -> WindowGeometry:
        """How the first convolution's patches come about."""
        return _window(self.network.first, self.engine, self.patch.plane // self.patch.width)

    @property
    def activation_words(self) -> int:
        return max(region.base + region.words for region in self.regions.values())

    @property
    def weight_rows(self) -> int:
        return sum(self._conv_rows(conv) for conv in self.network.convs)

    @property
    def param_groups(self) -> int:
        return sum(self.engine.groups(conv.channels) for conv in self.network.convs)

    @property
    def pool_slots(self) -> int:
        """Partial maxima the pool's row buffer holds: pooled columns × output groups."""
        return max(
            (
                step.fields["slot"] + step.tile.pool.o.width * (step.fields["groups_out_last"] + 1)
                for step in self.steps
                if step.tile.pool
            ),
            default=1,
        )

    @property
    def sum_bits(self) -> int:
        """Width of a class sum, signed."""
        largest = self.network.last.o.pixels * max(map(abs, arith.output_range(True)))
        return largest.bit_length() + 1

    def passes(self, conv: Conv) -> int:
        """Passes over a tile of a convolution."""
        taps = 9 if conv.kernel == 3 and conv is not self.network.first else 1
        return self.engine.groups(conv.channels) * len(self.inputs[conv.name]) * taps

    def _conv_rows(self, conv: Conv) -> int:
        return self.passes(conv) * self.engine.rows

    @cached_property
    def cycles(self) -> int:
        """Cycles of a frame, from its first pixel to its class sums, no stream stalled."""
        return frame_cycles(self)

    @cached_property
    def layers(self) -> tuple[LayerCost, ...]:
        return layer_costs(self)

    @property
    def utilization(self) -> float:
        return self.network.macs / (self.cycles * self.engine.macs_per_cycle)

    @property
    def multipliers(self) -> int:
        return self.engine.multipliers

    @cached_property
    def block_rams(self) -> dict[str, int]:
        """EBR by memory; zero where a memory is on LUTs."""
        engine = self.engine
        word = 8 * engine.rows
        first = self.network.first
        return {
            "weights": block_rams(engine.weight_bits, self.weight_rows),
            "activations": block_rams(word, self.activation_words, engine.lanes),
            "patches": block_rams(word, self.patch.words),
            "accumulators": block_rams(
                engine.columns * engine.accumulator_bits, engine.tile_pixels
            ),
            "parameters": block_rams(engine.param_bits, self.param_groups * engine.columns),
            "program": block_rams(self.format.bits, len(self.steps)),
            "pool rows": block_rams(8 * engine.columns, self.pool_slots),
            "image lines": line_block_rams(first.i.width, first.kernel),
        }

    def listing(self) -> str:
        """The program, a line a step, and the memory map."""
        lines = [f"; {self.network.name} on {self.engine}", "; region: base, planes × words"]
        for region in (self.patch, *self.regions.values()):
            lines.append(
                f"; {region.tensor:16} {region.base:6} {region.planes:3} × {region.plane}"
            )
        for index, step in enumerate(self.steps):
            f = step.fields
            last = step.first_row + step.rows - 1
            lines.append(
                f"{index:4}  {step.conv.name:18} rows {step.first_row:3}–{last:3}"
                f"  passes {step.passes:4} × {step.pixels:4} pixels"
                f"  read {'patch' if f['patch'] else 'act'} {f['i_base']:5}"
                f"  write {'sums' if f['final'] else f['o_base'] + f['o_start']:>5}"
                f"  wait {f['wait']}"
            )
        return "\n".join(lines) + "\n"


def _inputs(channels: list[int], engine: Engine) -> tuple[tuple[int, ...], ...]:
    """For each plane of a tensor, the channel of each byte of its words; −1 for none.

    ``channels`` are the channel counts of the parts, each padded to whole output groups.
    """
    blocks = []
    start = 0
    for count in channels:
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


def _patch_inputs(first: Conv, engine: Engine) -> tuple[tuple[int, ...], ...]:
    """As :func:`_inputs`, for patches: byte number in (kernel row, kernel column, channel)."""
    size = first.taps * first.i.channels
    planes = ceil(size / engine.rows)
    numbers = [*range(size)] + [-1] * (planes * engine.rows - size)
    return tuple(
        tuple(numbers[plane * engine.rows : (plane + 1) * engine.rows]) for plane in range(planes)
    )


def _window(first: Conv, engine: Engine, ring_rows: int) -> WindowGeometry:
    try:
        return WindowGeometry(
            height=first.i.height,
            width=first.i.width,
            kernel=first.kernel,
            stride=first.stride,
            padding=first.padding,
            word_bytes=engine.rows,
            ring_rows=ring_rows,
        )
    except ValueError as error:
        raise PlanError(f"{first.name}: {error}") from error


def plan(network: Network, engine: Engine) -> Plan:
    """The plan of a network on an engine.

    Raises
    ------
    PlanError
        If the network has a layer the engine cannot compute, or a row that is too wide.
    """
    target = max(engine.pass_cycles_min, 96 if engine.tile_pixels >= 96 else 0)
    if network.image.channels != 3:
        raise PlanError(f"the image must have 3 channels, not {network.image.channels}")
    work = phases(network)
    orders = [list(interleave(phase, target, engine.tile_pixels)) for phase in work]
    inputs = {network.first.name: _patch_inputs(network.first, engine)}
    for phase in work:
        wide = _inputs([conv.channels for conv in phase.producers], engine)
        inputs[phase.consumer.name] = wide
    for phase in work[1:]:
        narrow = _inputs([phase.producers[0].i.channels], engine)
        for conv in phase.producers:
            inputs[conv.name] = narrow
    regions = _regions(work, orders, inputs)
    ring = 2 * max(tile.rows for tile, consumes in orders[0] if not consumes)
    window = _window(network.first, engine, min(ring, network.first.o.height))
    patch = Region(
        tensor="patches",
        base=0,
        plane=window.plane,
        planes=window.words,
        width=window.o_width,
    )
    starts: dict[str, dict[str, int]] = {"weights": {}, "params": {}}
    rows = groups = 0
    for conv in network.convs:
        starts["weights"][conv.name] = rows
        starts["params"][conv.name] = groups
        taps = 9 if conv.kernel == 3 and conv is not network.first else 1
        groups += engine.groups(conv.channels)
        rows += engine.groups(conv.channels) * len(inputs[conv.name]) * taps * engine.rows
    steps = _steps(network, engine, work, orders, inputs, regions, patch, starts)
    return Plan(
        network, engine, steps, regions, patch, inputs, starts["weights"], starts["params"]
    )


def _regions(
    work: tuple[Phase, ...],
    orders: list[list[tuple[Tile, bool]]],
    inputs: dict[str, tuple[tuple[int, ...], ...]],
) -> dict[str, Region]:
    """The memory map: two places that narrow tensors take in turn, and one for the rings."""
    sizes: dict[str, tuple[int, int, int, int]] = {}
    for number, (phase, order) in enumerate(zip(work, orders, strict=True)):
        consumer = phase.consumer
        height, width = consumer.i.height, consumer.i.width
        plane = min(ring_rows(order), height) * width
        sizes[phase.wide] = (2, plane, len(inputs[consumer.name]), width)
        if number + 1 < len(work):
            reader = work[number + 1].producers[0]
            planes = len(inputs[reader.name])
            sizes[consumer.name] = (number % 2, height * width, planes, width)
    bases = [0]
    for place in (0, 1):
        words = [plane * planes for at, plane, planes, _ in sizes.values() if at == place]
        bases.append(bases[-1] + max(words, default=0))
    return {
        name: Region(tensor=name, base=bases[place], plane=plane, planes=planes, width=width)
        for name, (place, plane, planes, width) in sizes.items()
    }


def _steps(network, engine, work, orders, inputs, regions, patch, starts) -> tuple[Step, ...]:
    steps: list[Step] = []
    writers: dict[tuple[str, int], int] = {}
    for phase, order in zip(work, orders, strict=True):
        for tile, consumes in order:
            conv = tile.conv
            first = conv is network.first
            last = conv is network.last
            taps3 = conv.kernel == 3 and not first
            halo = 1 if taps3 else 0
            if first:
                source = patch
            elif consumes:
                source = regions[phase.wide]
            else:
                source = regions[conv.name.split(".")[0] + ".squeeze"]
            needs = range(max(0, tile.first - halo), tile.first + tile.rows + halo)
            made = [writers.get((source.tensor, row), -1) for row in needs]
            wait = min(QUEUE - 1, len(steps) - 1 - max(made)) if steps else 0
            if last:
                target = Region(tensor="sums", base=0, plane=1, planes=1, width=1)
                block = 0
            elif consumes:
                target = regions[conv.name]
                block = 0
            else:
                target = regions[phase.wide]
                index = phase.producers.index(conv)
                block = sum(engine.groups(c.channels) for c in phase.producers[:index])
            for row in range(tile.o_first, tile.o_first + tile.o_rows):
                writers[target.tensor, row] = len(steps)
            pool = tile.pool.kernel if tile.pool else 0
            slot = block * tile.pool.o.width if tile.pool else 0
            fields = {
                "patch": first,
                "i_base": source.base,
                "i_plane": source.plane,
                "i_plane_last": source.plane - 1,
                "i_start": source.offset(tile.first) - halo * (conv.o.width + 1),
                "x_last": conv.o.width - 1,
                "pixels_last": tile.pixels - 1,
                "rows_last": tile.rows - 1,
                "groups_in_last": len(inputs[conv.name]) - 1,
                "groups_out_last": engine.groups(conv.channels) - 1,
                "taps3": taps3,
                "top": tile.top,
                "bottom": tile.bottom,
                "weights": starts["weights"][conv.name],
                "params": starts["params"][conv.name],
                "wait": wait,
                "patch_rows": tile.rows if first else 0,
                "frame_last": last and tile.bottom,
                "o_base": target.base + block // engine.lanes * target.plane,
                "o_plane": target.plane,
                "o_plane_last": target.plane - 1,
                "o_start": target.offset(tile.o_first),
                "o_lane": block % engine.lanes,
                "final": last,
                "fresh": tile.top,
                "pool3": pool == 3,
                "pool2": pool == 2,
                "slot": slot,
                "y_odd": tile.first % 2,
            }
            steps.append(Step(tile=tile, fields={k: int(v) for k, v in fields.items()}))
    return tuple(steps)
