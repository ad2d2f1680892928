"""Weights that come from outside: when a pass's rows are there, at the latest."""

from collections import deque
from dataclasses import dataclass
from fractions import Fraction

from plan import sdram


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A source of weight rows with a store, as a server of which a rate and a delay are known.

    In any time in which it has room it brings at least the rows of that time less ``delay``: so a
    row is there when the one before it is, or ``delay`` after there was room for it, and one row's
    time has passed. Whatever else holds it up is in ``delay``.

    Parameters
    ----------
    row_cycles
        Cycles a row in the long run.
    delay
        Cycles that it is behind at most.
    store_rows
        Rows that it keeps ready.
    """

    row_cycles: Fraction
    delay: int
    store_rows: int

    def __post_init__(self):
        if self.row_cycles < 1 or self.delay < 0 or self.store_rows < 1:
            raise ValueError(
                "a row must take at least one cycle, the delay must be at least 0 and the store "
                f"have a row, not {self.row_cycles}, {self.delay} and {self.store_rows}"
            )

    @classmethod
    def of_sdram(cls, clock_hz: int, bits: int) -> "Stream":
        """The SDRAM at a clock, as the source of rows of so many bits.

        Its delay is that of a refresh, of another one where the stream begins anew, and of a
        word's way through open row, chip, pads and store.
        """
        timing = sdram.Sdram(clock_hz=clock_hz)
        return cls(
            row_cycles=sdram.row_cycles(timing, bits),
            delay=2 * timing.refresh_gap + sdram.WAY,
            store_rows=sdram.STORE_ROWS,
        )


class StreamTiming:
    """When the rows of each pass are there.

    Parameters
    ----------
    stream
        The source.
    rows
        Weight rows a pass.
    full
        The store is full in cycle 0, not empty.
    """

    def __init__(self, stream: Stream, rows: int, *, full: bool = False):
        # In integers: parts of a cycle, of which so many are one.
        self._parts = stream.row_cycles.denominator
        self._pass = rows * stream.row_cycles.numerator
        self._delay = stream.delay * self._parts
        # Passes ago whose rows are surely out of the store when there is room for a whole pass.
        passes = max(1, stream.store_rows // rows - 1)
        since = -(passes * self._pass + self._delay) if full else 0
        self._taken = deque([since] * passes, maxlen=passes)
        self._there = since

    def rows_there(self) -> int:
        """The cycle from which all rows of the next pass are in the store."""
        room = self._taken[0] + self._delay
        self._there = max(self._there, room) + self._pass
        return -(-self._there // self._parts)

    def take(self, cycle: int) -> None:
        """The last row of the pass asked for is taken in this cycle."""
        self._taken.append(cycle * self._parts)
