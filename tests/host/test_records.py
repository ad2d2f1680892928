"""What is kept of answers."""

import csv
import json
import os
import struct
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from host.client import Answer
from host.photographs import PhotographError
from host.records import UNREADABLE, Records, folder_name, look
from spec import synthetic
from spec.decision import Decision
from spec.photograph import Framing
from spec.replies import Result
from spec.squeezenet import tiny
from spec.text import printable

QUANTIZED = replace(
    synthetic.quantized(tiny()), labels=("LION", "PUMA", "none"), decision=Decision(none=2)
)
TAKEN = "2024:05:06 07:08:09"


@pytest.fixture
def photo(tmp_path):
    """A wide picture of which the camera noted the time, an hour old."""
    path = tmp_path / "card" / "IMG_1.jpg"
    path.parent.mkdir()
    image = Image.new("RGB", (40, 20), (9, 90, 9))
    exif = image.getexif()
    exif.get_ifd(0x8769)[0x9003] = TAKEN
    image.save(path, exif=exif)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


def said(path, winner: int) -> Answer:
    sums = [0, 10, 20]
    sums[winner] = 900
    result = Result(sums=tuple(sums), cycles=1, winner=winner, wrong=0)
    return Answer(key=path, result=result, seconds=0.1)


def test_every_kind_of_record(photo, tmp_path):
    other = photo.with_name("IMG_2.jpg")
    other.write_bytes(photo.read_bytes())
    broken = photo.with_name("notes.jpg")
    broken.write_text("no picture")
    table, batch, folder = tmp_path / "a.csv", tmp_path / "a.json", tmp_path / "sorted"
    with Records(quantized=QUANTIZED, table=table, batch=batch, folder=folder) as kept:
        kept.answer(said(photo, 1))
        kept.answer(said(other, 2))
        kept.refused(broken, PhotographError(f"{broken}: not an image"))
        assert not batch.exists()
    with open(table, newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["answer"] for row in rows] == ["PUMA", "none", UNREADABLE]
    assert [row["taken"] for row in rows] == [TAKEN, TAKEN, ""]
    assert rows[0]["probability"] == rows[0]["PUMA"] > rows[0]["LION"]
    assert sum(float(rows[0][label]) for label in QUANTIZED.labels) == pytest.approx(1, abs=2e-4)
    content = json.loads(batch.read_text())
    assert content["info"]["format_version"] == "1.5"
    assert content["classification_categories"] == {"0": "LION", "1": "PUMA"}
    cat, nothing, failed = content["images"]
    (found,) = cat["detections"]
    assert found["category"] in content["detection_categories"]
    assert found["bbox"] == [0.25, 0.0, 0.5, 1.0]
    assert [name for name, _ in found["classifications"]] == ["1", "0"]
    assert nothing == {"file": other.as_posix(), "detections": []}
    assert failed == {"file": broken.as_posix(), "detections": None, "failure": "not an image"}
    copy = folder / "PUMA" / "IMG_1.jpg"
    assert copy.read_bytes() == photo.read_bytes() and copy.stat().st_mtime == 1_700_000_000
    assert (folder / "none" / "IMG_2.jpg").exists() and (folder / UNREADABLE / "notes.jpg").exists()
    assert photo.exists()


def test_files_of_one_name_stand_side_by_side(photo, tmp_path):
    for _ in range(2):
        with Records(quantized=QUANTIZED, folder=tmp_path / "sorted") as kept:
            kept.answer(said(photo, 0))
    names = sorted(path.name for path in (tmp_path / "sorted" / "LION").iterdir())
    assert names == ["IMG_1-2.jpg", "IMG_1.jpg"]


def test_nothing_is_overwritten(photo, tmp_path):
    for key in ("table", "batch"):
        with (
            pytest.raises(PhotographError, match="exists"),
            Records(quantized=QUANTIZED, **{key: photo}),
        ):
            pass
        with (
            pytest.raises(PhotographError, match="no folder"),
            Records(quantized=QUANTIZED, **{key: tmp_path / "nowhere" / "x"}),
        ):
            pass
    with (
        pytest.raises(PhotographError, match="cannot be written"),
        Records(quantized=QUANTIZED, folder=photo),
    ):
        pass


def test_the_box_is_what_the_network_saw(photo):
    assert look(photo, Framing(16)).box == (0.25, 0.0, 0.5, 1.0)
    assert look(photo, Framing(16, 32)).box == (0.375, 0.25, 0.25, 0.5)
    assert look(photo.with_name("none.jpg"), Framing(16)).taken == ""


def turned(path: Path, field: bytes) -> Path:
    """A wide picture with one EXIF field, as it stands in the file."""
    head = b"Exif\0\0II*\0" + struct.pack("<LH", 8, 1)
    Image.new("RGB", (40, 20)).save(path, exif=head + field + bytes(4))
    return path


@pytest.mark.parametrize(
    ("kind", "count", "value", "upright"),
    [
        (3, 1, b"\6\0\0\0", False),
        (3, 2, b"\6\0\1\0", False),
        (2, 2, b"6\0\0\0", True),
        (7, 1, b"\6\0\0\0", True),
    ],
)
def test_where_the_network_looked_whatever_the_camera_wrote(tmp_path, kind, count, value, upright):
    """An orientation in a number, in two (Pillow warns), and as text and as bytes: none."""
    path = turned(tmp_path / "a.jpg", struct.pack("<HHL", 0x0112, kind, count) + value)
    wide, tall = (0.25, 0.0, 0.5, 1.0), (0.0, 0.25, 1.0, 0.5)
    assert look(path, Framing(16)).box == (wide if upright else tall)


def test_where_the_network_looked_in_a_tiff_that_is_turned(tmp_path):
    Image.new("RGB", (40, 20)).save(tmp_path / "a.tif", tiffinfo={0x0112: 6})
    assert look(tmp_path / "a.tif", Framing(16)).box == (0.0, 0.25, 1.0, 0.5)


def test_a_damaged_photograph_is_not_looked_at(tmp_path):
    (tmp_path / "a.dds").write_bytes(b"DDS " + struct.pack("<L", 124) + bytes(120))
    assert look(tmp_path / "a.dds", Framing(16)).taken == ""


ODD = (
    *(b"L\xf6we.jpg", b"new\nline.jpg", b"esc\x1b[31m.jpg", b"-dash.jpg", b"quote\"',;.jpg"),
    *(b"%s {x}.jpg", b"x" * 251 + b".jpg", "Lo\u0308we.jpg".encode()),
)
"""Names of files that a system may have."""


def test_any_name_is_kept_and_read_back(photo, tmp_path):
    card = tmp_path / os.fsdecode(b"-c\xffard\n")
    card.mkdir()
    paths = [card / os.fsdecode(name) for name in ODD]
    for path in paths:
        path.write_bytes(photo.read_bytes())
    table, batch, folder = tmp_path / "t.csv", tmp_path / "t.json", tmp_path / "sorted"
    with Records(quantized=QUANTIZED, table=table, batch=batch, folder=folder) as kept:
        for path in paths:
            kept.answer(said(path, 0))
        kept.refused(paths[0], PhotographError(f"{printable(paths[0])}: not an image"))
    assert not kept.lost
    with open(table, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    assert [row[0] for row in rows[:-1]] == [
        str(path).replace("\udcff", "\\udcff").replace("\udcf6", "\\udcf6") for path in paths
    ]
    images = json.loads(batch.read_bytes())["images"]
    assert [Path(one["file"]) for one in images] == [*paths, paths[0]]
    assert images[-1]["failure"] == "not an image"
    assert {path.name for path in (folder / "LION").iterdir()} == {path.name for path in paths}


def test_a_file_that_is_gone_is_not_copied_and_said(photo, tmp_path, capsys):
    folder = tmp_path / "sorted"
    with Records(quantized=QUANTIZED, folder=folder) as kept:
        kept.answer(said(photo.with_name("g\none.jpg"), 0))
        assert kept.lost
        kept.answer(said(photo, 0))
    assert [path.name for path in (folder / "LION").iterdir()] == [photo.name]
    error = capsys.readouterr().err
    assert "g\\none.jpg: not copied (No such file or directory)" in error and error.count("\n") == 1


@pytest.mark.parametrize(
    ("label", "name"),
    [("LION", "LION"), ("a/b", "a_b"), ("..", "_.."), ("", "_"), ("x\0", "x_"), (".cat", ".cat")],
)
def test_a_class_has_a_folder_here(label, name):
    assert folder_name(label) == name
