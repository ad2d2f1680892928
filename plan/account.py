"""Where a frame's cycles go, and what the activation memory holds meanwhile."""

from dataclasses import dataclass

from plan import latency
from plan.planner import Plan
from plan.schedule import border, phases
from plan.timing import StepTime, step_times
from plan.window import FIRST_PIXEL


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A step of the program in time, in cycles from the frame's first pixel.

    Parameters
    ----------
    layer
        The convolution's name.
    wait
        Cycles before ``start`` in which nothing is issued.
    window
        Of ``wait``, those for rows of patches and for nothing else.
    start, end
        The step issues pixels from one to the other.
    """

    layer: str
    wait: int
    window: int
    start: int
    end: int


def intervals(plan: Plan) -> tuple[Interval, ...]:
    """The steps in time."""
    made = []
    free = FIRST_PIXEL
    times = step_times(plan.program)
    for number, (step, time) in enumerate(zip(plan.program.steps, times, strict=True)):
        start = time.start
        retired = number - 1 - step.fields["wait"]
        before = times[retired].end + latency.CONDITION if retired >= 0 else 0
        end = time.last_pass + max(step.cycles, plan.engine.pass_cycles_min)
        made.append(
            Interval(
                layer=step.conv.name,
                wait=start - free,
                window=_for_patches(time, max(free, before)),
                start=start - FIRST_PIXEL,
                end=end - FIRST_PIXEL,
            )
        )
        free = end
    return tuple(made)


def _for_patches(time: StepTime, otherwise: int) -> int:
    """Cycles that a step waits for rows of patches, if it could start ``otherwise``."""
    if time.rows_done is None:
        return 0
    return max(0, min(time.start, time.rows_done + latency.CONDITION) - otherwise)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The cycles of a layer, by what they were for; they add up to the layer's.

    Parameters
    ----------
    name
        Of the convolution.
    useful
        What its MACs would take with every multiplier busy; not a whole number.
    padding
        For channels and taps that do not fill rows and columns, and outputs that see only padding.
    short
        Passes shorter than it takes to load the next weights.
    waiting
        Nothing to issue: pixels, or results of a step before, are not there yet.
    window
        Of those, what the window generator takes for rows of patches.
    """

    name: str
    useful: float
    padding: float
    short: int
    waiting: int
    window: int


def accounts(plan: Plan) -> tuple[Account, ...]:
    """The layers' cycles, in order of computation; together they are the frame's."""
    engine, steps = plan.engine, plan.program.steps
    timed = intervals(plan)
    waits = [step.wait for step in timed[1:]] + [plan.cycles - timed[-1].end]
    patches = [step.window for step in timed[1:]] + [0]
    names = [conv.name for conv in plan.network.convs]
    issued, occupied, waiting, window = (dict.fromkeys(names, 0) for _ in range(4))
    waiting[steps[0].conv.name] = timed[0].wait
    window[steps[0].conv.name] = timed[0].window
    for step, time, wait, rows in zip(steps, timed, waits, patches, strict=True):
        issued[time.layer] += step.passes * step.cycles
        occupied[time.layer] += time.end - time.start
        # As in plan.timing: a step ends where the next one starts.
        waiting[time.layer] += wait
        window[time.layer] += rows
    last = plan.network.last
    macs = {conv.name: conv.macs for conv in plan.network.convs}
    macs[last.name] -= border(last) * last.weights
    return tuple(
        Account(
            name=conv.name,
            useful=macs[conv.name] / engine.macs_per_cycle,
            padding=issued[conv.name] - macs[conv.name] / engine.macs_per_cycle,
            short=occupied[conv.name] - issued[conv.name],
            waiting=waiting[conv.name],
            window=window[conv.name],
        )
        for conv in plan.network.convs
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the activation memory holds when a step is finished: words by tensor."""

    cycle: int
    words: dict[str, int]


def occupancy(plan: Plan) -> tuple[Held, ...]:
    """Rows that are written and still to be read, by tensor, at the end of each step."""
    regions = plan.program.regions
    work = phases(plan.network)
    reads: dict[str, str] = {}
    writes: dict[str, str] = {}
    narrow = ""
    for phase in work:
        for conv in phase.producers:
            reads[conv.name], writes[conv.name] = narrow, phase.wide
        reads[phase.consumer.name], writes[phase.consumer.name] = phase.wide, phase.consumer.name
        narrow = phase.consumer.name
    # The last step that reads each row of each tensor frees it.
    steps = plan.program.steps
    last: dict[tuple[str, int], int] = {}
    for index, step in enumerate(steps):
        halo = step.conv.kernel // 2 if reads[step.conv.name] in regions else 0
        height = step.conv.i.height
        first, end = step.first_row - halo, step.first_row + step.rows + halo
        for row in range(max(0, first), min(height, end)):
            last[reads[step.conv.name], row] = index
    freed: dict[int, list[str]] = {}
    for (tensor, _), index in last.items():
        freed.setdefault(index, []).append(tensor)
    held = dict.fromkeys(regions, 0)
    found = []
    seen: set[tuple[str, int]] = set()
    for index, (step, time) in enumerate(zip(steps, intervals(plan), strict=True)):
        target = writes[step.conv.name]
        for row in range(step.tile.o_first, step.tile.o_first + step.tile.o_rows):
            if target in regions and (target, row) not in seen:
                seen.add((target, row))
                held[target] += 1
        found.append(
            Held(
                cycle=time.end,
                words={
                    name: rows * regions[name].width * regions[name].planes
                    for name, rows in held.items()
                    if rows
                },
            )
        )
        for tensor in freed.get(index, ()):
            if tensor in regions:
                held[tensor] -= 1
    return tuple(found)
