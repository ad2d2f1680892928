"""A made-up download of the published layout, as a folder and as a zip, whole and not."""

import re
import shutil
from pathlib import Path

import pytest

from model import wildcats
from model.data import read_splits
from model.wildcats import STRANGERS, VALIDATION, digest_of, main

CATS = ("OCELOT", *STRANGERS, *({"LION": "LIONS"}.get(name, name) for name in VALIDATION))


@pytest.fixture
def download(tmp_path, folders) -> Path:
    """Four photographs of each cat in ``train/``, one of which validates; one elsewhere."""
    picture = folders(1) / "red" / "00.png"
    root = tmp_path / "archive"
    for name in CATS:
        validate = VALIDATION.get(wildcats.cat(Path(name)), "2").split()[0]
        for number in (int(validate), 300, 301, 302):
            place = root / "train" / name / f"{number:03}.jpg"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(picture.read_bytes() + place.as_posix().encode())
        for part in ("valid", "test"):
            (root / part / name).mkdir(parents=True)
            shutil.copy(picture, root / part / name / "1.jpg")
    (root / "WILDCATS.CSV").write_text("class id,filepaths,labels")
    (root / "model.h5").write_bytes(b"no photograph")
    (root / "train" / "LIONS" / "._300.jpg").write_bytes(b"no photograph")
    return root


@pytest.fixture(params=["folder", "zip", "a folder in a zip"])
def packed(request, download, tmp_path) -> Path:
    if request.param == "folder":
        return download
    inside = "." if request.param == "zip" else "archive"
    root = download if request.param == "zip" else tmp_path
    return Path(shutil.make_archive(tmp_path / "download", "zip", root, inside))


def test_it_is_laid_out_as_training_takes_it(packed, tmp_path, capsys):
    out = tmp_path / "out"
    assert main([str(packed), "--output", str(out)]) == 0
    assert {path.name for path in out.iterdir()} == {"wildcats5", "strangers"}
    listed = (out / "wildcats5" / "validation.txt").read_text().split()
    splits = read_splits(out / "wildcats5", 24, validation_list=out / "wildcats5/validation.txt")
    assert splits.train.labels == tuple(VALIDATION)
    assert [len(part) for _, part in splits.items()] == [15, 5, 5]
    assert set(splits.validation.names) == set(listed)
    names = sorted(path.name for path in (out / "strangers" / "JAGUAR").iterdir())
    assert names == [
        "test_1.jpg",
        *(f"train_{n}.jpg" for n in ("002", 300, 301, 302)),
        "valid_1.jpg",
    ]
    said = capsys.readouterr().out
    assert "wildcats5: 25 photographs, but not the files that were measured" in said
    assert "validation.txt: 5 of 141 photographs" in said


def test_the_files_that_were_measured_are_known(download, tmp_path, capsys, monkeypatch):
    main([str(download), "--output", str(tmp_path / "once")])
    found = {name: digest_of(tmp_path / "once" / name)[1] for name in wildcats.MEASURED}
    assert found["strangers"] != wildcats.MEASURED["strangers"]
    (tmp_path / "once" / "wildcats5" / "validation.txt").unlink()
    found["wildcats5"] = digest_of(tmp_path / "once" / "wildcats5")[1]
    monkeypatch.setattr(wildcats, "MEASURED", found)
    main([str(download), "--output", str(tmp_path / "again")])
    assert capsys.readouterr().out.count("photographs, the files that were measured") == 2


def refused(words: list, capsys) -> str:
    assert main([str(word) for word in words]) == 2
    said = capsys.readouterr()
    assert not said.out and said.err.count("\n") == 1
    return said.err


def test_what_is_no_download(download, tmp_path, capsys):
    out = ["--output", tmp_path / "out"]
    assert "none: cannot be read (No such file" in refused([tmp_path / "none", *out], capsys)
    assert "neither a folder nor a zip" in refused([download / "model.h5", *out], capsys)
    assert "holds no train/, valid/, test/" in refused([download / "train", *out], capsys)
    shutil.rmtree(download / "valid" / "PUMA")
    assert "valid/ has no photographs of PUMA" in refused([download, *out], capsys)
    assert not any((tmp_path / "out").iterdir())


def test_a_damaged_zip_leaves_nothing(download, tmp_path, capsys):
    archive = Path(shutil.make_archive(tmp_path / "download", "zip", download))
    data = bytearray(archive.read_bytes())
    middle = data.find(b"train/TIGER/302.jpg") + 60
    data[middle : middle + 40] = bytes(40)
    archive.write_bytes(data)
    assert "damaged" in refused([archive, "--output", tmp_path / "out"], capsys)
    assert not any((tmp_path / "out").iterdir())


def in_every_header(archive: Path, at: int, change) -> None:
    """Change a byte of each file's header in a zip and of the directory's copy, two bytes later."""
    data = bytearray(archive.read_bytes())
    for signature, place in ((b"PK\x03\x04", at), (b"PK\x01\x02", at + 2)):
        for found in re.finditer(re.escape(signature), bytes(data)):
            data[found.start() + place] = change(data[found.start() + place])
    archive.write_bytes(data)


@pytest.mark.parametrize(
    ("at", "change", "said"),
    [
        (8, lambda _: 99, "packed in a way that Python does not know; unpack it"),
        (6, lambda old: old | 1, "has a password"),
    ],
)
def test_a_zip_that_cannot_be_unpacked_here(at, change, said, download, tmp_path, capsys):
    archive = Path(shutil.make_archive(tmp_path / "download", "zip", download))
    in_every_header(archive, at, change)
    assert said in refused([archive, "--output", tmp_path / "out"], capsys)
    assert not any((tmp_path / "out").iterdir())


def test_what_is_there_already_stays(download, tmp_path, capsys):
    (tmp_path / "out" / "strangers").mkdir(parents=True)
    words = [download, "--output", tmp_path / "out"]
    assert "strangers: exists; remove it" in refused(words, capsys)
