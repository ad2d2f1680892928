"""The SDRAM of a board in nanoseconds, and what follows from it in cycles of a clock.

A 16-bit single-data-rate SDRAM of 32 MiB, whichever of the chips a ULX3S may carry: every rule is
the strictest of their data sheets'.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

WORD_BYTES = 2
BANKS = 4
ROWS = 8192
COLUMNS = 512
"""Words of a row. The AS4C32M16SB has 1024; the upper half of its rows is left alone."""

WORDS = BANKS * ROWS * COLUMNS
BURST = 8
"""Words of a read; the burst length of the mode register."""

CAS_LATENCY = 3

SLOWEST_HZ = 3_000_000
"""Slower, a refresh would be due before a burst is read."""

FASTEST_HZ = 1_000_000_000 // 7
"""A clock of 7 ns with a CAS latency of 3: AS4C32M16SB-7, IS42S16160G-7."""

NANOSECONDS = {
    "t_rcd": 21,  # activate to read or write; AS4C32M16SB-7
    "t_rp": 21,  # precharge to activate or refresh; AS4C32M16SB-7
    "t_ras": 44,  # activate to precharge; MT48LC16M16A2-75
    "t_rc": 66,  # activate to activate of a bank; MT48LC16M16A2-75
    "t_rfc": 70,  # refresh to whatever comes next; from a list of boards, in no sheet that was read
    "t_rrd": 15,  # activate to activate of another bank; MT48LC16M16A2-75
    "t_wr": 15,  # last word written to precharge; MT48LC16M16A2-75
    "t_mrd": 15,  # mode register to whatever comes next; two clocks at the fastest
    "t_start": 200_000,  # steady clock to the first command; in no sheet that was read
}
"""The shortest times allowed: the strictest of MT48LC16M16A2-6A and -75 and of AS4C32M16SB-7, whose
sheets were read. M12L2561616A and IS42S16160G may be on a board, too; theirs were not."""

REFRESH_NS = Fraction(64_000_000, ROWS)
"""Each row once in 64 ms: the longest time from refresh to refresh, on average."""

ACCESS_NS = Fraction("5.4")
"""The chip's clock to its data's being there, at most: tAC, all of them."""

HOLD_NS = Fraction("2.5")
"""The chip's clock to its data's going away, at least: tOH, AS4C32M16SB."""

PADS_NS = Fraction("4.5")
"""Out of the device to the chip and back in: an assumption, not a figure of a data sheet. Where it
is wrong the memory test fails, and another phase is right."""

STORE_ROWS = 512
"""Rows kept ready on chip: many passes, so that a short one after long ones need not wait, and
nothing sees a refresh. As deep as the widest shape of a block RAM."""

WAY = 32
"""Cycles from there being room in the store to a row's being in it, besides what refreshes take:
opening a row, the burst, the pads both ways, the last row's words."""

PAGES = WORDS // COLUMNS

PHASE = 180
"""By how many degrees the chip's clock lags behind the controller's, unless told otherwise."""

PHASES = tuple(range(45, 361, 45))
"""What it may be: what a PLL makes exactly
from any of its dividers. With none, the chip would look just when the pins change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sdram:
    """The SDRAM at a clock: each rule in cycles, and how a sequential stream comes out of it.

    Pages of :data:`COLUMNS` words follow each other through the banks, so that the next page is
    opened while one is read; a refresh closes them all.

    Parameters
    ----------
    clock_hz
        Of the chip and of the controller.
    """

    clock_hz: int

    def __post_init__(self):
        if not SLOWEST_HZ <= self.clock_hz <= FASTEST_HZ:
            raise ValueError(
                f"the SDRAM's clock must be from {SLOWEST_HZ / 1e6:g} to "
                f"{FASTEST_HZ / 1e6:.2f} MHz, not {self.clock_hz / 1e6:g}"
            )

    def cycles(self, rule: str) -> int:
        """The fewest cycles that are no shorter than a rule of :data:`NANOSECONDS`."""
        return ceil(Fraction(NANOSECONDS[rule] * self.clock_hz, 10**9))

    @property
    def t_rcd(self) -> int:
        return self.cycles("t_rcd")

    @property
    def t_rp(self) -> int:
        return self.cycles("t_rp")

    @property
    def t_ras(self) -> int:
        """Activate to precharge, long enough that precharge to activate makes it ``t_rc``."""
        return max(self.cycles("t_ras"), self.cycles("t_rc") - self.t_rp)

    @property
    def t_rfc(self) -> int:
        return self.cycles("t_rfc")

    @property
    def t_rrd(self) -> int:
        return self.cycles("t_rrd")

    @property
    def t_wr(self) -> int:
        """Two at least: some data sheets count this one in clocks."""
        return max(2, self.cycles("t_wr"))

    @property
    def t_mrd(self) -> int:
        return max(2, self.cycles("t_mrd"))

    @property
    def t_start(self) -> int:
        return self.cycles("t_start")

    @property
    def start_refreshes(self) -> int:
        """Refreshes before the mode register is set: two for Micron, eight for the others."""
        return 8

    @property
    def interval(self) -> int:
        """Cycles from one refresh's being due to the next one's."""
        return int(REFRESH_NS * self.clock_hz / 10**9)

    @property
    def refresh_gap(self) -> int:
        """Cycles without a word that a refresh makes in a stream: close, refresh, open again."""
        return 1 + self.t_rp + self.t_rfc + self.t_rcd

    def window(self, phase: int) -> tuple[Fraction, Fraction]:
        """When the first word of a read is at the device's registers, in cycles.

        Counted from the clock edge with which the command leaves its register in the pad.

        Parameters
        ----------
        phase
            One of :data:`PHASES`.
        """
        if phase not in PHASES:
            raise ValueError(f"the phase must be one of {PHASES}, not {phase}")
        cycle_ns = Fraction(10**9, self.clock_hz)
        launched = Fraction(phase, 360) + CAS_LATENCY - 1
        opens = launched + (ACCESS_NS + PADS_NS) / cycle_ns
        return opens, launched + 1 + (HOLD_NS + PADS_NS) / cycle_ns

    def capture(self, phase: int) -> int:
        """The clock edge nearest to the middle of the :meth:`window`.

        Raises
        ------
        ValueError
            If no edge is in the window; the message names the phases that have one.
        """
        if not self._margin(phase) > 0:
            good = [str(other) for other in PHASES if self._margin(other) > 0]
            raise ValueError(
                f"at {self.clock_hz / 1e6:g} MHz no clock edge meets the SDRAM's data with a phase "
                f"of {phase}; try {', '.join(good)}"
            )
        return round(sum(self.window(phase)) / 2)

    def _margin(self, phase: int) -> Fraction:
        """Cycles between the window's nearer end and the edge nearest to its middle."""
        opens, closes = self.window(phase)
        edge = round((opens + closes) / 2)
        return min(edge - opens, closes - edge)

    @property
    def bytes_per_cycle(self) -> Fraction:
        """What a stream brings in the long run, with nothing to hold it up but refreshes."""
        return WORD_BYTES * (1 - Fraction(self.refresh_gap, self.interval))


def words(bits: int) -> int:
    """Words that a row of so many bits takes; the last one's upper bits may be left over."""
    return -(-bits // (8 * WORD_BYTES))


def capacity(bits: int) -> int:
    """How many rows of so many bits the SDRAM holds."""
    return WORDS // words(bits)


def row_cycles(sdram: Sdram, bits: int) -> Fraction:
    """Cycles in which a stream brings a row of so many bits, in the long run."""
    return words(bits) * WORD_BYTES / sdram.bytes_per_cycle


def last_burst(rows: int, bits: int) -> int:
    """The last burst of a stream of rows, counted from the stream's beginning.

    Raises
    ------
    ValueError
        If there are no rows, or more than the SDRAM holds.
    """
    if not 1 <= rows <= capacity(bits):
        raise ValueError(f"{rows} rows of {bits} bits: the SDRAM holds from 1 to {capacity(bits)}")
    return -(-rows * words(bits) // BURST) - 1
