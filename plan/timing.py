"""When each step starts: the exact cycle prediction of a program.

Cycle 0 is the one in which the window generator is told that a frame may begin. The
streams are taken to be always ready; the test of this file is the simulated circuit.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

from plan import latency
from plan.engine import Engine
from plan.program import Program
from plan.steps import Step
from plan.stream import StreamTiming
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


class StepTime(NamedTuple):
    """The cycles of a step: its start, its last pass's start, and its last word's being written.

    ``rows_done`` is the cycle in which the last row of patches that it takes is done, if it does.
    """

    start: int
    last_pass: int
    end: int
    rows_done: int | None


def step_times(
    program: Program, window: WindowTiming | None = None, *, store_full: bool = False
) -> list[StepTime]:
    """When each step starts and ends.

    ``window`` says when rows of patches are done; by default every pixel is there in time. Where
    weights come from outside, it is the latest that can be; their store is empty in cycle 0 unless
    it is said to be full.
    """
    engine = program.engine
    window = window or WindowTiming(program.window)
    stream = StreamTiming(program.stream, engine.rows, full=store_full) if program.stream else None
    times: list[StepTime] = []
    earliest = 0
    last = -engine.pass_cycles_min
    for index, step in enumerate(program.steps):
        start = earliest
        must_be_done = index - 1 - step.fields["wait"]
        if must_be_done >= 0:
            start = max(start, times[must_be_done].end + latency.CONDITION)
        rows_done = None
        if rows := step.fields["patch_rows"]:
            rows_done = [window.next_row() for _ in range(rows)][-1]
            start = max(start, rows_done + latency.CONDITION)
        period = max(step.cycles, engine.pass_cycles_min)
        if step.fields["streamed"]:
            starts = _streamed_passes(step, start, last, engine, stream)
            start, last = starts[0], starts[-1]
        else:
            last = start + (step.passes - 1) * period
        if rows:
            window.free(last + step.cycles + latency.FREE, rows)
        end = last + step.cycles - 1 + engine.write_latency
        times.append(StepTime(start, last, end, rows_done))
        earliest = last + period
    return times


def _streamed_passes(
    step: Step, start: int, before: int, engine: Engine, stream: StreamTiming
) -> list[int]:
    """The cycles in which the passes of a step start, if all but their weights is there at
    ``start``; the pass before them started in the cycle ``before``."""
    starts = []
    cycles = step.cycles
    # The last row is taken no earlier than from a memory on the chip.
    fetch = engine.load_delay + engine.rows - 1
    for _ in range(step.passes):
        taken = max(before + fetch, stream.rows_there())
        stream.take(taken)
        before = max(start, taken + 1 + latency.LOADER)
        start = before + cycles
        starts.append(before)
    return starts


def frame_cycles(program: Program) -> int:
    """Cycles from the one in which the first pixel is taken to the sums being complete.

    With weights from outside they are the most that there can be: see :func:`least_cycles`.
    """
    return step_times(program)[-1].end + latency.SUMS - FIRST_PIXEL


def least_cycles(program: Program) -> int:
    """The same if all rows from outside were there in time: the fewest that a frame can take."""
    inside = tuple(step.sourced(outside=False) for step in program.steps)
    return frame_cycles(replace(program, steps=inside, stream=None))


def layer_costs(program: Program, network: Network) -> tuple[LayerCost, ...]:
    """Each convolution's share of :func:`frame_cycles`, in order of computation."""
    starts = [step.start for step in step_times(program)]
    ends = [*starts[1:], frame_cycles(program) + FIRST_PIXEL]
    starts[0] = FIRST_PIXEL
    cost = dict.fromkeys((conv.name for conv in network.convs), 0)
    for step, start, end in zip(program.steps, starts, ends, strict=True):
        cost[step.conv.name] += end - start
    return tuple(LayerCost(conv.name, conv.macs, cost[conv.name]) for conv in network.convs)
