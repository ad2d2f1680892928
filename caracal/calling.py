"""Calling a command from Python: settings instead of flags, exceptions instead of exit codes."""

import io
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from os import PathLike

from spec import terminal

Setting = str | int | float | bool | PathLike | list | tuple | dict | None


def flags(settings: dict[str, Setting]) -> list[str]:
    """A command's flags: ``finetune=2`` is ``--finetune 2``.

    ``True`` is the flag alone, ``False`` its ``--no-`` form, ``None`` leaves it out, a list repeats
    it.
    """
    words = []
    for key, value in settings.items():
        flag = "--" + key.replace("_", "-")
        if value is True:
            words.append(flag)
        elif value is False:
            words.append(flag.replace("--", "--no-", 1))
        elif isinstance(value, list | tuple):
            words += [f"{flag}={one}" for one in value]
        elif value is not None:
            words.append(f"{flag}={value}")
    return words


def call(main: Callable[[list[str]], int], words: list[str], *, quiet: bool) -> None:
    """Run a command here; its errors are raised as what they are.

    What it prints goes to standard error, or nowhere if it is to be ``quiet``.

    Raises
    ------
    ValueError
        If a setting cannot be read.
    """
    loudness = terminal.LOUDNESS.set(-1 if quiet else 0)
    try:
        with terminal.raising(), redirect_stdout(io.StringIO() if quiet else sys.stderr):
            main(words)
    finally:
        terminal.LOUDNESS.reset(loudness)
