"""Geometry against spec, and the timing's closed form against a scan done step by step."""

from random import Random

import pytest

from plan.window import (
    FIRST_PIXEL,
    FIRST_WORD,
    RING,
    ROW_DONE,
    WindowGeometry,
    WindowTiming,
    line_block_rams,
)
from spec.network import Conv, FeatureMap

REFERENCE = WindowGeometry(
    height=224, width=224, kernel=3, stride=2, padding=1, word_bytes=16, ring_rows=8
)


def geometry(**changes) -> WindowGeometry:
    small = {"height": 8, "width": 8, "kernel": 3, "stride": 1, "padding": 1}
    return WindowGeometry(**small | {"word_bytes": 16, "ring_rows": 2} | changes)


def some_geometries(count: int):
    rng = Random(1)
    while count:
        kernel = rng.choice((1, 3, 5, 7))
        padding = rng.randrange(kernel)
        low = max(1, kernel - 2 * padding)
        count -= 1
        yield geometry(
            height=rng.randrange(low, low + 9),
            width=rng.randrange(max(5, low), low + 14),
            kernel=kernel,
            stride=rng.randrange(1, 4),
            padding=padding,
            word_bytes=rng.choice((4, 8, 16, 32)),
            ring_rows=rng.randrange(1, 5),
        )


def scanned(g: WindowGeometry, free_after: list[int]) -> list[int]:
    """``row_done`` of every row, by walking over the scan positions one at a time."""
    now = FIRST_PIXEL
    patch_allowed = 0
    done = []
    for y in range(g.scan_rows):
        row = y - g.offset
        completes_row = row >= 0 and row % g.stride == 0
        for x in range(g.scan_columns):
            if completes_row and x == 0 and len(done) >= g.ring_rows:
                freed = done[len(done) - g.ring_rows] + free_after[len(done) - g.ring_rows]
                now = max(now, freed + RING)
            column = x - g.offset
            if completes_row and column >= 0 and column % g.stride == 0:
                now = max(now, patch_allowed)
                patch_allowed = now + g.words
                if column == (g.o_width - 1) * g.stride:
                    last = now
            now += 1
        if completes_row:
            done.append(last + FIRST_WORD + g.words - 1 + ROW_DONE)
    return done


def test_sizes_are_those_of_the_convolution():
    for g in some_geometries(200):
        conv = Conv(
            name="conv1",
            i=FeatureMap(3, g.height, g.width),
            channels=1,
            kernel=g.kernel,
            stride=g.stride,
            padding=g.padding,
        )
        assert (g.o_height, g.o_width) == (conv.o.height, conv.o.width)
        assert g.scan_rows >= g.height
        assert g.scan_columns >= g.width
        assert g.words == -(-conv.taps * 3 // g.word_bytes)


def test_rows_come_when_a_scan_step_by_step_says():
    rng = Random(2)
    for g in some_geometries(300):
        slow = 2 * g.scan_columns * g.words
        free_after = sorted(rng.randrange(1, slow) for _ in range(g.o_height))
        want = scanned(g, free_after)
        timing = WindowTiming(g)
        done = []
        for row in range(g.o_height):
            if row >= g.ring_rows:
                timing.free(done[row - g.ring_rows] + free_after[row - g.ring_rows])
            done.append(timing.next_row())
        assert done == want, g


def test_the_reference_takes_a_pixel_a_cycle():
    g = REFERENCE
    assert (g.scan_rows, g.scan_columns, g.words) == (224, 224, 2)
    timing = WindowTiming(g)
    timing.free(0, g.o_height)
    last = [timing.next_row() for _ in range(g.o_height)][-1]
    assert last == FIRST_PIXEL + 224 * 224 - 1 + FIRST_WORD + g.words - 1 + ROW_DONE


def test_a_row_that_nobody_frees_is_an_error():
    timing = WindowTiming(geometry(ring_rows=2))
    timing.next_row()
    timing.next_row()
    with pytest.raises(ValueError, match="row 2 waits for a row of the ring that nobody has freed"):
        timing.next_row()


def test_rows_end_and_time_goes_forward():
    timing = WindowTiming(geometry(height=3, ring_rows=3))
    for _ in range(3):
        timing.next_row()
    with pytest.raises(ValueError, match="a frame has only 3 rows"):
        timing.next_row()
    timing.free(100)
    with pytest.raises(ValueError, match="rows freed after cycle 100 cannot come in 99"):
        timing.free(99)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"padding": 3}, "padding must be from 0 to 2, not 3"),
        ({"padding": -1}, "padding must be from 0 to 2, not -1"),
        ({"width": 4}, "width must be at least 5, not 4"),
        ({"ring_rows": 0}, "ring_rows must be at least 1, not 0"),
        ({"kernel": 7, "padding": 0, "height": 6}, "7×7 kernel must fit the padded image of 6×8"),
    ],
)
def test_what_cannot_be_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        geometry(**changes)


def test_block_rams_of_the_line_buffer():
    assert line_block_rams(224, 1) == 0
    assert line_block_rams(224, 3) == 2
    assert line_block_rams(227, 7) == 4
