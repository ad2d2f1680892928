"""The systolic array's fixed times, in cycles."""

INPUT = 1
"""Ports to the first processing element: one register."""

LOAD_ROWS = 4
"""Rows of a column that shift their weights in the same cycle; those below do it a cycle later."""

DSP = 8
"""A ``DspPair``'s activation to its column's two sums, if it is the last row."""

LUT = 5
"""The same for a ``LutPair``."""

FOLLOWING_LUT = 4
"""The same for one that follows another pixel's element: it does with a register less."""


def leave_dsp(rows: int, lut_rows: int) -> int:
    """Activation of the leftmost column at the port to its sums over the DSP rows."""
    return INPUT + rows - lut_rows - 1 + DSP


def leave_lut(rows: int, pixel: int = 0) -> int:
    """Activation of the leftmost column at the port to its sums over a pixel's LUT rows."""
    return INPUT + rows - 1 + (FOLLOWING_LUT if pixel else LUT)


def split_lut_rows(rows: int, lut_rows: int, pixels: int) -> tuple[int, ...]:
    """Each pixel's rows on LUTs, of so many in all: the last pixel's come first."""
    return tuple(
        min(rows, max(0, lut_rows - rows * (pixels - 1 - pixel))) for pixel in range(pixels)
    )


def latency(rows: int, columns: int, lut_rows: int, pixels: int = 1) -> int:
    """Activations at the port to all their column sums at the port: those of the later pixel."""
    each = enumerate(split_lut_rows(rows, lut_rows, pixels))
    return max(pixel_latency(rows, columns, own, pixel) for pixel, own in each)


def pixel_latency(rows: int, columns: int, lut_rows: int, pixel: int = 0) -> int:
    """The same of one of the pixels, which has so many rows on LUTs."""
    if lut_rows == 0:
        sums = leave_dsp(rows, 0)
    elif lut_rows == rows:
        sums = leave_lut(rows, pixel)
    else:
        sums = max(leave_dsp(rows, lut_rows), leave_lut(rows, pixel)) + 1
    return sums + columns // 2 - 1


def settle(rows: int) -> int:
    """``swap`` at the port to the earliest ``load``: the last row must have taken its weights.

    Loads move right as swaps do, so the number of columns does not matter. They move down
    ``LOAD_ROWS`` rows a cycle and swaps one, so the last row is where a load is closest behind.
    """
    return rows - 1 - (rows - 1) // LOAD_ROWS
