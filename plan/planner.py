"""Network + engine → program, memory map and cycle prediction.

Everything that can be decided before elaboration is decided here: the circuit follows a program,
it does not compute one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from plan import latency
from plan.capacities import NAMES, Capacities
from plan.engine import Engine
from plan.memories import engine_block_rams
from plan.memory_map import Region, Words, inputs, regions
from plan.program import Program
from plan.schedule import Phase, PlanError, border, interleave, phases
from plan.settings import SETTINGS, WINDOW
from plan.steps import steps
from plan.stream import Stream
from plan.timing import LayerCost, frame_cycles, layer_costs, least_cycles
from plan.window import WindowGeometry
from spec.network import Conv, Network


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the circuit of a network is: its program, its memories, its cycles.

    ``streamed`` are the names of the convolutions whose weights come from outside, ``room`` is what
    the engine has; by default it is made for this network.
    """

    network: Network
    program: Program
    inputs: dict[str, Words]
    streamed: frozenset[str] = frozenset()
    room: Capacities | None = None

    @property
    def engine(self) -> Engine:
        return self.program.engine

    @property
    def weight_rows(self) -> int:
        """Weight rows on the chip."""
        kept = [conv for conv in self.network.convs if conv.name not in self.streamed]
        return sum(self.passes(conv) for conv in kept) * self.engine.rows

    @property
    def param_groups(self) -> int:
        return sum(self.engine.groups(conv.channels) for conv in self.network.convs)

    @property
    def stream_rows(self) -> int:
        """Weight rows from outside in a whole frame, each pass's anew."""
        steps = [step for step in self.program.steps if step.fields["streamed"]]
        return sum(step.passes for step in steps) * self.engine.rows

    def needs(self) -> Capacities:
        """The least capacities that hold it."""
        program = self.program
        first, last = self.network.first, self.network.last
        fields = [step.fields for step in program.steps]
        return Capacities(
            steps=len(fields),
            activation_words=program.activation_words,
            patch_words=program.patch.words,
            weight_rows=max(1, self.weight_rows),
            param_groups=self.param_groups,
            planes=max(step["groups_in_last"] for step in fields) + 1,
            groups=max(step["groups_out_last"] for step in fields) + 1,
            classes=last.channels,
            height=first.i.height,
            width=first.i.width,
            kernel=first.kernel,
            stride=first.stride,
            ring_rows=program.window.ring_rows,
            pool_slots=program.pool_slots,
            positions=last.o.pixels,
            stream_rows=self.stream_rows,
        )

    def settings(self) -> dict[str, int]:
        """The registers' values, by name; see :data:`plan.settings.SETTINGS`."""
        window = self.program.window
        values = {name: getattr(window, name) for name in WINDOW} | {
            "classes": self.network.classes,
            "relu": int(self.network.last.relu),
            "stream_rows": max(1, self.stream_rows),
        }
        return {name: values[name] for name in SETTINGS}

    def passes(self, conv: Conv) -> int:
        """Passes over a tile of a convolution."""
        taps = 1 if conv == self.network.first else conv.taps
        return self.engine.groups(conv.channels) * len(self.inputs[conv.name]) * taps

    @cached_property
    def cycles(self) -> int:
        """Cycles of a frame, from its first pixel to its class sums, no stream stalled.

        If weights come from outside they are the most that it takes, whatever refreshes do; see
        :attr:`exact`.
        """
        return frame_cycles(self.program)

    @cached_property
    def cycles_least(self) -> int:
        """The fewest that it takes: no pass waits for a row that comes from outside."""
        return least_cycles(self.program)

    @property
    def exact(self) -> bool:
        """Whether it takes neither more nor fewer: no refresh, and nothing else that holds up
        weights from outside, can delay a pass."""
        return self.cycles == self.cycles_least

    @cached_property
    def layers(self) -> tuple[LayerCost, ...]:
        return layer_costs(self.program, self.network)

    def capacities(self) -> dict[str, tuple[int, int]]:
        """By name, how much the engine holds at most, and how much of it the network needs."""
        needs = self.needs()
        return {name: (getattr(self.room or needs, name), getattr(needs, name)) for name in NAMES}

    @property
    def utilization(self) -> float:
        """Share of the multipliers that did something: what sees only padding does not count."""
        last = self.network.last
        macs = self.network.macs - border(last) * last.weights
        return macs / (self.cycles * self.engine.macs_per_cycle)

    @property
    def multipliers(self) -> int:
        return self.engine.multipliers

    @cached_property
    def block_rams(self) -> dict[str, int]:
        """EBR by memory of its engine."""
        return engine_block_rams(self.engine, self.room or self.needs())

    def listing(self) -> str:
        """The program, a line a step, and the memory map."""
        lines = [f"; {self.network.name} on {self.engine}", "; region: base, planes × words"]
        for region in (self.program.patch, *self.program.regions.values()):
            lines.append(f"; {region.tensor:16} {region.base:6} {region.planes:3} × {region.plane}")
        for index, step in enumerate(self.program.steps):
            f = step.fields
            last = step.first_row + step.rows - 1
            rows = "border      " if f["blank"] else f"rows {step.first_row:3}–{last:3}"
            lines.append(
                f"{index:4}  {step.conv.name:18} {rows}"
                f"  passes {step.passes:4} × {step.cycles:4} cycles"
                f"  read {'patch' if f['patch'] else 'act'} {f['i_base']:5}"
                f"  write {'sums' if f['final'] else f['o_base'] + f['o_start']:>5}"
                f"  wait {f['wait']}"
            )
        return "\n".join(lines) + "\n"


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
            pixels=engine.pixels,
        )
    except ValueError as error:
        raise PlanError(f"{first.name}: {error}") from error


def _check_pools(work: Sequence[Phase], engine: Engine) -> None:
    """The max-pool sees a partial maximum again after :data:`plan.latency.POOL_REVISIT` cycles."""
    for pool in (phase.pool for phase in work if phase.pool):
        if engine.across(pool.i.width) < latency.POOL_REVISIT:
            raise PlanError(
                f"{pool.name}: an engine of {engine.pixels} pixels a cycle pools maps at least "
                f"{(latency.POOL_REVISIT - 1) * engine.pixels + 1} wide, not {pool.i.width}; "
                "one of a pixel a cycle does"
            )


def default_target(engine: Engine) -> int:
    """Cycles a tile that keep an engine busy whose weights are all on the chip."""
    usual = engine.across(96)
    return max(engine.pass_cycles_min, usual if engine.tile_pixels >= usual else 0)


def plan(
    network: Network,
    engine: Engine,
    *,
    targets: Sequence[int] = (),
    streamed: frozenset[str] = frozenset(),
    stream: Stream | None = None,
) -> Plan:
    """The plan of a network on an engine.

    Parameters
    ----------
    targets
        Cycles of each phase's tiles in a pass, or a little more; by default
        :func:`default_target`.
    streamed
        Names of the convolutions whose weights come from outside.
    stream
        What brings them.

    Raises
    ------
    PlanError
        If the network has a layer the engine cannot compute, or a row that is too wide.
    """
    if network.image.channels != 3:
        raise PlanError(f"the image must have 3 channels, not {network.image.channels}")
    work = phases(network)
    _check_pools(work, engine)
    targets = targets or [default_target(engine)] * len(work)
    orders = [
        list(interleave(phase, target, engine.tile_pixels, engine.pixels))
        for phase, target in zip(work, targets, strict=True)
    ]
    reads = inputs(network, work, engine)
    places = regions(work, orders, reads, engine)
    ring = 2 * max(tile.rows for tile, consumes in orders[0] if not consumes)
    window = _window(network.first, engine, min(ring, network.first.o.height))
    patch = Region(
        tensor="patches",
        base=0,
        plane=window.plane,
        planes=window.words,
        width=window.across,
    )
    program = Program(
        engine=engine,
        window=window,
        steps=steps(network, engine, work, orders, reads, places, patch, streamed),
        regions=places,
        patch=patch,
        stream=stream,
    )
    return Plan(network=network, program=program, inputs=reads, streamed=streamed)
