"""The integer arithmetic, all of it: the contract between four programs that share no code.

An activation is ``u`` in 0…255 and stands for ``u · s``, ``s`` a power of two, one a tensor.
A weight is ``w`` in −127…127 and stands for ``w · sw[c]``, one scale an output channel.
An accumulator is the exact integer ``b + Σ w·u``; it must keep below 2^24 in magnitude.

    y = clamp(round_half_even(acc · M[c] / 2^16), 0, 255)

with ``M[c]`` an integer of 1…65535. Since ``sw[c] = M[c] · 2^-16 · s_out / s_in`` and both tensor
scales are powers of two, the float32 multiplier of ONNX Runtime's QLinearConv is exactly
``M / 2^16``; an unsaturated ``acc · M`` is below 2^24 and hence exact in float32, so the only
rounding is the last one; a saturated one clamps to the same end. Therefore equal, every bit.
"""

import numpy as np

SHIFT = 16
"""Fraction bits of a multiplier."""

MULTIPLIER_BITS = 16
"""Width of a multiplier, unsigned; zero is not allowed."""

ACCUMULATOR_BITS = 25
"""Width of an accumulator, signed: its magnitude keeps below 2^24, float32's exact integers."""

WEIGHT_MAX = 127
"""Weights lie in −127…127."""

ACTIVATION_MAX = 255
"""Activations lie in 0…255."""

SIGNED_RANGE = (-128, 127)
"""Range of the last layer's output when it has no ReLU."""

IMAGE_SCALE_LOG2 = -8
"""A raw uint8 pixel ``u`` stands for ``u / 256``."""

SCALE_LOG2_RANGE = (-31, 31)
"""Range of log2 of a tensor's scale: keeps every weight scale a normal float32."""


def output_range(relu: bool) -> tuple[int, int]:
    """The clamp of a convolution's output, with or without ReLU."""
    return (0, ACTIVATION_MAX) if relu else SIGNED_RANGE


def requantize(accumulator: np.ndarray, multiplier: np.ndarray, relu: bool = True) -> np.ndarray:
    """``clamp(round_half_even(accumulator · multiplier / 2^16))``.

    Parameters
    ----------
    accumulator
        Integers of any shape, ``|accumulator| < 2^24``.
    multiplier
        Integers of 1…65535, of a shape that broadcasts.
    relu
        Clamp to 0…255 if true, else to −128…127.

    Returns
    -------
    numpy.ndarray
        int64, within :func:`output_range`.
    """
    product = np.asarray(accumulator, np.int64) * np.asarray(multiplier, np.int64)
    whole = product >> SHIFT
    rest = product & ((1 << SHIFT) - 1)
    half = 1 << (SHIFT - 1)
    up = (rest > half) | ((rest == half) & ((whole & 1) == 1))
    return np.clip(whole + up, *output_range(relu))


def accumulator_bound(weight: np.ndarray, bias: np.ndarray) -> int:
    """The largest magnitude an accumulator can take: ``max over c of Σ|w|·255 + |b|``.

    ``weight`` has shape (output channels, …), ``bias`` (output channels,).
    """
    weight = np.abs(np.asarray(weight, np.int64)).reshape(len(weight), -1)
    return int((weight.sum(axis=1) * ACTIVATION_MAX + np.abs(np.asarray(bias, np.int64))).max())
