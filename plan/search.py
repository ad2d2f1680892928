"""Tiles and places of weights, chosen for an engine that exists: by search, phase by phase.

A phase's cost is its exact timing alone. Larger tiles read weights less often and take more of the
activation memory; weights on the chip are read in no time and take some of the weight memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

from plan.capacities import Capacities
from plan.engine import Engine
from plan.memory_map import inputs, regions
from plan.planner import Plan, default_target, plan
from plan.program import Program
from plan.schedule import Phase, PlanError, interleave, phases, split
from plan.steps import steps
from plan.stream import Stream
from plan.timing import step_times
from spec.network import Conv, Network

PRICES = (0, 10, 30, 100, 300, 1000)
"""Cycles that a step counts for beyond its own, tried in turn until the program is short enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A way to compute a phase.

    Parameters
    ----------
    target
        Cycles of its tiles in a pass, see :func:`plan.schedule.interleave`.
    streamed
        Names of its convolutions whose weights come from outside.
    cost
        Cycles from its first step's start to its last word's being written, and its steps' price.
    kept
        Weight rows on the chip.
    """

    target: int
    streamed: frozenset[str]
    cost: int
    kept: int


def plan_within(network: Network, engine: Engine, room: Capacities, *, clock_hz: int) -> Plan:
    """The fastest plan found that needs no more than there is; if there is none, the usual one.

    A network that fits as :func:`plan.planner.plan` has it is planned so.

    Parameters
    ----------
    room
        The capacities.
    clock_hz
        Of the engine and of the SDRAM, if there is one for weights.

    Raises
    ------
    PlanError
        If the network cannot be computed by the engine, whatever its capacities.
    """
    stream = Stream.of_sdram(clock_hz, engine.stream_bits) if room.streamed else None
    usual = replace(plan(network, engine), room=room)
    if not room.shortages(usual.needs()):
        return usual
    ways = [Ways(usual, number, room, stream) for number in range(len(phases(network)))]
    for price in PRICES:
        chosen = _cheapest([phase.options(price) for phase in ways], room)
        if chosen is None:
            return usual
        made = plan(
            network,
            engine,
            targets=[option.target for option in chosen],
            streamed=frozenset().union(*(option.streamed for option in chosen)),
            stream=stream,
        )
        if made.needs().steps <= room.steps:
            break
    return replace(made, room=room)


def _cheapest(options: list[list[Option]], room: Capacities) -> list[Option] | None:
    """An option for each phase, together the least cost with which the weights fit."""
    best: dict[int, tuple[int, list[Option]]] = {0: (0, [])}
    for phase in options:
        longer: dict[int, tuple[int, list[Option]]] = {}
        for kept, (cost, chosen) in best.items():
            for option in phase:
                rows = kept + option.kept
                total = cost + option.cost
                if rows <= room.weight_rows and total < longer.get(rows, (total + 1,))[0]:
                    longer[rows] = (total, [*chosen, option])
        # What keeps more rows and is no cheaper is of no use.
        best, least = {}, None
        for rows in sorted(longer):
            if least is None or longer[rows][0] < least:
                best[rows] = longer[rows]
                least = longer[rows][0]
    return min(best.values(), key=lambda one: one[0])[1] if best else None


class Ways:
    """The ways to compute a phase with what there is, and what they cost."""

    def __init__(self, usual: Plan, number: int, room: Capacities, stream: Stream | None):
        network, engine = usual.network, usual.engine
        phase = phases(network)[number]
        self._convs = (*phase.producers, phase.consumer)
        self._rows = {conv.name: usual.passes(conv) * engine.rows for conv in self._convs}
        self._stream = stream
        self._cycles: dict[tuple[int, frozenset[str]], int] = {}
        self._programs = {}
        for target in targets(phase, engine):
            alone = _alone(usual, number, target)
            if alone is None or alone.activation_words > room.activation_words:
                continue
            if phase.producers[0] == network.first and (
                alone.patch.words > room.patch_words or alone.window.ring_rows > room.ring_rows
            ):
                continue
            self._programs[target] = alone

    def options(self, price: int) -> list[Option]:
        """Those that may be of use, with this price of a step."""
        prices = {target: price * len(alone.steps) for target, alone in self._programs.items()}
        inside = {
            target: self._cost(target, frozenset()) + prices[target] for target in self._programs
        }
        found: list[Option] = []
        for target, least in sorted(inside.items(), key=lambda item: item[::-1]):
            if any(option.cost <= least and not option.kept for option in found):
                break  # tiles that take longer even with all weights on the chip
            for names in _subsets(self._convs, self._stream):
                cost = self._cost(target, names) + prices[target]
                kept = sum(count for name, count in self._rows.items() if name not in names)
                found.append(Option(target=target, streamed=names, cost=cost, kept=kept))
                if cost == least:
                    break  # no reason to keep more of them on the chip
        return found

    def _cost(self, target: int, streamed: frozenset[str]) -> int:
        key = (target, streamed)
        if key not in self._cycles:
            alone = self._programs[target]
            self._cycles[key] = _cycles(alone, streamed, self._stream)
        return self._cycles[key]


def _subsets(convs: tuple[Conv, ...], stream: Stream | None) -> Iterator[frozenset[str]]:
    """Which convolutions are streamed: all of them first, none last."""
    for count in range(len(convs) if stream else 0, -1, -1):
        for some in combinations(convs, count):
            yield frozenset(conv.name for conv in some)


def targets(phase: Phase, engine: Engine) -> list[int]:
    """Sizes of tiles that cut a phase's rows in different ways, the usual one among them."""
    o = phase.producers[0].o
    most, across = engine.tile_pixels, engine.across(o.width)
    found = {}
    for target in (default_target(engine), *range(across, most + 1, across)):
        try:
            count = len(split(o.height, o.width, target, most, engine.pixels))
            found.setdefault(count, target)
        except PlanError:
            return []
    return sorted(found.values())


def _alone(usual: Plan, number: int, target: int) -> Program | None:
    """A program of one phase; None if its consumer's rows do not fit a tile."""
    network, engine = usual.network, usual.engine
    work = phases(network)
    reads = inputs(network, work, engine)
    try:
        order = list(interleave(work[number], target, engine.tile_pixels, engine.pixels))
    except PlanError:
        return None
    patch, window = usual.program.patch, usual.program.window
    if number == 0:
        ring = 2 * max(tile.rows for tile, consumes in order if not consumes)
        window = replace(window, ring_rows=min(ring, window.o_height))
        patch = replace(patch, plane=window.plane)
    source = usual.program.regions[work[number - 1].consumer.name] if number else patch
    near = work[max(0, number - 1) : number + 2]
    orders = [order if phase is work[number] else [] for phase in near]
    places = regions(near, orders, reads, engine)
    return Program(
        engine=engine,
        window=window,
        steps=steps(
            network,
            engine,
            (work[number],),
            [order],
            reads,
            places,
            source,
            frozenset(),
        ),
        regions=places,
        patch=patch,
    )


def _cycles(alone: Program, streamed: frozenset[str], stream: Stream | None) -> int:
    """Of a phase alone, the stream's store full when it begins."""
    told = tuple(step.sourced(outside=step.conv.name in streamed) for step in alone.steps)
    return step_times(replace(alone, steps=told, stream=stream), store_full=True)[-1].end
