"""The answer from class sums, in integers: one of the classes, or none of these.

Two numbers decide. A network may have a class of its own for everything else, ``none``; and a
``threshold`` says by how much the best of the other classes must lead it. Without such a class the
threshold is for the best sum itself. A network with neither always answers its largest sum.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

NONE = "none"
"""The label of a class that stands for everything else, and of the answer of a network without
one."""

THRESHOLD_RANGE = (-(2**31), 2**31 - 1)
"""What a circuit's register for the threshold holds; the lowest is no threshold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """How the answer follows from the class sums.

    Parameters
    ----------
    none
        The index of the class that stands for everything else, or None.
    threshold
        The least lead, in units of the sums. With ``none`` the default is 0; without it the
        default, the lowest integer of 32 bits, is no threshold.
    """

    none: int | None = None
    threshold: int | None = None

    def __post_init__(self):
        if self.none is not None and self.none < 0:
            raise ValueError(f"the class for none must be at least 0, not {self.none}")
        if self.threshold is None:
            low = THRESHOLD_RANGE[0] if self.none is None else 0
            object.__setattr__(self, "threshold", low)
        low, high = THRESHOLD_RANGE
        if not low <= self.threshold <= high:
            raise ValueError(f"the threshold must lie in {low}…{high}, not {self.threshold}")

    @property
    def refuses(self) -> bool:
        """Whether the answer can be none of the classes."""
        return self.none is not None or self.threshold > THRESHOLD_RANGE[0]

    def winner(self, sums: Sequence[int] | np.ndarray) -> int:
        """The class with the largest sum, the first of equal ones; ``none`` does not compete."""
        known = [index for index in range(len(sums)) if index != self.none]
        return max(known, key=lambda index: sums[index])

    def lead(self, sums: Sequence[int] | np.ndarray) -> int:
        """The winner's sum less that of ``none``, or less nothing."""
        behind = 0 if self.none is None else int(sums[self.none])
        return int(sums[self.winner(sums)]) - behind

    def answer(self, sums: Sequence[int] | np.ndarray) -> int:
        """The winner if its lead is at least the threshold, else :meth:`none_of`.

        Parameters
        ----------
        sums
            Integers, one a class, as :func:`spec.reference.run` and the circuit give them.
        """
        if self.lead(sums) >= self.threshold:
            return self.winner(sums)
        return self.none_of(len(sums))

    def none_of(self, classes: int) -> int:
        """The answer that stands for none: the class for it, or one more than the last."""
        return classes if self.none is None else self.none
