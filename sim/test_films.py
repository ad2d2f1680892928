"""Films become frames, whole and upright; what is none is said."""

import struct
import sys

import av
import numpy as np
import pytest

from host.photographs import gather
from photo.files import PhotographError
from sim import films
from sim.playing import pictures
from spec.photograph import Framing

GREYS = (20, 90, 160, 230)
HEIGHT, WIDTH = 48, 64


def make(path):
    """A film of grey frames whose upper half is black."""
    with av.open(str(path), "w") as film:
        stream = film.add_stream("mpeg4", rate=5)
        stream.height, stream.width, stream.pix_fmt = HEIGHT, WIDTH, "yuv420p"
        for grey in GREYS:
            pixels = np.full((HEIGHT, WIDTH, 3), grey, np.uint8)
            pixels[: HEIGHT // 2] = 0
            film.mux(stream.encode(av.VideoFrame.from_ndarray(pixels)))
        film.mux(stream.encode())
    return path


@pytest.mark.parametrize("suffix", (".mp4", ".AVI", ".mkv", ".mov"))
def test_each_frame_is_a_picture(tmp_path, suffix):
    path = make(tmp_path / f"film{suffix}")
    shown = list(pictures([path], Framing(32), pytest.fail))
    assert [name for name, _ in shown] == [f"{path} {number}" for number in (1, 2, 3, 4)]
    for (_, pixels), grey in zip(shown, GREYS, strict=True):
        assert pixels.shape == (32, 32, 3)
        assert abs(int(pixels[24, 16, 0]) - grey) < 8  # the film's own loss
        assert pixels[8, 16, 0] < 8


def test_a_film_in_a_folder_is_played(tmp_path):
    make(tmp_path / "film.MP4")
    (tmp_path / "notes.txt").write_text("none")
    left_out = []
    assert gather([tmp_path], left_out.append, films.SUFFIXES) == [tmp_path / "film.MP4"]
    assert left_out == [f"{tmp_path / 'notes.txt'}: not an image"]


def test_frames_are_turned_as_the_film_says(tmp_path):
    path = make(tmp_path / "film.mp4")
    upright = np.asarray(next(films.frames(path)))
    assert upright.shape == (HEIGHT, WIDTH, 3)
    # ISO 14496-12, 8.3.2: right becomes down, down becomes left.
    content = bytearray(path.read_bytes())
    matrix = content.index(b"tkhd") + 44
    content[matrix : matrix + 36] = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, *[0] * 4, 1 << 30)
    path.write_bytes(content)
    assert np.array_equal(np.asarray(next(films.frames(path))), np.rot90(upright, -1))


def test_a_film_that_is_cut_off_is_said_after_its_frames(tmp_path):
    path = make(tmp_path / "film.avi")
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(b"00dc", 0, content.index(b"idx1"))])
    told = []
    assert len(list(pictures([path], Framing(32), told.append))) == 3
    assert told == [f"{path}: a film of 4 frames that ends after 3; the rest is skipped"]


def test_a_film_without_a_picture_is_refused(tmp_path):
    path = tmp_path / "sound.avi"
    with av.open(str(path), "w") as film:
        stream = film.add_stream("pcm_s16le", rate=8000, layout="mono")
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        silence.sample_rate = 8000
        film.mux(stream.encode(silence))
    with pytest.raises(PhotographError, match=r"sound\.avi: a film without a picture"):
        next(films.frames(path))


@pytest.mark.parametrize(
    ("keep", "says"),
    ((0, "no film that can be read"), (900, "no film that can be read")),
)
def test_what_is_no_film_is_said(tmp_path, keep, says):
    path = make(tmp_path / "film.mp4")
    path.write_bytes(path.read_bytes()[:keep])
    told = []
    assert list(pictures([path], Framing(32), told.append)) == []
    assert len(told) == 1 and told[0].startswith(f"{path}: {says} (") and "skipped" in told[0]


def test_without_pyav_the_way_is_said(tmp_path, monkeypatch):
    path = make(tmp_path / "film.mp4")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(PhotographError, match=r"film.mp4: a film needs PyAV: pip install"):
        next(films.frames(path))
