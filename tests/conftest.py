"""What every test may rely on."""

import signal

import pytest

from spec import terminal


@pytest.fixture(autouse=True, scope="session")
def interruptible():
    """Ctrl-C works in what tests start, even where the tests run with it ignored, as by nohup."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def quiet_as_before():
    """What a command says of itself, and how loudly, ends with its test."""
    kept = [(var, var.get()) for var in (terminal.CALLED, terminal.LOUDNESS)]
    yield
    for var, value in kept:
        var.set(value)
