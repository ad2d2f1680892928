"""When each step starts: the exact cycle prediction of a program.

Cycle 0 is the one in which the window generator is told that a frame may begin. The
streams are taken to be always ready; the test of this file is the simulated circuit.
"""

from dataclasses import dataclass

from plan import latency
from plan.program import Program
from plan.window import FIRST_PIXEL, WindowTiming
from spec.network import Network


@dataclass(frozen=True, slots=True)
class LayerCost:
    """A convolution's share of a frame: MACs, and the cycles from its steps' starts to their ends.

    A step ends where the next one starts, so the costs add up to the frame; the wait for a
    dependence counts for the step that waits.
    """

    name: str
    macs: int
    cycles: int


def step_times(program: Program) -> list[tuple[int, int]]:
    """For each step the cycle in which it starts, and that in which its last word is written."""
    engine = program.engine
    window = WindowTiming(program.window)
    times: list[tuple[int, int]] = []
    earliest = 0
    for index, step in enumerate(program.steps):
        start = earliest
        must_be_done = index - 1 - step.fields["wait"]
        if must_be_done >= 0:
            start = max(start, times[must_be_done][1] + latency.CONDITION)
        if rows := step.fields["patch_rows"]:
            done = [window.next_row() for _ in range(rows)]
            start = max(start, done[-1] + latency.CONDITION)
        period = max(step.pixels, engine.pass_cycles_min)
        last = start + (step.passes - 1) * period
        if rows:
            window.free(last + step.pixels + latency.FREE, rows)
        times.append((start, last + step.pixels - 1 + engine.write_latency))
        earliest = last + period
    return times


def frame_cycles(program: Program) -> int:
    """Cycles from the one in which the first pixel is taken to the sums being complete."""
    return step_times(program)[-1][1] + latency.SUMS - FIRST_PIXEL


def layer_costs(program: Program, network: Network) -> tuple[LayerCost, ...]:
    """Each convolution's share of :func:`frame_cycles`, in order of computation."""
    starts = [start for start, _ in step_times(program)]
    ends = [*starts[1:], frame_cycles(program) + FIRST_PIXEL]
    starts[0] = FIRST_PIXEL
    cost = dict.fromkeys((conv.name for conv in network.convs), 0)
    for step, start, end in zip(program.steps, starts, ends, strict=True):
        cost[step.conv.name] += end - start
    return tuple(LayerCost(conv.name, conv.macs, cost[conv.name]) for conv in network.convs)
