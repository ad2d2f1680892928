"""What every command does alike: its name, one-line errors, exit codes, how much it says."""

import io
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TextIO

from spec.text import printable

CALLED: ContextVar[str | None] = ContextVar("CALLED", default=None)
"""What the user typed for the running command, if that was not ``python -m …``."""
PROGRAM: ContextVar[str] = ContextVar("PROGRAM", default="caracal")
"""The running command in messages, such as ``hw.build`` or ``caracal build``."""
LOUDNESS: ContextVar[int] = ContextVar("LOUDNESS", default=0)
"""−1: results, warnings and errors only; 0: notes and progress too; 1: where errors come from."""
RAISING: ContextVar[bool] = ContextVar("RAISING", default=False)
"""Whether a program calls the command: it gets its errors as exceptions, not as lines."""

Errors = tuple[type[BaseException], ...]


def complain(message: object) -> None:
    """A warning or an error of the running command, as one line on standard error."""
    print(f"{PROGRAM.get()}: {printable(message)}", file=sys.stderr, flush=True)


def note(message: str) -> None:
    """What goes on, on standard error, unless the user wants it quiet."""
    if LOUDNESS.get() >= 0:
        print(message, file=sys.stderr, flush=True)


def progress() -> TextIO:
    """Where to show how far long work is: standard error, or nowhere if it is to be quiet."""
    return sys.stderr if LOUDNESS.get() >= 0 else io.StringIO()


def bars_off() -> bool | None:
    """tqdm's ``disable``: no progress bars where it is to be quiet, or where no terminal is."""
    return True if LOUDNESS.get() < 0 else None


@contextmanager
def raising() -> Iterator[None]:
    """Within, errors of commands and of their flags are raised."""
    before = RAISING.set(True)
    try:
        yield
    finally:
        RAISING.reset(before)


def run(
    name: str,
    command: Callable[[], int],
    *,
    bad: Errors,
    failed: Errors = (),
    interrupted: Callable[[], str] = lambda: "interrupted",
) -> int:
    """The exit code of a command; its errors are one line each.

    Parameters
    ----------
    name
        Of the command in messages, such as ``hw.build``, unless it was called otherwise.
    command
        Returns an exit code.
    bad
        What bad input raises: exit code 2.
    failed
        What is raised by something that ran and failed: exit code 1.
    interrupted
        What to say at Ctrl-C, exit code 130.

    A reader of standard output that went away, as ``head`` does, ends the command without a word.
    """
    if RAISING.get():
        return command()
    PROGRAM.set(CALLED.get() or name)
    for stream in (sys.stdout, sys.stderr):
        # Names of files need not be text, and the terminal need not have the letters of a label.
        if stream is not None and (encoding := getattr(stream, "encoding", None)):
            utf8 = encoding.lower().replace("-", "") == "utf8"
            stream.reconfigure(errors="surrogateescape" if utf8 else "backslashreplace")
    try:
        try:
            return command()
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except bad as error:
        return _fail(error, 2)
    except failed as error:
        return _fail(error, 1)
    except KeyboardInterrupt:
        complain(interrupted())
        return 130


def _fail(error: BaseException, code: int) -> int:
    if LOUDNESS.get() > 0:
        traceback.print_exception(error)
    complain(error)
    return code
