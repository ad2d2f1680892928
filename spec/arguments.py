"""Command lines: what argparse does, with bad input as one line."""

import argparse
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """An ``ArgumentParser`` that refuses with one line and exit code 2, without the usage."""

    def error(self, message: str) -> NoReturn:
        program = self.prog.removeprefix("python -m ")
        self.exit(2, f"{program}: {message}; --help says what can be given\n")
