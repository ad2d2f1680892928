"""Command lines: what argparse does, with bad input as one line."""

import argparse
import os
from typing import NoReturn

from spec import terminal

_MODULE = "python -m "


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
    """

    def __init__(self, *, prog: str, add_help: bool = True, **more):
        called = terminal.CALLED.get()
        if called is not None and prog.startswith(_MODULE):
            prog = called
        super().__init__(prog=prog, add_help=add_help, **more)
        if add_help:
            add = self.add_argument
            add("-v", "--verbose", action=_Loudness, const=1, help="say where an error comes from")
            add("-q", "--quiet", action=_Loudness, const=-1, help="no notes, no progress")

    def parse_args(self, args=None, namespace=None):
        if "_ARGCOMPLETE" in os.environ:  # the shell asks what could come next
            import argcomplete

            argcomplete.autocomplete(self)
        return super().parse_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        program = self.prog.removeprefix(_MODULE)
        self.exit(2, f"{program}: {message}; --help says what can be given\n")
