"""Two numbers, set on the validation photographs."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from model import checkpoint, evaluate, train
from model.calibrate import best_factor, main
from model.data import read_splits
from model.others import with_none


@pytest.fixture(scope="module")
def grey(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("grey")
    for shade in range(60, 200, 5):
        Image.new("RGB", (24, 24), (shade, shade, shade)).save(folder / f"{shade}.png")
    return folder


@pytest.fixture
def trained(arguments, grey, tmp_path, capsys) -> Path:
    """A run that knows none."""
    assert train.main([*arguments, f"--others={grey}"]) == 0
    capsys.readouterr()
    return tmp_path / "run" / "last.pt"


def scores(path: Path, data: Path) -> tuple[torch.Tensor, torch.Tensor]:
    validation = with_none(read_splits(data, 24).validation)
    return evaluate.scores_of(checkpoint.load(path).module(), validation), validation.targets


def passing(found: torch.Tensor) -> float:
    return float((found[:, :-1].max(dim=1).values >= found[:, -1]).double().mean())


def test_none_falls_no_further_than_asked(trained, data, tmp_path, capsys):
    saved = checkpoint.load(trained)
    saved.state["conv4.norm.bias"][-1] += 9  # so that everything is none
    greedy = tmp_path / "greedy.pt"
    checkpoint.save(saved, greedy)
    assert passing(scores(greedy, data)[0]) == 0
    output = tmp_path / "out.pt"
    flags = ["--data", str(data), "--output", str(output)]
    assert main([str(greedy), *flags, "--recall", "0.5"]) == 0
    assert "bias of none lowered by" in capsys.readouterr().out
    found, targets = scores(output, data)
    assert 0.5 <= passing(found) < 1
    assert best_factor(found, targets) == pytest.approx(1, abs=0.01)
    told = checkpoint.load(output).provenance
    assert told["calibration.recall"] == "0.5" and float(told["calibration.factor"]) > 0


def test_a_factor_changes_no_order(trained, data, tmp_path, capsys):
    output = tmp_path / "out.pt"
    saved = checkpoint.load(trained)
    saved.state["conv4.norm.bias"][-1] -= 50  # so that nothing is none, and no bias falls
    checkpoint.save(saved, trained)
    assert main([str(trained), "--data", str(data), "--output", str(output)]) == 0
    assert "lowered by 0.0000" in capsys.readouterr().out
    (before, _), (after, _) = scores(trained, data), scores(output, data)
    factor = float(checkpoint.load(output).provenance["calibration.factor"])
    torch.testing.assert_close(after, before * factor, rtol=1e-3, atol=1e-3)


def test_the_factor_is_the_one_of_least_loss():
    found = torch.tensor([[2.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    targets = torch.tensor([0, 1, 1])
    factor = best_factor(found, targets)
    losses = [evaluate.loss(found * f, targets) for f in (factor * 0.9, factor, factor * 1.1)]
    assert losses[1] < min(losses[0], losses[2])


def test_what_cannot_be_calibrated_is_one_line(trained, arguments, data, tmp_path, capsys):
    flags = ["--data", str(data), "--output", str(tmp_path / "out.pt")]
    assert main([str(trained), *flags, "--recall", "0"]) == 2
    assert "recall must be above 0" in capsys.readouterr().err
    assert train.main([*arguments, "--epochs=1", f"--output={tmp_path / 'plain'}"]) == 0
    capsys.readouterr()
    assert main([str(tmp_path / "plain" / "last.pt"), *flags]) == 2
    assert "its last class must be none" in capsys.readouterr().err
