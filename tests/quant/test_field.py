import csv
import html
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from host.motion import cells, squares
from model.others import read_pictures
from photo.files import read_whole
from quant import field
from quant.traps import read_trap, where_it_moved
from spec import artifact, synthetic
from spec.decision import Decision
from spec.photograph import square
from spec.squeezenet import tiny

QUANTIZED = synthetic.quantized(tiny(classes=3))
SIZE = QUANTIZED.network.image.height


def write(path, seed):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(synthetic.image(QUANTIZED.network, seed)).save(path)


@pytest.fixture
def model(tmp_path):
    """A network of two classes and one for none, called after the folders."""
    made = replace(QUANTIZED, labels=("a", "b", "none"), decision=Decision(none=2))
    artifact.save(made, tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


@pytest.fixture
def sets(tmp_path):
    """Folders of known photographs, strangers, and trap frames of four cameras."""
    for seed in range(8):
        write(tmp_path / "known" / "ab"[seed % 2] / f"{seed}.png", seed)
        write(tmp_path / "strangers" / f"{seed}.png", seed + 10)
    lines = []
    for seed in range(12):
        name = f"{('a', 'empty', 'deer')[seed % 3]}/{seed}.png"
        write(tmp_path / "trap" / name, seed + 20)
        lines.append(f"{name}\tcamera {seed % 4}\t{'dark' if seed == 0 else ''}\n")
    (tmp_path / "trap" / "sources.tsv").write_text("file\tcamera_or_event\tflag\n" + "".join(lines))
    return tmp_path


def command(model, sets, *more):
    flags = ["--data", sets / "known", "--strangers", sets / "strangers", "--trap", sets / "trap"]
    return field.main([str(flag) for flag in (model, *flags, *more)])


def test_every_row_is_printed_and_written(model, sets, tmp_path, capsys):
    page, table = tmp_path / "page", tmp_path / "field.csv"
    assert command(model, sets, "--csv", table, "--page", page) == 0
    out = capsys.readouterr().out
    with open(table, newline="") as file:
        rows = {row["figure"]: row for row in csv.DictReader(file)}
    for name in (
        "all: right, best of all outputs",
        "all: right when grey and dark",
        "all: expected calibration error, ten bins",
        "strangers: let through at a recall of 0.95",
        "pasted at a third of the size: right species",
        "trap: empties let through, visible cats at 0.8",
        "trap: other animals let through, visible cats at 0.8",
        "trap: AUROC of a against all else, all cameras",
        "trap: AUROC of a against all else, same cameras",
    ):
        assert name in rows and name in out
        assert 0 <= float(rows[name]["value"]) <= 1
    assert rows["trap: a answered right"]["pictures"] == "4"
    low, value, high = (
        float(rows["trap: AUROC of a against all else, all cameras"][key])
        for key in ("low", "value", "high")
    )
    assert low <= value <= high
    text = html.unescape((page / "index.html").read_text())
    assert all(name in text for name in rows)
    assert (page / "reliability.png").is_file()


def test_the_figures_are_the_decision_s(model, sets, capsys):
    assert command(model, sets) == 0
    capsys.readouterr()
    quantized = artifact.load(model)
    judged = field.Judged(quantized, read_pictures(sets / "strangers", SIZE).images)
    answers = [quantized.decision.answer(row) for row in judged.sums]
    assert judged.answers.tolist() == answers
    assert judged.passed.tolist() == [answer != 2 for answer in answers]
    odds = judged.confidence(quantized)
    assert ((odds > 0) & (odds < 1)).all()


def test_what_is_missing_is_one_line(model, sets, tmp_path, capsys):
    (sets / "trap" / "sources.tsv").write_text("file\tcamera_or_event\tflag\na/0.png\tc\t\n")
    assert command(model, sets) == 2
    assert "has no line for a/3.png" in capsys.readouterr().err
    (sets / "trap" / "sources.tsv").write_text("file\tflag\na/0.png\t\n")
    assert command(model, sets) == 2
    assert "must have the columns" in capsys.readouterr().err
    assert command(model, sets, "--sources", tmp_path / "nowhere.tsv") == 2
    assert "nowhere.tsv" in capsys.readouterr().err


def test_an_interval_counts_groups_not_pictures():
    groups = np.repeat(["a", "b"], 50)
    hits = np.repeat([0.0, 1.0], 50)
    figure = field.share("x", hits, groups)
    assert (figure.low, figure.value, figure.high) == (0, 0.5, 1)


def test_frames_are_seen_where_they_differ_from_their_camera_s_others(sets):
    """One camera of five frames of one scene in three folders, an animal in the last."""
    land = np.random.default_rng(9).integers(60, 160, (15, 20, 3)).repeat(16, 0).repeat(16, 1)
    folder, lines = sets / "moving", ["file\tcamera_or_event\tflag"]
    for index in range(5):
        frame = land.astype(np.uint8)
        if index == 4:
            frame[100:150, 180:230] = 230
        name = f"{('empty', 'deer', 'a')[max(0, index - 2)]}/{index}.png"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(frame).save(folder / name)
        lines.append(f"{name}\tone\t")
    Image.fromarray(land.astype(np.uint8)[:, ::-1]).save(folder / "a" / "other.png")
    lines.append("a/other.png\tanother\t")
    (folder / "sources.tsv").write_text("\n".join(lines) + "\n")
    framing = QUANTIZED.framing
    trap = read_trap(folder, folder / "sources.tsv", framing)
    moved, parts = where_it_moved(trap, folder, framing)
    names = trap.frames.names
    assert [name for name, part in zip(names, parts, strict=True) if part] == ["a/4.png"]
    row = names.index("a/4.png")
    order = [name for name in names if name != "a/other.png"]
    counted = [cells(read_whole(folder / name)) for name in order]
    found = squares(np.stack([grey for grey, _ in counted]), counted[0][1], 240, 320)
    where = found[order.index("a/4.png")]
    wanted = square(Image.fromarray(where.of(read_whole(folder / "a/4.png"))), framing.side)
    assert (moved.frames.images[row].permute(1, 2, 0).numpy() == wanted).all()
    others = [number for number in range(len(names)) if number != row]
    assert (moved.frames.images[others] == trap.frames.images[others]).all()
    assert (moved.frames.images[row] != trap.frames.images[row]).any()


def test_motion_is_of_trap_frames(model, sets, tmp_path, capsys):
    assert command(model, sets, "--motion", "--csv", tmp_path / "a.csv") == 0
    assert "trap: seen where something moved" in capsys.readouterr().out
    assert field.main([str(model), "--data", str(sets / "known"), "--motion"]) == 2
    assert "--motion is of trap frames: give --trap, too" in capsys.readouterr().err
