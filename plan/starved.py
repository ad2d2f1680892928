"""A frame whose pixels come late: the exact prediction, from the cycles in which they are offered.

The streams of results are still taken to be always ready. Cycles count as in :mod:`plan.timing`.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from plan import latency
from plan.program import Program
from plan.timing import step_times
from plan.window import FIRST_WORD, RING, ROW_DONE, WindowGeometry, WindowTiming

Spans = list[tuple[int, int]]
"""Spans of cycles: the first one, and the one after the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameTime:
    """A frame's cycles.

    Parameters
    ----------
    elapsed
        From the one in which the first pixel is taken to the sums being complete.
    starved
        Those of them in which no step could start for want of a row of patches, while the window
        generator asked for a pixel and none was offered.
    """

    elapsed: int
    starved: int

    @property
    def cycles(self) -> int:
        """What the circuit counts."""
        return self.elapsed - self.starved


class OfferedWindow(WindowTiming):
    """:class:`plan.window.WindowTiming` position by position, for pixels that come when they come.

    Parameters
    ----------
    geometry
        The patches.
    offered
        For each pixel the cycle from which it is offered until it is taken; not before the cycle
        after the one before was taken.
    """

    def __init__(self, geometry: WindowGeometry, offered: Sequence[int]):
        super().__init__(geometry)
        if len(offered) != geometry.height * geometry.width:
            raise ValueError(
                f"a frame has {geometry.height * geometry.width} pixels, not {len(offered)}"
            )
        self._offered = offered
        self._y = 0
        #: The cycle in which each pixel so far was taken.
        self.taken: list[int] = []
        #: When the next pixel was asked for in vain.
        self.vain: Spans = []

    def next_row(self) -> int:
        g = self._geometry
        self._check()
        last_x = g.offset + (g.o_width - 1) * g.stride
        done = None
        while done is None:
            in_patch = self._y >= g.offset and (self._y - g.offset) % g.stride == 0
            completes = in_patch and self._row < g.o_height
            for x in range(g.scan_columns):
                at = self._next_position
                if completes and x == 0:
                    at = max(at, self._freed[self._row] + RING)
                patch = completes and x >= g.offset and (x - g.offset) % g.stride == 0
                patch = patch and x <= last_x
                if patch:
                    at = max(at, self._next_patch)
                if x < g.width and self._y < g.height:
                    there = self._offered[len(self.taken)]
                    if there > at:
                        self.vain.append((at, there))
                        at = there
                    self.taken.append(at)
                if patch:
                    self._next_patch = at + g.words
                    if x == last_x:
                        done = at + FIRST_WORD + g.words - 1 + ROW_DONE
                self._next_position = at + 1
            self._y += 1
        self._row += 1
        return done


def frame_time(program: Program, offered: Sequence[int]) -> FrameTime:
    """How long a frame takes whose pixels come so; ``offered`` as in :class:`OfferedWindow`."""
    window = OfferedWindow(program.window, offered)
    times = step_times(program, window)
    first = window.taken[0]
    waits = []
    resting = first + 1  # the first pixel's own cycle counts
    known = first
    for step, time in zip(program.steps, times, strict=True):
        if time.rows_done is not None:
            waits.append((max(resting, known), time.rows_done + 1))
        resting = time.last_pass + step.pixels + 1
        known = time.start + latency.KNOWN
    return FrameTime(
        elapsed=times[-1].end + latency.SUMS - first, starved=_common(waits, window.vain)
    )


def _common(one: Spans, other: Spans) -> int:
    """Cycles that lie in a span of both; spans of each do not overlap and are in order."""
    count = 0
    rest = deque(other)
    for start, end in one:
        while rest and rest[0][0] < end:
            count += max(0, min(end, rest[0][1]) - max(start, rest[0][0]))
            if rest[0][1] > end:
                break
            rest.popleft()
    return count
