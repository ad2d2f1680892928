"""A checkpoint comes back as it went, or says what is wrong with it."""

import dataclasses
import errno
import os

import pytest
import torch

from model import checkpoint
from model.checkpoint import Checkpoint, CheckpointError, Preprocessing, Published
from model.squeezenet import SqueezeNet
from spec.squeezenet import Metaparameters

SMALL = Metaparameters(
    image_size=16, num_filters=8, base_e=8, incr_e=8, blocks=1, classes=2, pct_3x3=0.25
)


def make(**changes) -> Checkpoint:
    torch.manual_seed(0)
    values = {
        "parameters": SMALL,
        "batch_norm": True,
        "labels": ("cat", "dog"),
        "preprocessing": Preprocessing(mean=(0.5, 0.4, 0.3), shorter_side=44),
        "history": [{"epoch": 1, "loss": 0.5}],
        "provenance": {"seed": "0"},
        "training": {"average_steps": 3},
    } | changes
    module = SqueezeNet(
        checkpoint.network_of(values["parameters"]), batch_norm=values["batch_norm"]
    )
    return Checkpoint(**{"state": module.state_dict()} | values)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"batch_norm": False, "training": None},
        {"parameters": Published(version="1.1", classes=2, image_size=40), "batch_norm": False},
    ],
    ids=["family", "no batch norm", "published"],
)
def test_comes_back(tmp_path, changes):
    made = make(**changes)
    checkpoint.save(made, tmp_path / "new" / "a.pt")
    loaded = checkpoint.load(tmp_path / "new" / "a.pt")
    for item in dataclasses.fields(Checkpoint):
        if item.name != "state":
            assert getattr(loaded, item.name) == getattr(made, item.name), item.name
    side = made.network.image.height
    images = torch.rand(1, 3, side, side)
    with torch.inference_mode():
        assert torch.equal(loaded.module()(images), made.module()(images))
    assert os.listdir(tmp_path / "new") == ["a.pt"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_the_checkpoint_before(tmp_path, monkeypatch, call):
    path = tmp_path / "a.pt"
    checkpoint.save(make(), path)
    before = path.read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(CheckpointError, match=r"a\.pt: cannot be written \(No space left"):
        checkpoint.save(make(labels=("fish", "bird")), path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.pt"]


def test_missing(tmp_path):
    with pytest.raises(CheckpointError, match=r"none\.pt: no such file; python -m model\.train"):
        checkpoint.load(tmp_path / "none.pt")


@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.99])
def test_cut_short(tmp_path, keep):
    path = tmp_path / "a.pt"
    checkpoint.save(make(), path)
    content = path.read_bytes()
    path.write_bytes(content[: keep if keep == int(keep) else int(keep * len(content))])
    with pytest.raises(CheckpointError, match=r"a\.pt: "):
        checkpoint.load(path)


def test_not_one_of_ours(tmp_path):
    path = tmp_path / "a.pt"
    torch.save({"weight": torch.zeros(1)}, path)
    with pytest.raises(CheckpointError, match="a state dict goes to --init"):
        checkpoint.load(path)
    path.write_text("a photograph")
    with pytest.raises(CheckpointError, match="not a checkpoint"):
        checkpoint.load(path)
    torch.save(SqueezeNet, path)
    with pytest.raises(CheckpointError, match="not a checkpoint"):
        checkpoint.load(path)


def test_of_another_version(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "VERSION", 7)
    checkpoint.save(make(), tmp_path / "a.pt")
    monkeypatch.undo()
    with pytest.raises(CheckpointError, match="version 7, and this program reads 1; train again"):
        checkpoint.load(tmp_path / "a.pt")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"parameters": dataclasses.replace(SMALL, num_filters=16)}, r"conv1\.conv\.weight has sh"),
        ({"parameters": dataclasses.replace(SMALL, blocks=2)}, r"fire4.* is missing"),
        ({"labels": ("cat", "dog", "fish")}, "3 labels for 2 classes"),
        ({"batch_norm": False}, "conv1.conv.bias is missing"),
    ],
)
def test_of_another_architecture(tmp_path, changes, message):
    checkpoint.save(dataclasses.replace(make(), **changes), tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=message):
        checkpoint.load(tmp_path / "a.pt")


def test_not_finite(tmp_path):
    made = make()
    made.state["fire2.squeeze.conv.weight"][0] = torch.nan
    checkpoint.save(made, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=r"fire2\.squeeze\.conv\.weight is not finite"):
        checkpoint.load(tmp_path / "a.pt")
