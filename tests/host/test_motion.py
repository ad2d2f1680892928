"""Where a sequence moves."""

import numpy as np
import pytest

from host.motion import CELLS, LEAST, MARGIN, Square, active, cells, squares


def scene(seed: int = 0) -> np.ndarray:
    """A coarse random landscape, the same every time; its noise is another one for every seed."""
    land = np.random.default_rng(9).integers(60, 160, (15, 20, 3)).repeat(16, 0).repeat(16, 1)
    noise = np.random.default_rng(seed).normal(0, 4, land.shape)
    return np.clip(land + noise, 0, 255).astype(np.uint8)


def moved(pictures: list[np.ndarray]) -> list[Square | None]:
    counted = [cells(picture) for picture in pictures]
    return squares(np.stack([grey for grey, _ in counted]), counted[0][1], *pictures[0].shape[:2])


def with_animal(picture: np.ndarray, top: int, left: int, size: int = 40) -> np.ndarray:
    picture = picture.copy()
    picture[top : top + size, left : left + size] = 230
    return picture


def test_cells_are_means_of_grey():
    picture = np.zeros((100, 2 * CELLS, 3), np.uint8)
    picture[:, :CELLS] = 200
    grey, side = cells(picture)
    assert side == 2 and grey.shape == (50, CELLS)
    assert set(np.unique(grey)) == {0, 200}


@pytest.mark.parametrize("shape", [(1, 3000), (3000, 2), (20, 3000), (48, 1)])
def test_a_strip_has_cells_too(shape):
    grey = np.zeros((3, *shape, 3), np.uint8)
    grey[2, :, shape[1] // 2 :] = 200
    counted = [cells(picture) for picture in grey]
    assert counted[0][0].shape[0] and counted[0][0].shape[1]
    found = squares(np.stack([own for own, _ in counted]), counted[0][1], *shape)
    assert found[0] is None and all(s is None or s.of(grey[0]).size for s in found)


def test_what_moved_is_found_and_the_rest_is_none():
    frames = [scene(seed) for seed in range(5)]
    frames[3] = with_animal(frames[3], 120, 200)
    found = moved(frames)
    assert [square is None for square in found] == [True, True, True, False, True]
    square, cell = found[3], 320 // CELLS
    assert square.left <= 200 and square.left + square.side >= 240
    assert square.top <= 120 and square.top + square.side >= 160
    assert square.side <= 40 + (2 * MARGIN + 4) * cell
    assert (square.of(frames[3]) == 230).any()


def test_a_square_stays_within_the_frame():
    frames = [scene(seed) for seed in range(3)]
    frames[0] = with_animal(frames[0], 0, 280)
    frames[2] = with_animal(frames[2], 10, 0, 150)
    small, _, large = moved(frames)
    assert small == Square(320 - small.side, 0, small.side)
    assert small.side >= LEAST * (320 // CELLS)
    assert large.side <= 240 and large.left == 0


def test_a_cloud_does_not_move():
    frames = [np.clip(scene(seed).astype(int) + 12 * seed, 0, 255) for seed in range(4)]
    assert moved([frame.astype(np.uint8) for frame in frames]) == [None] * 4


def test_a_lone_cell_does_not_count():
    frames = np.zeros((3, 9, 9), np.int64)
    frames[1, 4, 4] = 99
    assert not active(frames).any()
    frames[1, 4, 5] = 99
    assert active(frames)[1].sum() == 2


def test_an_animal_under_a_cloud_is_found():
    frames = [scene(seed).astype(int) for seed in range(4)]
    frames[2] += 30
    frames[2][100:160, 100:160] += 50
    found = moved([np.clip(frame, 0, 255).astype(np.uint8) for frame in frames])
    assert [square is None for square in found] == [True, True, False, True]
    assert found[2].side < 240
