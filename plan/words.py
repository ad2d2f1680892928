"""The bits of what memories and streams hold: the one home that contents and circuit share."""

from collections.abc import Mapping

from spec import arith

PAIR_BITS = 18
"""A pair of weights: the operand of one multiplier."""

SPLIT = 10
"""The bit of a pair above which its first weight begins: ``(a << SPLIT) + b``."""

PARAM = {"bias": arith.ACCUMULATOR_BITS, "multiplier": arith.MULTIPLIER_BITS, "relu": 1}
"""A channel's parameters; the bias is signed."""

PIXEL = {"red": 8, "green": 8, "blue": 8}
"""A pixel of the image, as it is in the file: raw RGB."""

RESULT = {"data": 32, "last": 1}
"""A class sum, signed, or, with ``last``, the cycle count that ends a frame's results."""


def pack(widths: Mapping[str, int], values: Mapping[str, int]) -> int:
    """The word of these fields, the first one lowest; negative values in two's complement."""
    word = shift = 0
    for name, width in widths.items():
        word |= (int(values[name]) & ((1 << width) - 1)) << shift
        shift += width
    return word


def pair(a, b):
    """The bits of a pair of weights, integers or NumPy's."""
    return ((a << SPLIT) + b) & ((1 << PAIR_BITS) - 1)
