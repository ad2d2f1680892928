"""What keeps each phase of a plan from being faster."""

from dataclasses import dataclass, replace

from plan.account import accounts
from plan.planner import Plan, plan
from plan.schedule import phases
from plan.search import Ways

NOTICED = 0.02
"""Share of a phase's cycles below which a loss is not named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A phase, and what limits it.

    Parameters
    ----------
    phase
        The tensor that it makes a few rows at a time.
    pixels
        Of its largest tile.
    streamed
        Names of its convolutions whose weights come from outside.
    cycles
        Its share of the frame.
    busy
        Share of them in which the multipliers do something useful.
    by
        ``multipliers``; ``weights``, which are not loaded in time, or ``SDRAM``, if it brings their
        rows too slowly, or ``memory``, if larger tiles, which read them less often, would help and
        do not fit; ``window``, which makes no more patches a cycle; ``order``: it waits for results
        of a step before.
    """

    phase: str
    pixels: int
    streamed: tuple[str, ...]
    cycles: int
    busy: float
    by: str


def limits(made: Plan) -> tuple[Limit, ...]:
    """What limits each phase of a plan, in order."""
    account = {layer.name: layer for layer in accounts(made)}
    cost = {layer.name: layer.cycles for layer in made.layers}
    usual = plan(made.network, made.engine)
    found = []
    for number, phase in enumerate(phases(made.network)):
        names = [conv.name for conv in (*phase.producers, phase.consumer)]
        cycles = sum(cost[name] for name in names)
        short = sum(account[name].short for name in names) / cycles
        waiting = sum(account[name].waiting for name in names) / cycles
        window = sum(account[name].window for name in names) / cycles
        streamed = tuple(name for name in names if name in made.streamed)
        by = "multipliers"
        if max(short, waiting) > NOTICED:
            if waiting > short:
                by = "window" if 2 * window > waiting else "order"
            elif streamed:
                helps = _larger_tiles_help(made, usual, number, streamed)
                by = "memory" if helps else "SDRAM"
            else:
                by = "weights"
        found.append(
            Limit(
                phase=phase.wide,
                pixels=max(step.pixels for step in made.program.steps if step.conv.name in names),
                streamed=streamed,
                cycles=cycles,
                busy=sum(account[name].useful for name in names) / cycles,
                by=by,
            )
        )
    return tuple(found)


def _larger_tiles_help(made: Plan, usual: Plan, number: int, streamed: tuple[str, ...]) -> bool:
    """Whether a phase with the same weights outside would be faster with memory without end."""
    least = []
    room = made.room or made.needs()
    for words in (room.activation_words, 1 << 30):
        some = replace(room, activation_words=words, patch_words=1 << 30, ring_rows=1 << 10)
        ways = Ways(usual, number, some, made.program.stream)
        options = [one.cost for one in ways.options(0) if one.streamed == frozenset(streamed)]
        least.append(min(options, default=0))
    return least[1] < (1 - NOTICED / 2) * least[0]
