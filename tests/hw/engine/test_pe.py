"""The arithmetic of two products in one multiplier, over every pair of weights and activation."""

import numpy as np

from hw.engine.pe import SPLIT, DspPair, LutPair, sum_shape

WEIGHTS = np.arange(-127, 128)
TAIL = 64


def signed(value, bits):
    return (value + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)


def test_a_pair_splits_exactly_for_every_triple():
    """Step by step as ``DspPair`` computes, with its widths."""
    a, b = WEIGHTS[:, None].astype(np.int32), WEIGHTS[None, :].astype(np.int32)
    pair = (a << SPLIT) + b
    assert np.array_equal(signed(pair, 18), pair)
    stored_tail = (pair >> SPLIT) % TAIL
    tail = (~stored_tail + (1 - (pair >> SPLIT - 1 & 1))) % TAIL
    assert np.array_equal(tail, np.broadcast_to(-a % TAIL, tail.shape))

    for u in range(256):
        product = pair * u
        low, high = product & (1 << SPLIT) - 1, product >> SPLIT
        assert np.array_equal(signed(high, 16), high)
        minus_au = tail * u % TAIL
        d = signed((high + minus_au) % TAIL, 6)
        assert np.array_equal((d << SPLIT) + low, np.broadcast_to(b * u, d.shape))
        assert np.array_equal(high - d, np.broadcast_to(a * u, d.shape))


def test_the_tail_is_the_sum_of_three_partial_products():
    tail, u = np.meshgrid(np.arange(TAIL), np.arange(256))
    total = np.zeros_like(tail)
    for low in range(0, 6, 2):
        mask = (1 << 6 - low) - 1
        rows = tail * (u >> low & 1) + (tail << 1) * (u >> low + 1 & 1)
        total += (rows & mask) << low
    assert np.array_equal(total % TAIL, tail * u % TAIL)


def test_sums_of_any_number_of_rows_fit():
    extremes = [(a << SPLIT) + b for a in (-127, 127) for b in (-127, 127)]
    for rows in range(1, 33):
        layout = DspPair.sums(rows)
        low, high, borrow = (layout[name].shape for name in ("low", "high", "borrow"))
        assert rows * ((1 << SPLIT) - 1) < 1 << low.width
        for pair in extremes:
            assert -(1 << high.width - 1) <= rows * (pair * 255 >> SPLIT) < 1 << high.width - 1
        assert -(1 << borrow.width - 1) <= rows * (-127 * 255 >> SPLIT)
        assert rows * (127 * 255 >> SPLIT) < 1 << borrow.width - 1
        half = LutPair.sums(rows).elem_shape["low"].shape
        assert rows * 127 * 15 < 1 << half.width - 1
        bound = rows * 127 * 255
        assert sum_shape(rows).width == bound.bit_length() + 1
