"""Command lines: what argparse does, with bad input as one line."""

import argparse
import math
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

from spec import terminal
from spec.text import printable

_MODULE = "python -m "

THREADS = 1024
"""More threads than that, no computer here has use for; OpenMP ends the program without a word."""

WRITTEN = frozenset(("output", "csv", "page", "html", "report", "megadetector", "sort"))
"""What flags are called whose file or folder a command writes."""


class _Loudness(argparse.Action):
    """``-q`` or ``-v``: leaves nothing in the namespace."""

    def __init__(self, option_strings, dest, *, const, help):
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, const=const, help=help)

    def __call__(self, parser, namespace, values, option_string=None):
        terminal.LOUDNESS.set(self.const)


class Parser(argparse.ArgumentParser):
    """An ``ArgumentParser`` that refuses with one line and exit code 2, without the usage.

    Parameters
    ----------
    prog
        ``python -m MODULE``; a user who typed something else (:data:`spec.terminal.CALLED`) reads
        that.
    examples
        Of what may be typed behind the program's name; they end the help.
    """

    def __init__(self, *, prog: str, add_help: bool = True, examples: tuple[str, ...] = (), **more):
        called = terminal.CALLED.get()
        if called is not None and prog.startswith(_MODULE):
            prog = called
        super().__init__(prog=prog, add_help=add_help, **more)
        self._examples = examples
        if add_help:
            add = self.add_argument
            add("-v", "--verbose", action=_Loudness, const=1, help="say where an error comes from")
            add("-q", "--quiet", action=_Loudness, const=-1, help="no notes, no progress")

    def format_help(self) -> str:
        lines = [f"  {self.prog} {words}".rstrip() for words in self._examples]
        return "\n".join([super().format_help(), *(["examples:"] if lines else []), *lines, ""])

    def parse_args(self, args=None, namespace=None):
        if "_ARGCOMPLETE" in os.environ:  # the shell asks what could come next
            import argcomplete

            argcomplete.autocomplete(self)
        if any("\0" in word for word in args or ()):  # from a program: no shell has it
            self.error("a word holds a zero byte, which no name of a file may")
        result = super().parse_args(args, namespace)
        self._keep_apart(vars(result))
        return result

    def _keep_apart(self, values: dict[str, object]) -> None:
        """Refuse to write where the command reads, or writes something else."""
        named = {key: list(_paths(value)) for key, value in values.items()}
        for key in WRITTEN & named.keys():
            for path in named[key]:
                others = [o for o, there in named.items() if o != key and _among(path, there)]
                if others:
                    self.error(
                        f"--{key} {path} is the {others[0].replace('_', ' ')}, too, and would be "
                        "overwritten: choose another path"
                    )

    def error(self, message: str) -> NoReturn:
        if terminal.RAISING.get():
            raise ValueError(message)
        program = self.prog.removeprefix(_MODULE)
        files = [word for word in sys.argv[1:] if word.startswith("-") and os.path.lexists(word)]
        hint = f"; a file called {files[0]} is given as ./{files[0]}" if files else ""
        self.exit(2, f"{program}: {printable(message + hint)}; --help says what can be given\n")


def _paths(value: object) -> Iterator[Path]:
    if isinstance(value, Path):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _paths(item)


def _among(path: Path, others: list[Path]) -> bool:
    return os.path.realpath(path) in map(os.path.realpath, others)


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """A type of flag: an integer of at least ``least``, at most ``most``."""
    bound = f"at least {least}" if most is None else f"in {least}…{most}"

    def convert(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"must be a whole number, not {text!r}") from None
        if value < least or (most is not None and value > most):
            raise argparse.ArgumentTypeError(f"must be {bound}, not {value}")
        return value

    return convert


def number(
    *, above: float = -math.inf, least: float = -math.inf, below: float = math.inf
) -> Callable[[str], float]:
    """A type of flag: a finite float above ``above``, at least ``least`` and below ``below``."""
    limits = (("above", above), ("at least", least), ("below", below))
    bounds = [f"{word} {bound:g}" for word, bound in limits if math.isfinite(bound)]
    what = " ".join(["a finite number", ", ".join(bounds)]).strip()

    def convert(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"must be a number, not {text!r}") from None
        if not (math.isfinite(value) and value > above and least <= value < below):
            raise argparse.ArgumentTypeError(f"must be {what}, not {text}")
        return value

    return convert
