"""A study, whole: the table, what is kept, what goes on, what fails."""

import csv
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from explore import __main__ as command
from explore.training import Failure, Result, attempt
from spec.squeezenet import Metaparameters, squeezenet

ROOT = Path(__file__).parents[2]


@pytest.fixture
def here(monkeypatch):
    """Runs in this process, and a list of them."""
    runs = []

    def train(waiting, jobs):
        for settings in waiting:
            runs.append(settings)
            yield settings, attempt(settings)

    monkeypatch.setattr(command, "train_here", train)
    return runs


def rows_of(tmp_path, name: str = "study") -> list[dict[str, str]]:
    with open(tmp_path / "study" / f"{name}.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_plan_only(tmp_path, capsys):
    output = tmp_path / "study"
    assert command.main(["--plan-only", f"--output={output}", "--vary=base_e=16,64,9"]) == 0
    rows = rows_of(tmp_path, "plan")
    assert [row["setting"] for row in rows] == ["reference", "base_e 16", "base_e 64", "base_e 9"]
    assert rows[0]["macs"] == str(squeezenet(Metaparameters()).macs)
    assert {row["accuracy"] for row in rows} == {""}
    assert "does not fit 85F: needs " in rows[2]["note"]
    assert "no network: " in rows[3]["note"]
    assert sorted(os.listdir(output)) == ["plan.csv", "plan.md"]
    out = capsys.readouterr().out
    assert "| base_e 64 " in out
    assert out.strip().split("\n\n")[0] in (output / "plan.md").read_text()


def test_plan_only_counts_the_classes_of_the_data(arguments, data, tmp_path):
    assert command.main([*arguments, "--vary=freq=1", "--plan-only"]) == 0
    small = Metaparameters(num_filters=8, base_e=8, incr_e=8, blocks=1, image_size=32, classes=2)
    assert rows_of(tmp_path, "plan")[0]["weights"] == str(squeezenet(small).weights)


def test_a_grid(tmp_path):
    flags = ["--plan-only", "--grid", "--vary=base_e=16,32", "--vary=image=64,96"]
    assert command.main([*flags, f"--output={tmp_path / 'study'}"]) == 0
    assert [row["setting"] for row in rows_of(tmp_path, "plan")] == [
        *("base_e 16, image 64", "base_e 16, image 96"),
        *("base_e 32, image 64", "base_e 32, image 96"),
    ]


def test_a_study(arguments, here, tmp_path, capsys):
    """Two seeds of two settings, one impossible, one that does not fit; then nothing twice."""
    arguments += ["--vary=base_e=16,9", "--seeds=0,1", "--variant=12F", "--engine=16x16"]
    assert command.main(arguments) == 0
    rows = rows_of(tmp_path)
    assert [row["seeds"] for row in rows] == ["2", "2", "0"]
    assert all(0 <= float(row["accuracy"]) <= 1 for row in rows[:2])
    assert "does not fit 12F: needs 144 multipliers of 28" in rows[0]["note"]
    assert "no network" in rows[2]["note"]
    assert len(here) == 4
    assert (tmp_path / "study" / "study.png").read_bytes().startswith(b"\x89PNG")
    text = (tmp_path / "study" / "study.md").read_text()
    assert "the mean over seeds 0, 1 (lowest–highest)" in text
    said = capsys.readouterr().out
    assert "4 runs to train, 0 finished before" in said
    best = re.search(r"The best run: [01]\.\d+ \(\d of 4\), 95 %: [01]\.\d+ to [01]\.\d+\.", said)
    assert best[0] in text

    # Another board, another seed: only what is new is trained.
    arguments += ["--variant=85F", "--seeds=0,1,2", "--vary=base_e=16"]
    assert command.main(arguments) == 0
    assert [settings.seed for settings in here[4:]] == [2, 2]
    again = rows_of(tmp_path)
    assert [row["seeds"] for row in again] == ["3", "3"]
    assert float(again[0]["frames_per_second"]) > 0
    assert "2 runs to train, 4 finished before" in capsys.readouterr().out


def test_another_recipe_is_refused(arguments, here, capsys):
    arguments += ["--vary=freq=1"]
    assert command.main(arguments) == 0
    assert command.main([*arguments, "--epochs=3"]) == 2
    assert "recipe.json: the runs there have epochs 2, not 3" in capsys.readouterr().err


def test_a_failed_setting_is_named_and_the_others_go_on(arguments, monkeypatch, tmp_path, capsys):
    result = Result(accuracy=0.5, loss=1.0, epoch=1, seconds=1.0)
    outcomes = {8: result, 16: Failure("too wide"), 24: result}

    def train(waiting, jobs):
        for settings in waiting:
            yield settings, outcomes[settings.base_e]

    monkeypatch.setattr(command, "train_here", train)
    arguments += ["--vary=base_e=16,24"]
    assert command.main(arguments) == 1
    assert capsys.readouterr().err == "explore: base_e 16, seed 0: too wide\n"
    rows = rows_of(tmp_path)
    assert [row["seeds"] for row in rows] == ["1", "0", "1"]
    assert rows[1]["note"] == "seed 0 failed: too wide"

    outcomes = {16: result}  # only the failed one is tried again
    assert command.main(arguments) == 0
    assert rows_of(tmp_path)[1]["accuracy"] == "0.5"
    assert "1 runs to train, 2 finished before" in capsys.readouterr().out


def start_two_runs(arguments, tmp_path) -> subprocess.Popen:
    """The real command, when one run is done and another under way."""
    flags = [*arguments, "--vary=image=320", "--jobs=1", "--epochs=20"]
    process = subprocess.Popen(
        [sys.executable, "-m", "explore", *flags], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    runs = tmp_path / "study" / "runs"
    while len(list(runs.rglob("last.pt"))) < 2 and process.poll() is None:
        time.sleep(0.01)
    return process


@pytest.mark.timeout(180)
def test_control_c_loses_nothing_finished(arguments, tmp_path):
    process = start_two_runs(arguments, tmp_path)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate()
    assert process.returncode == 130
    assert error == "explore: interrupted; finished runs are kept, the same command goes on\n"
    assert [row["seeds"] for row in rows_of(tmp_path)] == ["1", "0"]
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.timeout(180)
def test_a_killed_command_leaves_no_process_behind(arguments, tmp_path):
    process = start_two_runs(arguments, tmp_path)
    process.kill()
    process.communicate()  # returns when no process holds the pipe
    assert len(list(tmp_path.rglob("result.json"))) == 1
    assert not any("epoch 20 " in path.read_text() for path in tmp_path.rglob("*320/*/log.txt"))
