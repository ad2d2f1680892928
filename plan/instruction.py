"""The instruction: one step, a tile of whole rows of one convolution.

Shared by the plan that makes programs and the circuit that follows them. A field
is as wide as the largest value that the engine's capacities let it have.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from plan.capacities import Capacities
from plan.engine import Engine
from plan.schedule import QUEUE
from plan.words import pack

ISSUE_FIELDS = {
    "patch": "the source is the patch memory, not the activation memory",
    "i_base": "source: address of the first plane",
    "i_plane": "source: words a plane",
    "i_plane_last": "i_plane − 1",
    "i_start": "source: offset in a plane of the first pixel of the first tap; may be negative",
    "x_last": "columns of the tile − 1, two side by side counted as one if they enter in a cycle",
    "pixels_last": "cycles in which the tile's pixels enter the array − 1",
    "rows_last": "rows of the tile − 1",
    "groups_in_last": "source planes − 1",
    "groups_out_last": "output groups − 1",
    "taps3": "3×3 with zero padding of 1, not 1×1",
    "blank": "reads nothing: every pixel is zero",
    "top": "the tile has the map's first row",
    "bottom": "the tile has the map's last row",
    "weights": "weight row of the first pass, if the memory on the chip has them",
    "streamed": "weight rows come from outside",
    "params": "output group of the parameter memory that comes first",
    "wait": "most steps that may be unfinished when this one starts",
    "patch_rows": "rows of patches this step takes and then frees",
    "frame_last": "the last step of a frame",
}
"""Fields that the issue side reads, and what they mean."""

PAIR_FIELDS = {
    "x_odd": "the tile's rows are odd: the last pair of each has no second pixel",
}
"""What both sides read besides in an engine of two pixels a cycle."""

WRITE_FIELDS = {
    "o_base": "destination: address of the first plane",
    "o_plane": "destination: words a plane",
    "o_plane_last": "o_plane − 1",
    "o_start": "destination: offset in a plane of the first word written",
    "o_lane": "destination: lane of the first output group",
    "final": "to the class sums, not to memory",
    "fresh": "class sums begin with this tile",
    "pool3": "3×3 max-pool, stride 2",
    "pool2": "2×2 max-pool, stride 2",
    "slot": "where the max-pool keeps the first output group's partial maxima",
    "y_odd": "the tile's first row has an odd number",
}
"""Fields that the write side reads besides ``x_last``, ``rows_last``, ``groups_out_last``,
``top``, ``bottom`` and ``frame_last``."""

WRITE_SHARED = ("x_last", "rows_last", "groups_out_last", "top", "bottom", "frame_last")


def field_names(engine: Engine) -> tuple[str, ...]:
    """The fields of an engine's instructions, in order."""
    pairs = PAIR_FIELDS if engine.pixels == 2 else {}
    return (*ISSUE_FIELDS, *pairs, *WRITE_FIELDS)


@dataclass(frozen=True)
class Format:
    """Field widths of a program, in bits, from the least significant field on."""

    widths: dict[str, int]

    @classmethod
    def of(cls, engine: Engine, capacities: Capacities) -> "Format":
        """The format of every program for an engine with these capacities.

        ``i_start`` is signed; ``streamed`` has no bit where nothing is. :data:`PAIR_FIELDS` are
        only in the programs of engines that need them.
        """
        address = capacities.address_bits
        tile = engine.tile_pixels - 1
        most = {
            **{name: tile for name in ("x_last", "pixels_last", "rows_last")},
            "groups_in_last": capacities.planes - 1,
            "groups_out_last": capacities.groups - 1,
            "weights": capacities.weight_rows - 1,
            "params": capacities.param_groups - 1,
            "wait": QUEUE - 1,
            "patch_rows": capacities.ring_rows,
            "o_lane": engine.lanes - 1,
            "slot": capacities.pool_slots - 1,
        }
        widths = {}
        for name in field_names(engine):
            widths[name] = max(1, most.get(name, 1).bit_length())
        for name in ("i_base", "i_plane", "i_plane_last", "o_base", "o_plane", "o_plane_last"):
            widths[name] = address
        signs = {"i_start": address + 1, "o_start": address}
        return cls(widths | signs | {"streamed": int(capacities.streamed)})

    @property
    def pairs(self) -> bool:
        """Whether it is for an engine of two pixels a cycle."""
        return PAIR_FIELDS.keys() <= self.widths.keys()

    @property
    def bits(self) -> int:
        return sum(self.widths.values())

    def encode(self, instruction: Mapping[str, int]) -> int:
        """An instruction word; negative values in two's complement."""
        return pack(self.widths, instruction)
