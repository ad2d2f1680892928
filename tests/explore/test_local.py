"""Real processes: they work, they die, they are ended."""

import multiprocessing
import os
import signal
import threading
import time
from contextlib import closing

import pytest

from explore.command import parse
from explore.local import train_here
from explore.study import Point, run_settings
from explore.training import Failure, Result

LONG = 10**6
"""Epochs that no test waits for."""


@pytest.fixture
def runs(arguments, tmp_path):
    """Makes a run for each number of epochs."""

    def make(*epochs: int):
        for number, count in enumerate(epochs):
            recipe = parse([*arguments, f"--epochs={count}"]).recipe
            yield run_settings(recipe, Point.of(recipe), 0, tmp_path / str(number))

    return lambda *epochs: list(make(*epochs))


def wait_for(what):
    """Until it is there; pytest-timeout is the limit."""
    while not what():
        time.sleep(0.02)


@pytest.mark.timeout(120)
def test_a_process_that_dies_is_one_runs_failure(runs):
    long, *short = made = runs(LONG, 2, 2)

    def kill():
        wait_for((long.output / "last.pt").exists)
        (child,) = multiprocessing.active_children()
        os.kill(child.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    found = dict(train_here(made, jobs=1))
    killer.join()
    why = "its process was killed; if memory was short, try fewer --jobs"
    assert found.pop(long) == Failure(why)
    assert list(found) == short
    assert all(isinstance(outcome, Result) for outcome in found.values())


@pytest.mark.timeout(120)
def test_ending_ends_the_processes(runs):
    long, short = runs(LONG, 2)
    with closing(train_here([long, short], jobs=2)) as outcomes:
        settings, outcome = next(outcomes)
        wait_for((long.output / "last.pt").exists)
    assert settings == short
    assert isinstance(outcome, Result)
    assert not multiprocessing.active_children()
    assert not list(long.output.glob("*.part"))
