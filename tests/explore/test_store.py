"""What is finished is kept whole, and only with the recipe it was made with."""

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest

from explore.store import Store, StoreError, write_whole
from explore.training import Result
from model.settings import Settings

RESULT = Result(accuracy=0.75, loss=0.5, epoch=3, seconds=1.5)


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "study")


@pytest.fixture
def settings(store) -> Settings:
    folder = store.run_folder("slug", 1)
    return Settings(data=Path("/photographs"), output=folder, seed=1)


def test_a_result_comes_back(store, settings):
    assert store.result(settings.output) is None
    store.keep(settings, RESULT)
    assert store.result(settings.output) == RESULT
    assert os.listdir(settings.output) == ["result.json"]


@pytest.mark.parametrize("content", ["", "{", "{}", '{"result": {"accuracy": 1}}', "[]"])
def test_a_damaged_result(store, settings, content):
    store.keep(settings, RESULT)
    (settings.output / "result.json").write_text(content)
    with pytest.raises(StoreError, match=r"result\.json: damaged .*; remove it"):
        store.result(settings.output)


def test_another_setting_and_seed_belong_to_the_study(store, settings):
    store.claim(settings)
    store.claim(replace(settings, base_e=16, image=64, seed=2, output=Path("other")))


@pytest.mark.parametrize("change", [{"epochs": 41}, {"data": Path("/b")}, {"num_filters": 8}])
def test_another_recipe_does_not(store, settings, change):
    store.claim(settings)
    ((key, value),) = change.items()
    with pytest.raises(StoreError, match=rf"recipe\.json: .* have {key} .*, not {value}; give"):
        store.claim(replace(settings, **change))


def test_a_full_disk_leaves_the_file_before(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_whole(path, b"before")

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match=r"file: cannot be written \(No space left"):
        write_whole(path, b"after")
    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["file"]


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be written"):
        write_whole(tmp_path / "file" / "below", b"")
