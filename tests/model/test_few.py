"""A published SqueezeNet goes on learning: what is set, what is fitted, what stays."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from model import checkpoint, few, train
from model.augment import Augmentation
from model.checkpoint import CheckpointError, Published, network_of
from model.data import read_folder
from model.settings import parse
from model.squeezenet import SqueezeNet

SIDE = 48


@pytest.fixture(scope="session")
def weights(tmp_path_factory) -> Path:
    """Made-up weights of SqueezeNet 1.1 under Caffe's names."""
    torch.manual_seed(1)
    module = SqueezeNet(network_of(Published(version="1.1", classes=10)), batch_norm=False)
    path = tmp_path_factory.mktemp("weights") / "squeezenet1_1.npz"
    arrays = {name.replace(".conv.", "."): value for name, value in module.state_dict().items()}
    np.savez(path, **{name: value.numpy() for name, value in arrays.items()})
    return path


@pytest.fixture
def words(data, weights, tmp_path) -> list[str]:
    """A run of two epochs on small images."""
    return [
        *(f"--data={data}", f"--output={tmp_path / 'run'}", f"--pretrained={weights}"),
        *("--trained-with=unit", f"--image={SIDE}", "--shorter-side=0", "--epochs=2"),
        *("--batch=6", "--threads=1", "--no-report"),
    ]


def test_the_recipe_and_what_overrules_it(weights, tmp_path):
    base = ["--data=d", "--output=o", f"--pretrained={weights}", "--trained-with=torchvision"]
    settings = parse(base)
    assert settings.parameters(3) == Published(version="1.1", classes=3)
    assert (settings.init, settings.shorter_side, settings.batch_norm) == (weights, 256, False)
    assert (settings.freeze, settings.epochs) == ("fire5", few.RECIPE["epochs"])
    assert parse([*base, "--epochs=3", "--freeze=conv1"]).epochs == 3
    (tmp_path / "run.toml").write_text("epochs = 4\nrate = 0.5\n")
    settings = parse([*base, f"--config={tmp_path / 'run.toml'}", "--rate=0.25"])
    assert (settings.epochs, settings.rate) == (4, 0.25)
    caffe = parse([*base[:3], "--trained-with=caffe"])
    assert (caffe.image, caffe.shorter_side) == (227, 256)


def test_what_cannot_be_a_start(weights, tmp_path, capsys):
    base = ["--data=d", "--output=o", f"--pretrained={weights}"]
    with pytest.raises(CheckpointError, match="give --trained-with"):
        parse(base)
    with pytest.raises(ValueError, match=r"freeze must be one of conv1, pool1, .* not fire1"):
        parse([*base, "--trained-with=unit", "--freeze=fire1"])
    with pytest.raises(SystemExit):
        parse([*base, "--init=other.pt"])
    assert "leave --init away" in capsys.readouterr().err
    np.savez(tmp_path / "other.npz", **{"conv1.weight": np.zeros((32, 3, 3, 3), np.float32)})
    with pytest.raises(CheckpointError, match=r"other.npz: not a SqueezeNet 1\.0 or 1\.1"):
        parse(["--data=d", "--output=o", f"--pretrained={tmp_path / 'other.npz'}"])


def test_the_last_convolution_is_fitted_alone(data):
    photographs = read_folder(data / "train", SIDE)
    network = network_of(Published(version="1.1", classes=3, image_size=SIDE))
    torch.manual_seed(1)
    module = SqueezeNet(network, batch_norm=False)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    loss = few.fit_last(module, photographs, Augmentation(), seed=0)
    assert loss < math.log(3) / 2  # that of zero weights is log 3
    changed = [n for n, value in module.state_dict().items() if not value.equal(before[n])]
    assert changed == ["conv10.conv.weight", "conv10.conv.bias"]
    other = SqueezeNet(network, batch_norm=False)
    other.load_state_dict(before)
    assert few.fit_last(other, photographs, Augmentation(), seed=0) == loss


def test_frozen_layers_stay_as_they_were(words, weights, tmp_path):
    assert train.main(words) == 0
    made = checkpoint.load(tmp_path / "run" / "last.pt").training["module"]
    for name, array in np.load(weights).items():
        stem, kind = name.rsplit(".", 1)
        if not stem.startswith("conv10"):
            same = np.array_equal(made[f"{stem}.conv.{kind}"].numpy(), array)
            assert same == (stem.split(".")[0] in ("conv1", "fire2", "fire3", "fire4", "fire5"))


def test_frozen_batch_norms_keep_their_statistics(arguments, tmp_path):
    assert train.main([*arguments, "--freeze=conv1"]) == 0
    state = checkpoint.load(tmp_path / "run" / "last.pt").training["module"]
    assert not state["conv1.norm.running_mean"].any()
    assert state["fire2.squeeze.norm.running_mean"].any()


def test_half_of_what_was_learned_is_kept(words, tmp_path):
    assert train.main([*words, "--average=0"]) == 0
    made = checkpoint.load(tmp_path / "run" / "last.pt")
    start, end = made.training["start"], made.training["module"]
    assert not all(start[name].equal(value) for name, value in end.items())
    for name, value in made.state.items():
        assert value.equal(torch.lerp(start[name], end[name], 0.5)), name


def test_it_is_judged_at_the_end_only(words, capsys, tmp_path):
    assert train.main(words) == 0
    said = capsys.readouterr().out
    assert "fresh: conv10.conv.weight, conv10.conv.bias" in said
    assert "the last convolution, fitted alone: loss " in said
    assert said.count("validation_accuracy") == 1
    assert re.search(
        r"kept: epoch 2, validation accuracy .* \(\d of 6\), 95 %: [0-9.]+ to [0-9.]+\n", said
    )


def test_a_resumed_run_is_the_run_that_never_stopped(words, tmp_path, monkeypatch):
    assert train.main(words) == 0
    whole = checkpoint.load(tmp_path / "run" / "last.pt")

    def interrupt(run, *more, own=train.train_epoch):
        if len(run.history) == 1:
            raise KeyboardInterrupt
        return own(run, *more)

    words[1] = f"--output={tmp_path / 'again'}"
    with monkeypatch.context() as patch:
        patch.setattr(train, "train_epoch", interrupt)
        assert train.main(words) == 130
    assert train.main([*words, "--resume"]) == 0
    again = checkpoint.load(tmp_path / "again" / "last.pt")
    for name, value in whole.state.items():
        assert value.equal(again.state[name]), name
