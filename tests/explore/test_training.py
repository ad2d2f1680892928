"""A run gives a result or a failure in words, and goes on where it was interrupted."""

from dataclasses import replace

import pytest

from explore import training
from explore.command import parse
from explore.study import Point, run_settings
from explore.training import Failure, Result, attempt
from model import checkpoint
from model import train as training_of_model


@pytest.fixture
def settings(arguments, tmp_path):
    recipe = parse(arguments).recipe
    return run_settings(recipe, Point.of(recipe), 0, tmp_path / "run")


def test_a_result_is_the_best_epochs(settings):
    result = attempt(settings)
    history = checkpoint.load(settings.output / "last.pt").history
    assert len(history) == settings.epochs
    best = training_of_model.best_of(history)
    assert result.accuracy == best["validation_accuracy"]
    assert (result.loss, result.epoch) == (best["validation_loss"], best["epoch"])
    assert "epoch 2 " in (settings.output / "output.txt").read_text()


def test_the_seed_decides(settings, tmp_path):
    runs = [replace(settings, seed=s, output=tmp_path / str(n)) for n, s in enumerate((0, 0, 1))]
    one, same, other = (attempt(run) for run in runs)
    assert replace(one, seconds=0) == replace(same, seconds=0)
    assert one.loss != other.loss


def test_an_interrupted_run_goes_on_to_the_same_result(settings, tmp_path, monkeypatch):
    settings = replace(settings, epochs=3)
    whole = attempt(replace(settings, output=tmp_path / "whole"))
    epoch = training_of_model.train_epoch

    def interrupted(run, forward, batches, number):
        if number == 2:
            raise KeyboardInterrupt
        return epoch(run, forward, batches, number)

    monkeypatch.setattr(training_of_model, "train_epoch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        attempt(settings)
    (settings.output / "last.pt.1.part").write_bytes(b"killed while writing")
    numbers = []

    def watched(run, forward, batches, number):
        numbers.append(number)
        return epoch(run, forward, batches, number)

    monkeypatch.setattr(training_of_model, "train_epoch", watched)
    result = attempt(settings)
    assert numbers == [2]
    assert replace(result, seconds=0) == replace(whole, seconds=0)
    assert not list(settings.output.glob("*.part"))


def test_what_model_refuses_is_its_own_line(settings, tmp_path):
    failure = attempt(replace(settings, data=tmp_path / "none"))
    assert isinstance(failure, Failure)
    assert failure.why.startswith(f"{tmp_path / 'none'}: no such folder")


def test_a_surprise_leaves_its_traceback(settings, monkeypatch):
    def surprise(*_):
        raise MemoryError("all\nof it")

    monkeypatch.setattr(training, "train", surprise)
    assert attempt(settings) == Failure("MemoryError: all of it")
    assert "Traceback" in (settings.output / "output.txt").read_text()


def test_a_folder_that_cannot_be_made(settings, tmp_path):
    (tmp_path / "file").touch()
    failure = attempt(replace(settings, output=tmp_path / "file" / "run"))
    assert failure == Failure(f"{tmp_path / 'file' / 'run'}: cannot be written (Not a directory)")


def test_a_finished_run_is_not_trained_again(settings, monkeypatch):
    result = attempt(settings)
    monkeypatch.setattr(training_of_model, "train_epoch", None)
    again = attempt(settings)
    assert isinstance(again, Result)
    assert again == result
