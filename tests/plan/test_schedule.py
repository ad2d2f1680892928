"""Tiles and their order, on shapes that networks seldom have."""

import pytest

from hw.engine.pool import flags
from plan.schedule import PlanError, Tile, finished, interleave, phases, ring_rows, split
from spec.network import Conv, FeatureMap, MaxPool
from spec.squeezenet import squeezenet, tiny


@pytest.mark.parametrize("target", [0, 16, 35, 96])
@pytest.mark.parametrize("most", [16, 64, 512])
def test_split_covers_all_rows_evenly(target, most):
    for height in range(1, 40):
        for width in (1, 2, 5, 16):
            tiles = split(height, width, max(1, target), most)
            assert [first for first, _ in tiles] == [
                sum(rows for _, rows in tiles[:index]) for index in range(len(tiles))
            ]
            sizes = [rows for _, rows in tiles]
            assert sum(sizes) == height
            assert max(sizes) * width <= most
            assert max(sizes) - min(sizes) <= 1
            # Small tiles only where there is no choice.
            if len(tiles) > 1 and 2 * target <= most:
                assert min(sizes) * width >= min(target, most // width * width)


def test_split_refuses_a_row_that_is_too_wide():
    with pytest.raises(
        PlanError, match="a row of 17 pixels does not fit an accumulator tile of 16"
    ):
        split(4, 17, 10, 16)


@pytest.mark.parametrize("kernel", [2, 3])
def test_finished_rows_are_those_the_pool_emits(kernel):
    for height in range(2, 20):
        pool = MaxPool(name="pool", i=FeatureMap(1, height, 4), kernel=kernel)
        emitted = 0
        for row in range(height):
            assert finished(row, pool) == emitted
            emitted += flags(kernel, row, height - 1).emit
        assert finished(height, pool) == emitted == pool.o.height


def test_without_a_pool_rows_are_finished_at_once():
    assert [finished(rows, None) for rows in range(4)] == [0, 1, 2, 3]


def test_phases_are_what_makes_each_wide_tensor_and_consumes_it():
    work = phases(squeezenet())
    assert [phase.wide for phase in work] == [
        "pool1",
        "fire2",
        "pool3",
        "fire4",
        "pool5",
        "fire6",
        "fire7",
    ]
    assert [phase.consumer.name for phase in work] == [
        *(f"fire{number}.squeeze" for number in range(2, 8)),
        "conv8",
    ]
    assert [len(phase.producers) for phase in work] == [1, 2, 2, 2, 2, 2, 2]


@pytest.mark.parametrize("image_size", [8, 23, 57])
@pytest.mark.parametrize("pool_kernel", [2, 3])
@pytest.mark.parametrize("most", [32, 100, 512])
def test_a_consumer_follows_what_it_reads(image_size, pool_kernel, most):
    for phase in phases(tiny(image_size=image_size, pool_kernel=pool_kernel, blocks=2)):
        order = [*interleave(phase, min(35, most), most)]
        made = read = 0
        for index, (tile, consumes) in enumerate(order):
            assert tile.pixels <= most
            if consumes:
                assert tile.conv == phase.consumer
                assert tile.first == read
                read += tile.rows
                assert read <= made
            elif tile.conv == phase.producers[-1]:
                assert tile.o_first == made
                made += tile.o_rows
            else:
                assert order[index + 1][0].first == tile.first
        assert made == read == phase.consumer.i.height


def test_ring_rows_are_those_written_and_not_yet_read():
    conv = Conv(name="conv", i=FeatureMap(1, 9, 4), channels=1)

    def tile(first: int, rows: int) -> Tile:
        return Tile(conv=conv, pool=None, first=first, rows=rows, o_first=first, o_rows=rows)

    order = [(tile(0, 3), False), (tile(3, 2), False), (tile(0, 4), True), (tile(5, 4), False)]
    assert ring_rows(order) == 5
    assert ring_rows([(tile(0, 0), False)]) == 1
