"""The self-test's image: always the same, and a good mixture."""

import numpy as np

from spec import selftest


def test_the_image_is_marsaglias_generator():
    # From 1, these shifts must give 270369.
    state = 1
    for shift in selftest.SHIFTS:
        state ^= (state << shift if shift > 0 else state >> -shift) & 0xFFFFFFFF
    assert state == 270369


def test_rows_go_on_where_the_last_one_ended():
    wide = selftest.image(2, 30)
    tall = selftest.image(60, 1)
    assert wide.dtype == np.uint8 and wide.shape == (2, 30, 3)
    assert (wide.reshape(-1, 3) == tall.reshape(-1, 3)).all()


def test_all_values_come():
    image = selftest.image(64, 64)
    assert (np.bincount(image.ravel(), minlength=256) > 0).all()
