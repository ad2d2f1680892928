"""The flags along an axis: what they make of a row of values is that row's maxima."""

import pytest

from hw.engine.pool import flags


def pooled(values: list[int], kernel: int) -> list[int]:
    """Maxima of windows at even positions, cut at the end; none begins in the last one's tail."""
    starts = range(0, max(1, len(values) - kernel + 2), 2)
    return [max(values[start : start + kernel]) for start in starts]


@pytest.mark.parametrize("kernel", [2, 3])
@pytest.mark.parametrize("length", range(1, 12))
@pytest.mark.parametrize("sign", [1, -1])
def test_flags_make_the_maxima(kernel, length, sign):
    values = [100 + sign * position for position in range(length)]
    running, maxima = None, []
    for position, value in enumerate(values):
        at = flags(kernel, position, length - 1)
        joined = value if running is None else max(running, value)
        if at.emit:
            maxima.append(joined if at.join else value)
        running = value if at.open else joined
    assert maxima == pooled(values, kernel)


@pytest.mark.parametrize("kernel", [2, 3])
def test_two_windows_end_side_by_side_only_at_the_end(kernel):
    last = 9
    ends = [position for position in range(last + 1) if flags(kernel, position, last).emit]
    assert ends == ([1, 3, 5, 7, 9] if kernel == 2 else [2, 4, 6, 8, 9])


def test_other_kernels_and_positions_are_refused():
    with pytest.raises(ValueError, match="kernel must be 2 or 3, not 4"):
        flags(4, 0, 1)
    with pytest.raises(ValueError, match="position must be from 0 to 7, not 8"):
        flags(3, 8, 7)
