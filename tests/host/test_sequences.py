"""Cameras whose photographs come one after another; time is not waited for."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from host import appearing
from host.photographs import PhotographError, read
from host.sequences import BEFORE, Followed
from spec.photograph import Framing

FRAMING = Framing(24)


class Camera:
    """A folder of frames of one landscape, and what is made of each as it comes."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.boxes, self.told = {}, []
        self.followed = Followed(FRAMING, self.boxes, self.told.append)

    def write(self, name: str, animal: slice | None = None, light: int = 0) -> Path:
        land = np.random.default_rng(9).integers(60, 160, (15, 20, 3)).repeat(16, 0).repeat(16, 1)
        land += light
        if animal is not None:
            land[animal, animal] = 230
        self.folder.mkdir(exist_ok=True)
        Image.fromarray(land.astype(np.uint8)).save(self.folder / name)
        return self.folder / name

    def see(self, *arguments, **options) -> bytes | None:
        return self.followed.see(self.write(*arguments, **options))


@pytest.fixture
def camera(tmp_path) -> Camera:
    return Camera(tmp_path / "camera")


def test_the_first_two_are_seen_whole_and_that_is_said_once(camera):
    assert camera.see("0.png", slice(40, 90)) is None
    assert camera.see("1.png") is None
    assert not camera.boxes
    assert camera.told == [
        f"{camera.folder}: the first 2 of 320×240 pixels are seen whole: "
        "what moves is not known yet"
    ]
    assert camera.see("2.png") is None
    assert len(camera.told) == 1


def test_what_moved_is_seen_as_it_comes(camera):
    for index in range(3):
        assert camera.see(f"{index}.png") is None
    seen = camera.see("3.png", slice(100, 150))
    assert len(seen) == FRAMING.side**2 * 3
    left, top, width, height = camera.boxes[camera.folder / "3.png"]
    assert left <= 100 / 320 and left + width >= 150 / 320 and width < 0.5
    assert top <= 100 / 240 and top + height >= 150 / 240
    assert np.frombuffer(seen, np.uint8).max() >= 225
    assert seen != read(camera.folder / "3.png", FRAMING)


def test_a_name_used_again_forgets_where_something_moved(camera):
    for index in range(3):
        camera.see(f"{index}.png")
    assert camera.see("3.png", slice(100, 150)) is not None
    assert camera.see("3.png") is None
    assert not camera.boxes


def test_cameras_are_apart_by_folder_and_by_size(camera, tmp_path):
    for index in range(3):
        camera.see(f"{index}.png")
    other = Camera(tmp_path / "other")
    assert camera.followed.see(other.write("0.png", slice(100, 150))) is None
    small = camera.folder / "small.png"
    Image.new("RGB", (100, 90)).save(small)
    assert camera.followed.see(small) is None
    assert len(camera.told) == 3


def test_what_stays_becomes_usual(camera):
    """A branch that fell is part of the scene when most of the last ones show it."""
    for index in range(2 * BEFORE):
        camera.see(f"{index}.png")
    seen = [camera.see(f"new{index}.png", slice(100, 150)) for index in range(BEFORE)]
    assert seen[0] is not None and seen[-1] is None
    assert camera.see("gone.png") is not None  # by now it is its absence that differs


def test_a_file_that_is_none_is_refused(camera):
    path = camera.write("0.png")
    path.write_bytes(b"none")
    with pytest.raises(PhotographError, match=r"0\.png: not an image"):
        camera.followed.see(path)


@pytest.mark.parametrize("gone", [False, True])
def test_watching_gives_the_part_or_else_the_whole(camera, monkeypatch, gone):
    """One that is gone between two readings is answered as it was read first."""
    for index in range(3):
        camera.see(f"{index}.png")
    camera.followed.see(camera.write("3.png", slice(100, 150)))
    path = camera.write("4.png", slice(100, 150))
    whole, moment = read(path, FRAMING), iter(range(1, 9))
    monkeypatch.setattr(appearing.time, "sleep", lambda _: None)
    monkeypatch.setattr(appearing.time, "monotonic", lambda: float(next(moment)))

    def see(path: Path) -> bytes | None:
        if gone:
            path.unlink()
        return camera.followed.see(path)

    refused = {}
    found = appearing.appearing(
        camera.folder, existing=True, framing=FRAMING, refused=refused, warn=print, see=see
    )
    answers = {path.name: pixels for ((path, pixels),) in islice(found, 5)}
    assert len(answers) == 5 and not refused
    assert (answers["4.png"] == whole) == gone
