"""A run, whole: it learns, goes on bit for bit, and fails in words."""

import math
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from model import checkpoint, epoch, evaluate, train, views
from model.data import read_splits

ROOT = Path(__file__).parents[2]


def weights_equal(one: dict, other: dict) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def test_a_run_learns_and_leaves_a_checkpoint_and_a_log(arguments, data, tmp_path, capsys):
    more = ["--epochs=8", "--stages=16x3", "--mixup=0.2", "--cutmix=0.2", "--dropout=0.1"]
    assert train.main([*arguments, *more]) == 0
    made = checkpoint.load(tmp_path / "run" / "best.pt")
    assert [entry["size"] for entry in made.history[:4]] == [16, 16, 16, 24]
    top = made.history[-1]
    assert top["validation_accuracy"] == 1.0
    validation = read_splits(data, 24).validation
    scores = evaluate.scores_of(made.module(), validation)
    assert evaluate.accuracy(scores, validation.targets) == top["validation_accuracy"]
    assert evaluate.loss(scores, validation.targets) == pytest.approx(top["validation_loss"])
    log = (tmp_path / "run" / "log.txt").read_text().splitlines()
    assert len(log) == 8
    assert log[0].startswith("epoch 1 size 16 loss ")
    out = capsys.readouterr().out
    assert "train: 18 photographs, 0 files skipped" in out
    assert log[-1] in out
    assert made.training is None
    assert made.provenance["seed"] == "0"


def interrupt(arguments: list[str], monkeypatch) -> None:
    """A run that is stopped in its third epoch."""
    one_epoch = train.train_epoch

    def interrupted(run, forward, batches, number):
        result = one_epoch(run, forward, batches, number)
        if number == 2:  # an epoch that is lost
            raise KeyboardInterrupt
        return result

    with monkeypatch.context() as patch:
        patch.setattr(train, "train_epoch", interrupted)
        assert train.main(arguments) == 130


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_resumed_is_the_run_that_was_not_interrupted(
    arguments, tmp_path, monkeypatch, optimizer, precision
):
    arguments += ["--epochs=4", "--dropout=0.3", "--cutmix=0.5", f"--optimizer={optimizer}"]
    arguments += [f"--precision={precision}"]
    assert train.main([*arguments, f"--output={tmp_path / 'whole'}"]) == 0
    interrupt(arguments, monkeypatch)
    assert len(checkpoint.load(tmp_path / "run" / "last.pt").history) == 2
    assert train.main([*arguments, "--resume"]) == 0
    whole, resumed = (checkpoint.load(tmp_path / name / "last.pt") for name in ("whole", "run"))
    assert weights_equal(whole.state, resumed.state)
    assert weights_equal(whole.training["module"], resumed.training["module"])
    assert str(whole.training["optimizer"]) == str(resumed.training["optimizer"])
    for one, other in zip(whole.history, resumed.history, strict=True):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}


def test_control_c_in_an_epoch_loses_no_checkpoint(arguments, tmp_path, monkeypatch, capsys):
    update = train.Average.update
    steps = []

    def stop(average, module):
        steps.append(1)
        if len(steps) == 5:
            raise KeyboardInterrupt
        update(average, module)

    monkeypatch.setattr(train.Average, "update", stop)
    assert train.main(arguments) == 130
    assert "interrupted; " in capsys.readouterr().err
    assert len(checkpoint.load(tmp_path / "run" / "last.pt").history) == 1


def test_a_run_is_not_overwritten(arguments, capsys):
    assert train.main([*arguments, "--epochs=1"]) == 0
    assert train.main(arguments) == 2
    assert "last.pt exists: give --resume, or another --output" in capsys.readouterr().err


def test_resume_needs_the_same_settings(arguments, capsys):
    assert train.main([*arguments, "--epochs=1"]) == 0
    assert train.main([*arguments, "--epochs=1", "--rate=0.01", "--resume"]) == 2
    assert "was made with another --rate, " in capsys.readouterr().err


def test_a_run_of_before_a_setting_was_known_goes_on(arguments, tmp_path, capsys):
    assert train.main([*arguments, "--epochs=1"]) == 0
    last = tmp_path / "run" / "last.pt"
    made = checkpoint.load(last)
    provenance = {key: value for key, value in made.provenance.items() if key != "blend"}
    checkpoint.save(replace(made, provenance=provenance), last)
    assert train.main([*arguments, "--epochs=1", "--resume"]) == 0
    assert train.main([*arguments, "--epochs=1", "--resume", "--blend=0.5"]) == 2
    assert "was made with another --blend, " in capsys.readouterr().err


def test_what_is_missing_is_said_before_photographs_are_read(arguments, capsys):
    assert train.main([*arguments, "--init=none.pt", "--trained-with=unit"]) == 2
    said = capsys.readouterr()
    assert "--init none.pt: no such file of weights" in said.err and not said.out


def test_resume_of_nothing(arguments, capsys):
    assert train.main([*arguments, "--resume"]) == 2
    assert "nothing to go on from: leave --resume away" in capsys.readouterr().err


def test_a_kept_network_is_not_overwritten(arguments, tmp_path, capsys):
    assert train.main([*arguments, "--epochs=1"]) == 0
    (tmp_path / "run" / "last.pt").unlink()
    assert train.main(arguments) == 2
    assert "best.pt exists: give --resume, or another --output" in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["teacher", "init"])
def test_resume_needs_the_same_file_to_learn_from(arguments, tmp_path, capsys, flag):
    for seed in (1, 2):
        own = [*arguments, "--epochs=1", f"--seed={seed}", f"--output={tmp_path / str(seed)}"]
        assert train.main(own) == 0
    file = tmp_path / "file.pt"
    shutil.copy(tmp_path / "1" / "best.pt", file)
    arguments = [*arguments, "--epochs=1", f"--{flag}={file}"]
    assert train.main(arguments) == 0
    assert train.main([*arguments, "--resume"]) == 0
    shutil.copy(tmp_path / "2" / "best.pt", file)
    capsys.readouterr()
    assert train.main([*arguments, "--resume"]) == 2
    assert f"began with another content of --{flag}'s file; put that" in capsys.readouterr().err


def test_a_loss_that_is_not_finite(arguments, tmp_path, capsys, monkeypatch):
    assert train.main([*arguments, "--epochs=2"]) == 0
    before = (tmp_path / "run" / "last.pt").read_bytes()
    arguments = [*arguments, "--epochs=3", f"--output={tmp_path / 'nan'}"]
    monkeypatch.setattr(epoch.functional, "cross_entropy", lambda *_: torch.tensor(math.nan))
    assert train.main(arguments) == 1
    error = capsys.readouterr().err
    assert "the loss is not finite in epoch 1, step 1: try a --rate below 0.05" in error
    assert "epochs before" not in error
    assert (tmp_path / "run" / "last.pt").read_bytes() == before


def test_early_stopping(arguments, tmp_path, capsys):
    assert train.main([*arguments, "--epochs=30", "--patience=2", "--rate=0.2"]) == 0
    history = checkpoint.load(tmp_path / "run" / "last.pt").history
    best = train.best_of(history)
    assert len(history) == best["epoch"] + 2 < 30
    assert "no better for 2 epochs: stopped" in capsys.readouterr().out


def test_the_page_shows_the_epochs_after_the_best(arguments, tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr(train.report, "write_float", lambda made, *_: shown.append(made))
    assert train.main([*arguments, "--epochs=30", "--patience=2", "--rate=0.2", "--report"]) == 0
    best, last = (checkpoint.load(tmp_path / "run" / name) for name in ("best.pt", "last.pt"))
    assert len(best.history) < len(last.history)
    assert shown[0].history == last.history
    assert weights_equal(shown[0].state, best.state)


def test_best_is_the_most_accurate_then_the_one_with_the_least_loss():
    history = [
        {"epoch": 1, "validation_accuracy": 0.5, "validation_loss": 0.1},
        {"epoch": 2, "validation_accuracy": 0.7, "validation_loss": 0.9},
        {"epoch": 3, "validation_accuracy": 0.7, "validation_loss": 0.8},
        {"epoch": 4},
    ]
    assert train.best_of(history)["epoch"] == 3
    assert train.best_of([]) is None


def test_the_gradient_is_clipped(arguments, monkeypatch):
    norms = []
    step = torch.optim.SGD.step

    def watched(optimizer, *more):
        grads = [v.grad for group in optimizer.param_groups for v in group["params"]]
        norms.append(float(torch.stack([grad.norm() for grad in grads]).norm()))
        return step(optimizer, *more)

    monkeypatch.setattr(torch.optim.SGD, "step", watched)
    assert train.main([*arguments, "--epochs=1", "--clip=0.01", "--warmup=0"]) == 0
    assert norms
    assert max(norms) == pytest.approx(0.01, rel=1e-3)


def test_weight_decay_is_for_convolution_weights_only(arguments):
    settings = train.parse(arguments)
    module = torch.nn.Sequential(torch.nn.Conv2d(1, 1, 1), torch.nn.BatchNorm2d(1))
    decayed, plain = train.make_optimizer(module, settings).param_groups
    assert decayed["weight_decay"] == settings.weight_decay
    assert plain["weight_decay"] == 0
    assert [value.dim() for value in decayed["params"]] == [4]
    assert len(plain["params"]) == 3


def test_bad_data_is_one_line(arguments, folders, capsys):
    folder = folders()
    (folder / "red" / "notes.txt").write_text("no photograph")
    more = [f"--data={folder}", "--validation-share=0.3"]
    assert train.main([*arguments, *more, "--strict"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("model.train: ")
    assert "notes.txt: not an image" in error
    assert error.count("\n") == 1
    assert train.main([*arguments, *more, "--epochs=1"]) == 0
    assert "train: 6 photographs, 1 files skipped\n  skipped " in capsys.readouterr().out


def test_a_start_from_another_run(arguments, tmp_path, capsys):
    assert train.main(arguments) == 0
    first = tmp_path / "run" / "best.pt"
    more = [f"--init={first}", f"--output={tmp_path / 'second'}", "--rate=1e-9", "--epochs=1"]
    assert train.main([*arguments, *more, "--warmup=0"]) == 0
    assert "fresh: none" in capsys.readouterr().out
    one, other = (checkpoint.load(path) for path in (first, tmp_path / "second" / "best.pt"))
    name = "fire2.squeeze.conv.weight"
    torch.testing.assert_close(one.state[name], other.state[name], rtol=1e-3, atol=1e-6)


def test_a_teacher_is_followed(arguments, tmp_path, monkeypatch):
    """A student that sees only the teacher's scores learns the teacher's (wrong) answers."""
    monkeypatch.setattr(views, "read_teacher", lambda *_: permuted)

    def permuted(images):
        return images.mean(dim=(2, 3)) * 40, None  # the strongest colour: red is answer 0

    more = ["--teacher=any", "--teacher-weight=1", "--views=2", "--epochs=10", "--cutmix=0.3"]
    assert train.main([*arguments, *more]) == 0
    history = checkpoint.load(tmp_path / "run" / "last.pt").history
    assert history[-1]["validation_accuracy"] == pytest.approx(1 / 3)


def test_hints_are_followed_and_resumed(arguments, tmp_path, monkeypatch):
    """A run with hints goes on bit for bit; without them it is another run."""

    def teacher(images):
        scores = images.mean(dim=(2, 3)).flip(1) * 40  # the strongest colour
        return scores, scores.flip(1).repeat(1, 2)

    monkeypatch.setattr(views, "read_teacher", lambda *_: teacher)
    arguments += ["--teacher=any", "--views=2", "--epochs=4", "--hint-weight=2"]
    assert train.main([*arguments, f"--output={tmp_path / 'whole'}"]) == 0
    whole = checkpoint.load(tmp_path / "whole" / "last.pt")
    assert whole.training["hint"]["weight"].shape == (6, 8)
    interrupt(arguments, monkeypatch)
    assert train.main([*arguments, "--resume"]) == 0
    resumed = checkpoint.load(tmp_path / "run" / "last.pt")
    assert weights_equal(whole.state, resumed.state)
    assert weights_equal(whole.training["hint"], resumed.training["hint"])
    assert train.main([*arguments, "--hint-weight=0", f"--output={tmp_path / 'without'}"]) == 0
    without = checkpoint.load(tmp_path / "without" / "last.pt")
    assert without.training["hint"] is None
    assert whole.history[0]["loss"] > without.history[0]["loss"]
    assert not weights_equal(whole.state, without.state)


def start_processes(arguments: list[str], count: int) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += [f"--nproc-per-node={count}", "-m", "model.train", *arguments]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=240)


@pytest.mark.timeout(300)
def test_two_processes_train_what_one_does(arguments, tmp_path):
    """Gradients, batch-norm statistics, augmentation: the whole batch's, in both."""
    arguments += ["--epochs=2", "--average=0.5"]
    assert train.main([*arguments, f"--output={tmp_path / 'one'}"]) == 0
    done = start_processes(arguments, 2)
    assert done.returncode == 0, done.stderr.decode()
    one, two = (checkpoint.load(tmp_path / name / "last.pt") for name in ("one", "run"))
    for name, value in one.training["module"].items():
        torch.testing.assert_close(two.training["module"][name], value, rtol=1e-3, atol=1e-4)
    assert two.history[-1]["loss"] == pytest.approx(one.history[-1]["loss"], rel=1e-3)
    assert done.stdout.decode().count("epoch 2 ") == 1


def test_main_is_a_command(arguments):
    done = subprocess.run(
        [sys.executable, "-m", "model.train", *arguments, "--data=none"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert (
        done.stderr
        == "model.train: none: no such folder; it must hold one folder of photographs a class\n"
    )


def shared(folders) -> list[str]:
    """Flags for one folder of classes, which a test may change; a third is held out."""
    return [f"--data={folders(6)}", "--validation-share=0.34"]


def rename_class(root):
    (root / "red").rename(root / "crimson")


def add_class(root):
    shutil.copytree(root / "red", root / "violet")


def add_photographs(root):
    shutil.copy(root / "red" / "00.png", root / "red" / "99.png")


def remove_photographs(root):
    (root / "blue" / "05.png").unlink()


def change_photograph(root):
    shutil.copy(root / "red" / "00.png", root / "blue" / "05.png")


def swap_classes(root):
    for old, new in (("red", "x"), ("blue", "red"), ("x", "blue")):
        (root / old).rename(root / new)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (rename_class, "learned blue, green, red, and the data has the classes blue, crimson, gre"),
        (add_class, "learned blue, green, red, and the data has the classes blue, green, red, vi"),
        (add_photographs, "the photographs are not those it saw: "),
        (remove_photographs, "the photographs are not those it saw: "),
        (change_photograph, "(blue/05.png, …)"),
        (swap_classes, "8 of train changed (blue/"),
    ],
)
def test_resume_needs_the_same_photographs(arguments, folders, tmp_path, capsys, spoil, message):
    arguments = [*arguments, *shared(folders), "--epochs=1"]
    assert train.main(arguments) == 0
    spoil(tmp_path / "photographs")
    assert train.main([*arguments, "--resume"]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_a_last_step_into_nowhere_is_not_kept(arguments, tmp_path, capsys):
    more = ["--epochs=1", "--rate=1e9", "--warmup=0", "--batch=18", "--clip=1e9", "--average=0"]
    assert train.main([*arguments, *more, "--no-batch-norm"]) == 1
    error = capsys.readouterr().err
    assert "the loss is not finite" in error and "epochs before" not in error
    assert not (tmp_path / "run" / "best.pt").exists()
