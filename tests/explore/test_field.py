"""A study's networks in the field: what is measured, kept, ranked."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explore import __main__ as command
from explore.field import FIGURES, Sets, figures_of, measure
from explore.store import Store, StoreError
from explore.training import Failure, attempt
from model.settings import Settings
from quant import field


@pytest.fixture
def here(monkeypatch):
    """Runs in this process."""

    def train(waiting, jobs):
        for settings in waiting:
            yield settings, attempt(settings)

    monkeypatch.setattr(command, "train_here", train)


@pytest.fixture
def sets(tmp_path) -> Path:
    """Folders of strangers and of trap frames, some of which show what is known."""
    random = np.random.default_rng(1)
    lines = ["file\tcamera_or_event\tflag"]
    for number in range(6):
        for name in ("strangers", f"trap/{('red', 'empty', 'deer')[number % 3]}"):
            path = tmp_path / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(random.integers(0, 256, (32, 32, 3), np.uint8)).save(path)
        lines.append(f"{('red', 'empty', 'deer')[number % 3]}/{number}.png\tcamera {number // 3}\t")
    (tmp_path / "trap" / "sources.tsv").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_a_study_in_the_field(arguments, here, sets, tmp_path, monkeypatch, capsys):
    """Every network is measured once, and the table and its last lines say what came of it."""
    arguments += ["--vary=base_e=16", "--by=strangers", f"--strangers={sets / 'strangers'}"]
    assert command.main(arguments) == 0
    said = capsys.readouterr().out
    with open(tmp_path / "study" / "study.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    folder = next(tmp_path.glob("study/runs/*base_e_16*/seed0"))
    with open(folder / "field.csv", newline="") as file:
        lines = {line["figure"]: line["value"] for line in csv.DictReader(file)}
    wanted = float(lines["strangers: let through at a recall of 0.95"])
    assert float(rows[1]["field_strangers"]) == wanted
    assert (folder / "int8.onnx").is_file()
    assert "| strangers |" in said and "field_auroc" not in rows[0]
    last = f"base_e 16* ({wanted:.3f}, {float(rows[1]['frames_per_second']):,.1f} frames/s)"
    text = (tmp_path / "study" / "study.md").read_text()
    assert "By strangers, the least first: " in text
    assert last in text or last.replace("*", "") in text

    measured = []

    def again(settings, sets):
        measured.append(sets)
        return Failure("no room")

    monkeypatch.setattr(command, "measure", again)
    assert command.main([*arguments, "--frames=1e9"]) == 0
    assert not measured
    assert "of settings with at least 1e+09 frames a second: none." in capsys.readouterr().out
    assert command.main([*arguments, f"--trap={sets / 'trap'}"]) == 1  # other sets, other figures
    assert len(measured) == 2
    assert "reference, seed 0: no room" in capsys.readouterr().err


def test_what_a_run_does_in_the_field(data, sets, tmp_path):
    settings = Settings(
        **{"data": data, "output": tmp_path / "run", "image": 32, "epochs": 1, "batch": 4},
        **{"num_filters": 8, "base_e": 8, "incr_e": 8, "blocks": 1, "threads": 1},
        **{"others": sets / "strangers", "report": False},
    )
    attempt(settings)
    found = measure(settings, Sets(trap=sets / "trap"))
    assert list(found) == [name for name in FIGURES if name not in ("strangers", "general")]
    assert all(0 <= value <= 1 for value in found.values())
    (tmp_path / "run" / "best.pt").write_bytes(b"none")
    failed = measure(settings, Sets())
    assert isinstance(failed, Failure) and "best.pt" in failed.why
    assert not failed.why.endswith("\n")


def test_every_figure_is_a_line_of_quant_field():
    """Of the lines that a table has, each name finds its own, and of several the mean."""
    lines = {
        "validation: right, best of all outputs": 0.1,
        "test: right, best of all outputs": 0.9,
        "validation: right when grey and dark": 0.2,
        "validation: expected calibration error, ten bins": 0.3,
        f"strangers: let through at a recall of {field.RECALL}": 0.4,
        "strangers: let through by the file's threshold": 0.9,
        f"general: let through at a recall of {field.RECALL}": 0.5,
        "pasted at a third of the size: right species": 0.6,
        f"trap: empties let through, visible cats at {field.TRAP_RECALL}": float("nan"),
        f"trap: other animals let through, visible cats at {field.TRAP_RECALL}": 0.7,
        "trap: AUROC of a against all else, all cameras": 0.8,
        "trap: AUROC of b against all else, all cameras": 0.6,
        "trap: AUROC of b against all else, same cameras": 0.1,
    }
    found = figures_of(lines)
    wanted = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.7]
    assert list(found) == [name for name in FIGURES if name != "empties"]
    assert list(found.values()) == pytest.approx(wanted)


def test_figures_come_back_with_the_sets_they_are_of(tmp_path):
    store, run = Store(tmp_path), tmp_path / "run"
    sets = Sets(strangers=tmp_path)
    assert store.figures(run, sets) is None
    store.keep_figures(run, sets, {"strangers": 0.25})
    assert store.figures(run, sets) == {"strangers": 0.25}
    assert store.figures(run, replace(sets, general=tmp_path)) is None
    for content in ("{", "[]", json.dumps({"sets": sets.flags})):
        (run / "field.json").write_text(content)
        with pytest.raises(StoreError, match=r"field\.json: damaged .*; remove it"):
            store.figures(run, sets)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--by=strangers"], "--by strangers needs the pictures: give --strangers"),
        (["--by=auroc"], "--by auroc needs the pictures: give --trap"),
        (["--frames=100"], "--frames chooses among settings that --by ranks: give both"),
        (["--by=right", "--plan-only"], "nowhere measured: no --plan-only"),
        (["--general=nowhere"], "--general nowhere: no such folder"),
        (["--trap=."], "sources.tsv: no such table of cameras; --sources names it"),
        (["--sources=t.tsv"], "--sources is the table of --trap's cameras: give both"),
        (["--by=right", "--frames=-1"], "at least 0"),
        (["--by=speed"], "invalid choice: 'speed'"),
    ],
)
def test_what_does_not_go_together(data, flags, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    try:
        code = command.main([f"--data={data}", *flags])
    except SystemExit as error:
        code = error.code
    assert code == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
