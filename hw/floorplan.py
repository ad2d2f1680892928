"""Where the multipliers of the array stand on the device.

nextpnr places a device's many small cells well, but scatters the array's multipliers over their
few rows, and the registers beside them with them. So it is told: a pair of columns stands together,
its rows side by side, as the sums go, at its end the two requantizers that take them. Activations
go from pair to pair, along the device.
"""

from dataclasses import dataclass
from math import ceil

from plan.engine import Engine


@dataclass(frozen=True, slots=True)
class Grid:
    """A device's multipliers in nextpnr's coordinates: tile rows, and in each the blocks of four by
    their first tile's column."""

    rows: tuple[int, ...]
    blocks: tuple[int, ...]

    SITES = ((0, "MULT18_0"), (1, "MULT18_1"), (4, "MULT18_4"), (5, "MULT18_5"))
    """Those of a block: how many columns on, and the site's name."""

    @property
    def sites(self) -> tuple[tuple[int, str], ...]:
        """Column and name, from left to right, in every row."""
        return tuple((block + step, name) for block in self.blocks for step, name in self.SITES)


GRIDS = {"85F": Grid((10, 34, 58), (4, 13, 22, 31, 40, 49, 58, 69, 78, 87, 96, 105, 114))}
"""Of the devices with an array so large that it matters; from Project Trellis' database, as nextpnr
names what it places."""

_ARRAY = "shell.core.machine.array.element_{row}_{pair}.multiplier*.cell"
_REQUANTIZER = "shell.core.machine.requantizer{column}.multiplier*.cell"


def floorplan(variant: str, engine: Engine) -> dict[str, str]:
    """The site (a ``BEL`` of nextpnr) of each multiplier, by a pattern of its cell's name after
    yosys.

    Empty where the device has no :data:`GRIDS`, where the engine does not fill it in this way, or
    takes less than half of its multipliers, for which there is room nearby.
    """
    grid = GRIDS.get(variant)
    rows, pairs = engine.rows - engine.lut_rows, engine.columns // 2
    if grid is None or rows < 1:
        return {}
    deep = ceil(rows / len(grid.rows))
    left = deep * len(grid.rows) - rows
    first = (len(grid.sites) - pairs * deep) // 2  # in the middle
    if first < 0 or left < 2:
        return {}

    def site(strip: int, place: int) -> str:
        column, name = grid.sites[first + place]
        return f"X{column}/Y{grid.rows[strip]}/{name}"

    plan = {}
    for pair in range(pairs):
        for row in range(rows):
            cell = _ARRAY.format(row=row, pair=pair)
            plan[cell] = site(row // deep, pair * deep + row % deep)
        for side in range(2):
            cell = _REQUANTIZER.format(column=2 * pair + side)
            plan[cell] = site(len(grid.rows) - 1, pair * deep + deep - left + side)
    return plan if 2 * len(plan) > len(grid.rows) * len(grid.sites) else {}


def script(plan: dict[str, str]) -> list[str]:
    """What tells it to yosys after synthesis, which fails unless each pattern means one cell."""
    return [
        line
        for cell, site in plan.items()
        for line in (
            f"select -assert-count 1 top/c:{cell};",
            f'setattr -set BEL "{site}" top/c:{cell};',
        )
    ]
