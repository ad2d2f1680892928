"""What is kept of answers."""

import csv
import json
import os
from dataclasses import replace

import pytest
from PIL import Image

from host.client import Answer
from host.photographs import PhotographError
from host.records import UNREADABLE, Records, look
from spec import synthetic
from spec.decision import Decision
from spec.photograph import Framing
from spec.replies import Result
from spec.squeezenet import tiny

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
