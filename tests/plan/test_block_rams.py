"""Cutting memories into block RAMs."""

import itertools

import pytest

from plan.block_rams import SHAPES, banks, block_rams


@pytest.mark.parametrize(
    ("width", "depth", "rams"),
    [
        (9, 2048, 1),
        (18, 1024, 1),
        (36, 512, 1),
        (10, 2048, 2),
        (19, 1024, 2),
        (37, 512, 2),
        (9, 2049, 2),
        (36, 513, 2),
        (128, 2048, 15),
        (128, 2049, 19),  # 15 deep ones, and four of 512×36 rather than 15 more
        (128, 3500, 27),  # 15 + 8 of 1024×18 + 4
        (1, 1, 1),
    ],
)
def test_known_sizes(width, depth, rams):
    assert block_rams(width, depth) == rams


def test_banks_cover_the_depth_aligned_and_none_is_spare():
    for width, depth in itertools.product((1, 8, 20, 36, 128), (1, 511, 512, 513, 3000, 8191)):
        found = banks(width, depth)
        assert {(bank.depth, bank.slice_width) for bank in found} <= set(SHAPES)
        assert [bank.start for bank in found] == [
            sum(bank.depth for bank in found[:k]) for k in range(len(found))
        ]
        assert all(bank.start % bank.depth == 0 for bank in found)
        end = found[-1].start + found[-1].depth
        assert end - found[-1].depth < depth <= end


def test_no_single_shape_is_better():
    for width, depth in itertools.product((8, 19, 64, 100), (100, 700, 1600, 4000)):
        uniform = (-(-width // w) * -(-depth // d) for d, w in SHAPES)
        assert block_rams(width, depth) <= min(uniform)


def test_lanes_share_no_block_ram():
    assert block_rams(36, 512, lanes=2) == 2
    assert block_rams(128, 2048, lanes=2) == 16


def test_bad_sizes_are_refused():
    with pytest.raises(ValueError, match="at least one bit and one word, not 0 and 5"):
        banks(0, 5)
    with pytest.raises(ValueError, match="3 lanes must divide the width 16"):
        block_rams(16, 5, lanes=3)
