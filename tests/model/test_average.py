"""A mean of weights, and what none is made of."""

import pytest
import torch

from model import checkpoint, train
from model.average import main


@pytest.fixture
def runs(arguments, tmp_path, capsys):
    """Two seeds that go on from one run."""
    assert train.main([*arguments, "--epochs=1"]) == 0
    for seed in (1, 2):
        more = [f"--init={tmp_path / 'run' / 'last.pt'}", f"--seed={seed}"]
        assert (
            train.main([*arguments, *more, "--epochs=1", f"--output={tmp_path / str(seed)}"]) == 0
        )
    capsys.readouterr()
    return [tmp_path / str(seed) / "last.pt" for seed in (1, 2)]


def test_every_weight_is_the_mean(runs, tmp_path, capsys):
    output = tmp_path / "mean.pt"
    assert main([*map(str, runs), "--output", str(output)]) == 0
    assert "the mean of 2 checkpoints" in capsys.readouterr().out
    one, other, mean = (checkpoint.load(path) for path in (*runs, output))
    floats = [name for name, value in one.state.items() if value.is_floating_point()]
    assert any((one.state[name] != other.state[name]).any() for name in floats)
    for name in floats:
        torch.testing.assert_close(mean.state[name], (one.state[name] + other.state[name]) / 2)
    assert mean.provenance["average"] == f"1 of {runs[0]}; 1 of {runs[1]}"
    assert mean.labels == one.labels and mean.photographs == one.photographs
    assert mean.training is None and not mean.history
    mean.module()


def test_shares_weigh(runs, tmp_path, capsys):
    output = tmp_path / "mean.pt"
    assert main([*map(str, runs), "--shares", "3", "1", "--output", str(output)]) == 0
    one, other, mean = (checkpoint.load(path).state for path in (*runs, output))
    for name, value in mean.items():
        if value.is_floating_point():
            torch.testing.assert_close(value, 0.75 * one[name] + 0.25 * other[name])
            assert value.dtype == one[name].dtype
    assert main([*map(str, runs), "--shares", "3", "--output", str(tmp_path / "no.pt")]) == 2
    assert "--shares must be 2, one a checkpoint, not 1" in capsys.readouterr().err


def test_only_of_the_same_network_and_photographs(arguments, runs, tmp_path, capsys):
    output = tmp_path / "mean.pt"
    assert main([str(runs[0]), "--output", str(output)]) == 2
    assert "is only one; name two checkpoints or more" in capsys.readouterr().err
    wide = tmp_path / "wide"
    assert train.main([*arguments, "--epochs=1", "--num-filters=12", f"--output={wide}"]) == 0
    assert main([str(runs[0]), str(wide / "last.pt"), "--output", str(output)]) == 2
    assert "last.pt: has other parameters than" in capsys.readouterr().err
    assert not output.exists()
