"""Whole cameras are held out."""

from pathlib import Path

import pytest

from model.folds import deal, main

NAMES = ["PUMA/1.jpg", "PUMA/2.jpg", "other/3.jpg", "other/4.jpg", "empty/5.jpg", "empty/6.jpg"]
CAMERAS = ["a", "b", "a", "b", "c", "c"]


@pytest.fixture
def frames(tmp_path) -> Path:
    folder = tmp_path / "trap"
    for name in NAMES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    lines = [f"{name}\t{camera}\n" for name, camera in zip(NAMES, CAMERAS, strict=True)]
    (folder / "sources.tsv").write_text("file\tcamera_or_event\n" + "".join(lines))
    return folder


def parts(output: Path) -> dict[str, set[str]]:
    return {
        part: {path.relative_to(output / part).as_posix() for path in (output / part).glob("*/*")}
        for part in ("train", "held")
    }


def test_no_camera_is_in_both_parts_and_every_frame_is_held_once(frames, tmp_path, capsys):
    camera = dict(zip(NAMES, CAMERAS, strict=True))
    held = []
    for fold in range(3):
        output = tmp_path / str(fold)
        flags = ["--groups", str(frames / "sources.tsv"), "--folds", "3", "--fold", str(fold)]
        assert main([str(frames), *flags, "--output", str(output)]) == 0
        made = parts(output)
        assert made["train"] | made["held"] == set(NAMES)
        assert not {camera[n] for n in made["train"]} & {camera[n] for n in made["held"]}
        assert all((output / "held" / n).read_text() == n for n in made["held"])
        held += made["held"]
    assert sorted(held) == sorted(NAMES)
    assert "held: 1 groups; " in capsys.readouterr().out


def test_without_a_table_folders_are_the_groups(frames, tmp_path, capsys):
    assert main([str(frames), "--folds", "3", "--output", str(tmp_path / "out")]) == 0
    assert len({name.split("/")[0] for name in parts(tmp_path / "out")["held"]}) == 1
    capsys.readouterr()


def test_the_deal_is_even_and_the_same_for_the_same_names():
    names = {f"camera {number}" for number in range(10)}
    folds = deal(names, 4)
    assert sorted(list(folds.values()).count(fold) for fold in range(4)) == [2, 2, 3, 3]
    assert deal(set(sorted(names, reverse=True)), 4) == folds


def test_what_cannot_be_split_is_one_line(frames, tmp_path, capsys):
    table = tmp_path / "short.tsv"
    table.write_text("file\tcamera_or_event\nPUMA/1.jpg\ta\n")
    bare = tmp_path / "bare.tsv"
    bare.write_text("name\ncat\n")
    output = ["--output", str(tmp_path / "out")]
    for flags, words in (
        ([str(tmp_path / "nowhere")], "no such folder"),
        ([str(frames), "--folds", "9"], "folds must be from 2 to the 3 groups"),
        ([str(frames), "--fold", "4"], "--fold must be from 0 to 3"),
        ([str(frames), "--groups", str(table)], "PUMA/2.jpg"),
        ([str(frames), "--groups", str(bare)], "must have the columns"),
        ([str(frames), "--groups", str(tmp_path / "nothing.tsv")], "nothing.tsv"),
    ):
        assert main([*flags, *output]) == 2
        error = capsys.readouterr().err
        assert words in error and error.count("\n") == 1
    (tmp_path / "out").mkdir()
    assert main([str(frames), "--folds", "2", *output]) == 2
    assert "exists" in capsys.readouterr().err


def test_only_photographs_are_dealt_out(frames, tmp_path, capsys):
    (frames / "PUMA" / "notes.txt").write_text("no image")
    (frames / "PUMA" / "Thumbs.db").write_text("the system's")
    (frames / "PUMA" / "deeper").mkdir()
    (frames / "PUMA" / "1.jpg").rename(frames / "PUMA" / "deeper" / "1.jpg")
    assert main([str(frames), "--folds", "3", "--output", str(tmp_path / "out")]) == 0
    dealt = {path.name for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert dealt == {name.split("/")[1] for name in NAMES}
    complaints = capsys.readouterr().err.splitlines()
    assert len(complaints) == 1 and "notes.txt: not an image; left out" in complaints[0]
