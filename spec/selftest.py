"""The image a board makes for its self-test: pixels from a 32-bit xorshift generator."""

import numpy as np

SEED = 0x0CA2AC41
"""The state before the first pixel; not zero."""

SHIFTS = (13, -17, 5)
"""A step: for each, the state is exclusive-ored with itself, shifted left (or right, if negative).
Marsaglia, "Xorshift RNGs", 2003: the period is 2^32 − 1."""


def image(height: int, width: int) -> np.ndarray:
    """uint8, shape (height, width, 3): red, green, blue are the state's low bytes."""
    pixels = np.empty((height * width, 3), np.uint8)
    state = SEED
    for pixel in pixels:
        pixel[:] = state & 255, state >> 8 & 255, state >> 16 & 255
        for shift in SHIFTS:
            state ^= (state << shift if shift > 0 else state >> -shift) & 0xFFFFFFFF
    return pixels.reshape(height, width, 3)
