"""What an engine's memories and counters hold: with the engine's shape, all that its circuit is.

The same numbers say what a network needs, so that the two can be compared.
"""

from dataclasses import dataclass
from math import ceil

from plan.words import PIXEL

NAMES = {
    "steps": "steps",
    "activation_words": "activation words",
    "patch_words": "patch words",
    "weight_rows": "weight rows",
    "param_groups": "output groups of parameters",
    "planes": "input planes of a convolution",
    "groups": "output groups of a convolution",
    "classes": "classes",
    "height": "rows of the image",
    "width": "columns of the image",
    "kernel": "kernel of the first convolution",
    "stride": "stride of the first convolution",
    "ring_rows": "rows of patches",
    "pool_slots": "slots of the max-pool",
    "positions": "positions of the last map",
    "stream_rows": "weight rows of a frame's stream",
}
"""What each capacity counts, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacities:
    """The most that a network may need, or what one does need.

    Parameters
    ----------
    steps, activation_words, patch_words, weight_rows
        Words of the program, of each bank of the activation and of the patch memory, and of the
        weight memory on the chip.
    param_groups
        Output groups of the parameter memory: those of all convolutions.
    planes, groups
        Input planes and output groups of one convolution.
    classes
        Class sums.
    height, width
        Of the image.
    kernel, stride
        Of the first convolution.
    ring_rows
        Rows of patches in their ring.
    pool_slots
        Partial maxima that wait in each of the max-pool's row buffers.
    positions
        Values that are added up in a class sum.
    stream_rows
        Weight rows that come from outside in a frame, in the order in which the array takes them,
        besides those on the chip; 0 if nothing brings any.
    """

    steps: int
    activation_words: int
    patch_words: int
    weight_rows: int
    param_groups: int
    planes: int
    groups: int
    classes: int
    height: int
    width: int
    kernel: int
    stride: int
    ring_rows: int
    pool_slots: int
    positions: int
    stream_rows: int = 0

    def __post_init__(self):
        for name, words in NAMES.items():
            least = int(name != "stream_rows")
            if getattr(self, name) < least:
                raise ValueError(f"{words} must be at least {least}, not {getattr(self, name)}")

    @classmethod
    def covering(cls, *needs: "Capacities") -> "Capacities":
        """The least capacities that all of these fit."""
        return cls(**{name: max(getattr(one, name) for one in needs) for name in NAMES})

    def shortages(self, needs: "Capacities") -> list[str]:
        """What a network needs more of than there is, as phrases with both numbers."""
        return [
            f"{getattr(needs, name)} {words} of {getattr(self, name)}"
            for name, words in NAMES.items()
            if getattr(needs, name) > getattr(self, name)
        ]

    @property
    def streamed(self) -> bool:
        """Whether weights can come from outside."""
        return self.stream_rows > 0

    @property
    def address_bits(self) -> int:
        """Of both memories that hold pixels; a count of all their words fits too."""
        return max(self.activation_words, self.patch_words).bit_length()

    @property
    def sum_bits(self) -> int:
        """Width of a class sum, signed: positions times a byte."""
        return (self.positions * 255).bit_length() + 1

    @property
    def scan(self) -> tuple[int, int]:
        """Most rows and columns of the window generator's scan: the image and padding."""
        return self.height + self.kernel, self.width + self.kernel

    def patch_planes(self, rows: int) -> int:
        """Words of the largest patch, ``rows`` bytes each."""
        return ceil(self.kernel**2 * len(PIXEL) / rows)
