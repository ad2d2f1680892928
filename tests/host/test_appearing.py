"""Every file once, whole, however it arrives; time is made here."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from host import appearing
from host.appearing import LOOK, PATIENCE, STALE, Folder
from host.photographs import PhotographError, read
from spec.photograph import Framing

FRAMING = Framing(24)


@pytest.fixture
def picture(tmp_path):
    """A function that writes a JPEG of noise and returns its bytes."""

    def make(seed: int, path: Path = tmp_path / "scratch.jpg") -> bytes:
        pixels = np.random.default_rng(seed).integers(0, 256, (60, 60, 3), np.uint8)
        Image.fromarray(pixels).save(path, "JPEG")
        return path.read_bytes()

    return make


class Watched:
    """A folder, and what is said of it over made-up time."""

    def __init__(self, path: Path, existing: bool = False):
        self.path = path
        self.warnings: list[str] = []
        self.folder = Folder(path, existing=existing, framing=FRAMING, warn=self.warnings.append)
        self.now = 0.0

    def after(self, seconds: float) -> list[tuple[str, bytes | PhotographError]]:
        said = []
        for _ in range(round(seconds / LOOK)):
            self.now += LOOK
            said += [(str(p.relative_to(self.path)), f) for p, f in self.folder.look(self.now)]
        return said

    def answers(self, seconds: float = 2) -> list[str]:
        said = self.after(seconds)
        for name, found in said:
            assert found == read(self.path / name, FRAMING)
        return [name for name, _ in said]


@pytest.fixture
def watched(tmp_path) -> Watched:
    (tmp_path / "camera").mkdir()
    return Watched(tmp_path / "camera")


def test_once(watched, picture):
    picture(1, watched.path / "a.jpg")
    assert watched.answers() == ["a.jpg"]
    assert watched.answers(20) == []


def test_those_that_are_there(watched, picture):
    picture(1, watched.path / "a.jpg")
    assert Watched(watched.path).answers() == []
    assert Watched(watched.path, existing=True).answers() == ["a.jpg"]


@pytest.mark.parametrize("pause", [3, 60])
def test_an_upload_that_pauses(watched, picture, pause):
    data = picture(1)
    (watched.path / "a.jpg").write_bytes(data[:900])
    complaints = watched.after(pause)
    assert [type(found) for _, found in complaints] == [PhotographError] * (pause > PATIENCE)
    with (watched.path / "a.jpg").open("ab") as file:
        file.write(data[900:])
    assert watched.answers() == ["a.jpg"]
    assert watched.answers(20) == []


def test_one_that_began_before_we_did(watched, picture):
    data = picture(1)
    (watched.path / "a.jpg").write_bytes(data[:900])
    begun = Watched(watched.path)
    (watched.path / "a.jpg").write_bytes(data)
    assert begun.answers() == ["a.jpg"]


def test_a_name_used_again(watched, picture):
    for seed in range(3):
        picture(seed, watched.path / "a.jpg")
        os.utime(watched.path / "a.jpg", ns=(0, seed))  # clocks of file systems are coarse
        assert watched.answers() == ["a.jpg"]
    (watched.path / "a.jpg").unlink()
    assert watched.answers() == []
    picture(2, watched.path / "a.jpg")
    os.utime(watched.path / "a.jpg", ns=(0, 2))
    assert watched.answers() == ["a.jpg"]


def test_a_file_that_is_moved_was_answered(watched, picture):
    picture(1, watched.path / "a.jpg")
    assert watched.answers() == ["a.jpg"]
    (watched.path / "done").mkdir()
    (watched.path / "a.jpg").rename(watched.path / "done" / "b.jpg")
    assert watched.answers() == []


@pytest.mark.parametrize(
    "temporary",
    [".rsync-partial/b.jpg", ".b.jpg.x7Tq", "b.jpg.part", "b.jpg.7Tq", "b.tmp", "b.jpg~"],
)
def test_unfinished_files_of_programs(watched, picture, temporary):
    place = watched.path / temporary
    place.parent.mkdir(exist_ok=True)
    picture(1, place)
    assert watched.answers(20) == []
    place.rename(watched.path / "b.jpg")
    assert watched.answers() == ["b.jpg"]


def test_a_photograph_of_another_name(watched, picture):
    picture(1, watched.path / "a.jpg_large")
    picture(2, watched.path / "frame.0001")
    picture(3, watched.path / "a.jpg.1")  # as wget calls the second of a name
    (watched.path / "notes.txt").write_text("no photograph")
    assert watched.answers(PATIENCE / 2) == []  # who knows what it will be called
    assert watched.answers(PATIENCE) == ["a.jpg.1", "a.jpg_large", "frame.0001"]
    assert watched.after(30) == []


def test_space_that_was_made_before(watched, picture):
    image = Image.fromarray(np.random.default_rng(1).integers(0, 256, (60, 60, 3), np.uint8))
    image.save(watched.path / "a.bmp")
    whole = (watched.path / "a.bmp").read_bytes()
    half = whole[: len(whole) // 2]
    (watched.path / "a.bmp").write_bytes(half + bytes(len(whole) - len(half)))
    assert watched.answers(PATIENCE - 2 * LOOK) == []
    (watched.path / "a.bmp").write_bytes(whole)
    assert watched.answers() == ["a.bmp"]
    (watched.path / "b.bmp").write_bytes(half + bytes(len(whole) - len(half)))  # it stays black
    assert watched.answers(PATIENCE + 2) == ["b.bmp"]


def test_what_stands_behind_a_photograph(watched, picture):
    """A second picture, or a film, that arrives after the answer."""
    data = picture(1)
    (watched.path / "a.jpg").write_bytes(data)
    assert watched.answers() == ["a.jpg"]
    with (watched.path / "a.jpg").open("ab") as file:
        file.write(data)
    assert watched.answers(20) == []


def test_a_time_that_is_set_in_the_end(watched, picture):
    picture(1, watched.path / "a.jpg")
    assert watched.answers() == ["a.jpg"]
    os.utime(watched.path / "a.jpg", ns=(0, 0))
    assert watched.answers() == []
    picture(1, watched.path / "a.jpg")  # the same picture once more
    assert watched.answers() == ["a.jpg"]


def test_files_that_vanish(watched, picture, monkeypatch):
    for moment in ("_identity", "read"):
        picture(1, watched.path / "a.jpg")
        picture(2, watched.path / "b.jpg")

        original = getattr(appearing, moment)

        def vanish(path, *more, own=original):
            if path.name == "a.jpg":
                path.unlink(missing_ok=True)
            return own(path, *more)

        with monkeypatch.context() as patch:
            patch.setattr(appearing, moment, vanish)
            assert watched.answers(30) == ["b.jpg"]
        (watched.path / "b.jpg").unlink()
        watched.answers()


def test_a_folder_that_vanishes(watched, picture):
    (watched.path / "inner").mkdir()
    picture(1, watched.path / "inner" / "a.jpg")
    watched.after(LOOK)
    shutil.rmtree(watched.path / "inner")
    assert watched.answers() == []
    watched.path.rmdir()
    with pytest.raises(PhotographError, match="cannot be read any more"):
        watched.after(LOOK)


def test_links_in_a_circle(watched, picture):
    (watched.path / "again").symlink_to(watched.path)
    picture(1, watched.path / "a.jpg")
    assert watched.answers() == ["a.jpg"]


def test_pipes_and_empty_files_are_not_waited_for(watched):
    os.mkfifo(watched.path / "pipe.jpg")
    (watched.path / "empty.jpg").touch()
    assert watched.after(30) == []


def test_no_photograph_is_said_once(watched):
    (watched.path / "a.jpg").write_bytes(b"no image")
    ((name, error),) = watched.after(60)
    assert name == "a.jpg" and "not an image" in str(error)


def test_pieces_in_any_order(watched, picture):
    """A sidecar lies beside the file until the last piece has come."""
    data = picture(1)
    (watched.path / "a.jpg.aria2").write_bytes(b"which pieces")
    (watched.path / "a.jpg").write_bytes(data[:900] + bytes(len(data) - 1000) + data[-100:])
    assert watched.answers(30) == []
    (watched.path / "a.jpg").write_bytes(data)
    (watched.path / "a.jpg.aria2").unlink()
    assert watched.answers() == ["a.jpg"]


def test_a_name_that_stays_unfinished_is_said_once(watched, picture):
    picture(1, watched.path / "a.jpg.part")
    ((name, error),) = watched.after(3 * STALE)
    assert name == "a.jpg.part" and "rename it" in str(error)
    begun = Watched(watched.path)
    assert begun.after(3 * STALE) == []
    (watched.path / "a.jpg.part").rename(watched.path / "a.jpg")
    assert begun.answers() == watched.answers() == ["a.jpg"]


def test_an_answered_file_that_is_put_aside(watched, picture):
    picture(1, watched.path / "a.jpg")
    assert watched.answers() == ["a.jpg"]
    (watched.path / "a.jpg").rename(watched.path / "a.jpg.bak")
    assert watched.after(3 * STALE) == []


def test_a_jpeg_whose_space_was_made_before(watched, picture):
    """Decoders would draw the rest grey."""
    data = picture(1)
    (watched.path / "a.jpg").write_bytes(data[:900] + bytes(len(data) - 900))
    ((_, error),) = watched.after(60)
    assert "ends in zeros" in str(error)
    (watched.path / "a.jpg").write_bytes(data)
    assert watched.answers() == ["a.jpg"]


def test_another_file_of_the_same_length_and_time(watched):
    """As ``cp -p`` of pictures out of an archive without times."""
    for grey in (10, 200):
        Image.new("RGB", (30, 30), (grey,) * 3).save(watched.path / "a.bmp")
        os.utime(watched.path / "a.bmp", ns=(0, 0))
        assert watched.answers() == ["a.bmp"]


def test_a_time_in_the_future_that_is_set_in_the_end(watched, picture):
    """Of a camera whose clock is ahead."""
    picture(1, watched.path / "a.jpg")
    assert watched.answers() == ["a.jpg"]
    os.utime(watched.path / "a.jpg", (4e9, 4e9))
    assert watched.answers() == []


def test_one_that_was_there_and_is_moved(watched, picture):
    picture(1, watched.path / "a.jpg")
    begun = Watched(watched.path)
    (watched.path / "a.jpg").rename(watched.path / "b.jpg")
    assert begun.answers() == []


@pytest.mark.parametrize("seconds", [3, 60])
def test_rights_that_come_in_the_end(watched, picture, monkeypatch, seconds):
    path = watched.path / "a.jpg"
    picture(1, path)

    def forbidden(path, framing):
        raise PhotographError(f"{path}: cannot be read (Permission denied)")

    with monkeypatch.context() as patch:
        patch.setattr(appearing, "read", forbidden)
        assert len(watched.after(seconds)) == (seconds > PATIENCE)
    path.chmod(0o640)
    assert watched.answers() == ["a.jpg"]


def test_a_folder_that_cannot_be_read_for_a_moment(watched, picture, monkeypatch):
    """As on a network: what was answered there is not forgotten."""
    inner = watched.path / "inner"
    inner.mkdir()
    picture(1, inner / "a.jpg")
    assert watched.answers() == ["inner/a.jpg"]
    own = os.scandir

    def closed(path):
        if Path(path) == inner:
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return own(path)

    for times in (1, 2):
        with monkeypatch.context() as patch:
            patch.setattr(os, "scandir", closed)
            assert watched.answers() == []
        assert len(watched.warnings) == times and "inner: cannot be read" in watched.warnings[0]
        assert watched.answers() == []


def test_thousands_at_once(watched, picture):
    data = picture(1)
    for number in range(2000):
        (watched.path / f"{number:04}.jpg").write_bytes(data)
    assert watched.answers() == [f"{number:04}.jpg" for number in range(2000)]
    assert watched.answers() == []
