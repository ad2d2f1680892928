"""A frame whose pixels come late: a prediction from the cycles in which they are offered.

Where the circuit counts otherwise: ``docs/proof.md``.

The streams of results are still taken to be always ready. Cycles count as in :mod:`plan.timing`.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from plan import latency
from plan.program import Program
from plan.timing import step_times
from plan.window import FIRST_WORD, RING, ROW_DONE, WindowGeometry, WindowTiming
from plan.words import PIXEL
from spec.protocol import CHUNK_BYTES

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

    def _offer(self) -> int:
        """The cycle from which the next pixel is offered."""
        return self._offered[len(self.taken)]

    def next_row(self) -> int:
        g = self._geometry
        self._check()
        done = None
        while done is None:
            done = self._scan()
        self._row += 1
        if self._row == g.o_height:
            # What no patch needs is asked for all the same, while the last rows are awaited.
            while self._y < g.scan_rows:
                self._scan()
        return done

    def _scan(self) -> int | None:
        """A row of positions; when its row of patches is done, if it completes one."""
        g = self._geometry
        last_x = g.offset + (g.o_width - 1) * g.stride
        in_patch = self._y >= g.offset and (self._y - g.offset) % g.stride == 0
        completes = in_patch and self._row < g.o_height
        done = None
        for x in range(g.scan_columns):
            at = self._next_position
            if completes and x == 0:
                at = max(at, self._freed[self._row] + RING)
            patch = completes and x >= g.offset and (x - g.offset) % g.stride == 0
            patch = patch and x <= last_x
            if patch:
                at = max(at, self._next_patch)
            if x < g.width and self._y < g.height:
                there = self._offer()
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
        return done


class LineWindow(OfferedWindow):
    """The same for pixels that a board gives: read from chunks, byte by byte, once they are whole.

    Parameters
    ----------
    geometry
        The patches.
    chunk_cycles
        From a chunk's being whole to the next one's.
    """

    def __init__(self, geometry: WindowGeometry, chunk_cycles: int):
        super().__init__(geometry, range(geometry.height * geometry.width))
        self._chunk_cycles = chunk_cycles

    def _offer(self) -> int:
        size = len(PIXEL)
        first = size * len(self.taken)
        at = self.taken[-1] + 1 if self.taken else 0
        for byte in range(first, first + size):
            at = max(at, byte // CHUNK_BYTES * self._chunk_cycles) + latency.CHUNK_BYTE
        return at


def frame_time(program: Program, offered: Sequence[int]) -> FrameTime:
    """How long a frame takes whose pixels come so; ``offered`` as in :class:`OfferedWindow`."""
    return _frame_time(program, OfferedWindow(program.window, offered))


def line_time(program: Program, chunk_cycles: int) -> FrameTime:
    """The same for an image that comes over a board's line, see :class:`LineWindow`.

    What the circuit counts does not depend on ``chunk_cycles`` if a chunk takes longer to come than
    the engine takes for what a chunk lets it do, as on every real line.
    """
    return _frame_time(program, LineWindow(program.window, chunk_cycles))


def _frame_time(program: Program, window: OfferedWindow) -> FrameTime:
    times = step_times(program, window)
    first = window.taken[0]
    waits = []
    resting = first + 1  # the first pixel's own cycle counts
    known = first
    for step, time in zip(program.steps, times, strict=True):
        if time.rows_done is not None:
            waits.append((max(resting, known), time.rows_done + 1))
        resting = time.last_pass + step.cycles + 1
        known = time.start + latency.KNOWN
    # Then the next frame's first step waits, while pixels that no patch needs are asked for.
    end = times[-1].end + latency.SUMS
    waits.append((max(resting, known), end))
    return FrameTime(elapsed=end - first, starved=_common(waits, window.vain))


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
