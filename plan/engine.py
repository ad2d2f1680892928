"""The engine's shape, checked; presets by name.

The plan reads it as much as the circuit does.
"""

from dataclasses import dataclass
from math import ceil

from plan import array_timing, latency
from plan.words import PAIR_BITS, PARAM


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A weight-stationary systolic array with everything around it.

    Parameters
    ----------
    rows
        Input channels a pass, and bytes of an activation word; 4…32.
    columns
        Output channels a pass, even; divides ``rows``. Two columns share a multiplier.
    lut_rows
        How many rows have processing elements on LUTs instead of multipliers: of ``rows`` for each
        pixel, those of the second one first.
    tile_pixels
        Depth of the accumulator memory: the most cycles that a step can have in a pass.
    pixels
        Pixels that enter the array in a cycle: 1, or 2 that lie side by side in a row and share
        the weights.
    """

    rows: int = 16
    columns: int = 16
    lut_rows: int = 0
    tile_pixels: int = 512
    pixels: int = 1

    def __post_init__(self):
        if not 4 <= self.rows <= 32:
            raise ValueError(f"rows must be from 4 to 32, not {self.rows}")
        if self.columns < 2 or self.columns % 2 or self.rows % self.columns:
            raise ValueError(
                f"columns must be even and divide rows ({self.rows}), not {self.columns}"
            )
        if self.pixels not in (1, 2):
            raise ValueError(f"pixels must be 1 or 2, not {self.pixels}")
        if not 0 <= self.lut_rows <= self.rows * self.pixels:
            raise ValueError(
                f"lut_rows must be from 0 to {self.rows * self.pixels}, not {self.lut_rows}"
            )
        if not 16 <= self.tile_pixels <= 4096:
            raise ValueError(f"tile_pixels must be from 16 to 4096, not {self.tile_pixels}")

    @property
    def macs_per_cycle(self) -> int:
        return self.rows * self.columns * self.pixels

    @property
    def lanes(self) -> int:
        """Groups of ``columns`` bytes in an activation word, written one at a time."""
        return self.rows // self.columns

    @property
    def multipliers(self) -> int:
        """``MULT18X18D``: one for two MACs of a row, and one a requantizer lane."""
        rows = self.rows * self.pixels - self.lut_rows
        return rows * self.columns // 2 + self.columns * self.pixels

    @property
    def accumulator_bits(self) -> int:
        return PARAM["bias"]

    @property
    def weight_bits(self) -> int:
        """A row of weights: one for each column."""
        return PAIR_BITS * self.columns // 2

    @property
    def stream_bits(self) -> int:
        """A row of weights as it comes from outside: a byte for each column."""
        return 8 * self.columns

    @property
    def param_bits(self) -> int:
        """A channel's bias, multiplier and whether it has a ReLU."""
        return sum(PARAM.values())

    @property
    def pass_cycles_min(self) -> int:
        """The fewest cycles from the start of a pass to the start of the next.

        The next weights can be shifted in only when the present ones have settled. That leaves
        a group's bias and multipliers time to be in use before the next ones come: it is always
        at least ``array_latency``.
        """
        return self.load_delay + self.rows + latency.LOADER

    @property
    def load_delay(self) -> int:
        """Cycles from a pass's start to the first weight row read for the next one."""
        settle = array_timing.settle(self.rows)
        return max(latency.ISSUE + settle - latency.MEMORY_READ, latency.FETCH)

    @property
    def array_latency(self) -> int:
        """Cycles from a pixel at the array to its column sums."""
        return array_timing.latency(self.rows, self.columns, self.lut_rows, self.pixels)

    @property
    def write_latency(self) -> int:
        """Cycles from the start of a pass to its first pixel's word at the write port."""
        return (
            latency.ISSUE
            + self.array_latency
            + latency.ACCUMULATOR
            + latency.REQUANTIZER
            + latency.POOL
        )

    def across(self, width: int) -> int:
        """Cycles for a row of so many pixels, and its words in each of the ``pixels`` banks."""
        return ceil(width / self.pixels)

    def groups(self, channels: int) -> int:
        """Output groups: passes over ``channels`` output channels."""
        return ceil(channels / self.columns)

    def __str__(self) -> str:
        lut = f", {self.lut_rows} rows on LUTs" if self.lut_rows else ""
        pixels = f"×{self.pixels}" if self.pixels > 1 else ""
        return f"{self.rows}×{self.columns}{pixels}{lut}, {self.macs_per_cycle} MAC/cycle"


ENGINES = {
    "16x16": Engine(),
    "16x16x2-lut17": Engine(pixels=2, lut_rows=17),
    "16x8x2": Engine(columns=8, pixels=2),
    "16x8": Engine(columns=8),
    "16x4-lut4": Engine(columns=4, lut_rows=4),
    "16x4": Engine(columns=4),
    "16x2": Engine(columns=2),
    "8x8": Engine(rows=8, columns=8),
    "4x4": Engine(rows=4, columns=4),
    "4x4x2-lut5": Engine(rows=4, columns=4, pixels=2, lut_rows=5),
    "4x2-lut4": Engine(rows=4, columns=2, lut_rows=4),
}
"""Presets by name."""
