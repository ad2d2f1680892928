"""Photographs are found and read as in training, and what is none is named."""

import numpy as np
import pytest
from PIL import Image

from host.photographs import PhotographError, gather, photographs_in, read, read_ahead
from spec.photograph import square


def test_files_and_folders_are_gathered_in_order(photographs, tmp_path):
    (photographs / "inside").mkdir()
    Image.new("RGB", (30, 30)).save(photographs / "inside" / "a.JPG", "JPEG")
    (photographs / "notes.txt").touch()
    (photographs / ".hidden.jpg").touch()
    single = tmp_path / "single.dat"
    single.touch()
    found = gather([single, photographs])
    names = [path.relative_to(tmp_path).as_posix() for path in found]
    assert names == [
        "single.dat",
        *(f"photographs/{index}.png" for index in range(6)),
        "photographs/inside/a.JPG",
    ]


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(PhotographError, match=r"a\.jpg: no such file or folder"):
        gather([tmp_path / "a.jpg"])
    with pytest.raises(PhotographError, match="holds no photograph"):
        gather([tmp_path])


def test_the_rule_is_that_of_training(tmp_path):
    rng = np.random.default_rng(1)
    path = tmp_path / "a.png"
    Image.fromarray(rng.integers(0, 256, (40, 70, 3), np.uint8)).save(path)
    with Image.open(path) as image:
        assert read(path, 24) == square(image, 24).tobytes()


def test_what_is_no_photograph_is_named(tmp_path, photographs):
    text = tmp_path / "text.jpg"
    text.write_text("hello")
    with pytest.raises(PhotographError, match=r"text\.jpg: not an image"):
        read(text, 24)
    cut = tmp_path / "cut.png"
    whole = photographs_in(photographs)[0].read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PhotographError, match=r"cut\.png: damaged image"):
        read(cut, 24)


def test_reading_ahead_keeps_order_and_goes_on_after_a_bad_one(photographs):
    bad = photographs / "2b.png"
    bad.write_bytes(b"no")
    paths = photographs_in(photographs)
    refused = {}
    read_ones = list(read_ahead(paths, 24, refused))
    assert [path for path, _ in read_ones] == [path for path in paths if path != bad]
    assert all(data == read(path, 24) for path, data in read_ones)
    assert list(refused) == [bad]
