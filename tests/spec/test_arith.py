from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from spec import arith


def exact(accumulator: int, multiplier: int, relu: bool) -> int:
    """The contract in exact rationals; Python rounds a Fraction half to even."""
    low, high = (0, 255) if relu else (-128, 127)
    return min(max(round(Fraction(accumulator * multiplier, 2**16)), low), high)


@pytest.mark.parametrize("relu", [True, False])
def test_ties_go_to_the_even_neighbour(relu):
    # With M = 2^k, an odd multiple of 2^(15 − k) is a tie.
    for k in range(16):
        half = 1 << (15 - k)
        for odd in range(-261, 515, 2):
            if abs(odd * half) < 1 << 24:
                expected = exact(odd * half, 1 << k, relu)
                assert arith.requantize(odd * half, 1 << k, relu) == expected, (odd, k)
                # One accumulator step beside the tie, where a step is small.
                for beside in (odd * half - 1, odd * half + 1):
                    assert arith.requantize(beside, 1 << k, relu) == exact(beside, 1 << k, relu)


@pytest.mark.parametrize("relu", [True, False])
def test_corners_equal_exact_rationals(relu):
    limit = (1 << 24) - 1
    for accumulator, multiplier in product(
        (0, 1, -1, 128, 32767, 32768, 32769, 65536, 1 << 20, limit, -limit),
        (1, 2, 3, 32767, 32768, 32769, 65534, 65535),
    ):
        expected = exact(accumulator, multiplier, relu)
        assert arith.requantize(accumulator, multiplier, relu) == expected


def unsaturated(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Accumulators and multipliers whose results lie mostly between the clamps."""
    random = np.random.default_rng(1)
    multiplier = np.rint(2 ** random.uniform(0, 16, count)).clip(1, 65535).astype(np.int64)
    limit = np.minimum((1 << 24) - 1, 290 * 65536 // multiplier)
    return np.rint(random.uniform(-0.6, 1, count) * limit).astype(np.int64), multiplier


@pytest.mark.parametrize("relu", [True, False])
def test_random_values_equal_exact_rationals(relu):
    accumulator, multiplier = unsaturated(5000)
    expected = [exact(int(a), int(m), relu) for a, m in zip(accumulator, multiplier, strict=True)]
    assert arith.requantize(accumulator, multiplier, relu).tolist() == expected
    assert len(set(expected)) == 256


@pytest.mark.parametrize("relu", [True, False])
def test_equals_the_float32_formula_of_onnx_runtime(relu):
    accumulator, multiplier = unsaturated(500_000)
    scale = multiplier.astype(np.float32) / np.float32(2**16)
    scaled = accumulator.astype(np.float32) * scale
    low, high = arith.output_range(relu)
    theirs = np.rint(np.clip(scaled, np.float32(low), np.float32(high)))
    assert np.array_equal(arith.requantize(accumulator, multiplier, relu), theirs)


def test_bound_is_reached_and_never_passed():
    random = np.random.default_rng(2)
    weight = random.integers(-127, 128, (4, 3, 2, 2))
    bias = random.integers(-1000, 1000, 4)
    flat = weight.reshape(4, -1)
    highest = bias + np.where(flat > 0, flat, 0).sum(axis=1) * 255
    lowest = bias + np.where(flat < 0, flat, 0).sum(axis=1) * 255
    bound = arith.accumulator_bound(weight, bias)
    assert bound >= max(highest.max(), -lowest.min())
    assert arith.accumulator_bound(np.abs(weight), np.abs(bias)) == bound
    assert bound == (np.abs(flat).sum(axis=1) * 255 + np.abs(bias)).max()
