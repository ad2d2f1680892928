"""The command ``caracal``: every command of the project under one name."""

import argparse
import os
import sys
from difflib import get_close_matches
from itertools import takewhile

from caracal import __version__
from caracal.commands import COMMANDS, GROUPS
from spec import terminal
from spec.arguments import Parser

EXAMPLES = """\
examples:
  caracal classify --simulate                          sample pictures, no board, no photograph
  caracal train --data photographs --validation-share 0.12 --output runs/mine
  caracal quantize runs/mine/best.pt --data photographs --validation-share 0.12 --output mine.onnx
  caracal plan --board ulx3s --model mine.onnx
  caracal build --board ulx3s --model mine.onnx

`caracal COMMAND --help` says what a command takes. Completion at TAB, after
pip install 'caracal[shell]':  eval "$(register-python-argcomplete caracal)"
"""


class NoCommand(Exception):
    """What was typed is no command."""


def listing() -> str:
    """The commands by group."""
    lines = []
    for title, group in GROUPS.items():
        lines += [f"{title}:", *(f"  {name:10} {one.help}" for name, one in group.items()), ""]
    return "\n".join(lines)


def make_parser() -> Parser:
    result = Parser(
        prog="caracal",
        usage="caracal [-v | -q] COMMAND …",
        description="From photographs to an open FPGA.\n\n" + listing(),
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument("--version", action="version", version=f"caracal {__version__}")
    result.add_argument("command", nargs="?", choices=COMMANDS, help=argparse.SUPPRESS)
    return result


def call(name: str, argv: list[str]) -> int:
    """The exit code of a command that the user called by this name."""
    if name not in COMMANDS:
        near = get_close_matches(name, COMMANDS, 1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise NoCommand(f"no command {name}; {hint}caracal --help lists them")
    command = COMMANDS[name]
    terminal.CALLED.set("caracal" if command.words == (name,) else f"caracal {name}")
    try:
        return command.main(argv)
    except ModuleNotFoundError as error:
        ours = f"[{command.extra}]" if command.extra else ""
        raise NoCommand(
            f"{name} needs {error.name}, which is not installed: pip install 'caracal{ours}', "
            f"or in a clone pip install -e '.{ours}'"
        ) from error


def main(argv: list[str] | None = None) -> int:
    words = sys.argv[1:] if argv is None else argv
    if "_ARGCOMPLETE" in os.environ:
        complete(os.environ["COMP_LINE"].split())
    options = list(takewhile(lambda word: word.startswith("-"), words))

    def command() -> int:
        parser = make_parser()
        parser.parse_args(options)
        if len(options) == len(words):
            parser.print_help()
            return 0
        return call(words[len(options)], words[len(options) + 1 :])

    return terminal.run("caracal", command, bad=(NoCommand,))


def complete(typed: list[str]) -> None:
    """Ends the program if what comes next is a word of ours; else the command's parser does."""
    if len(typed) < 2 or typed[1] not in COMMANDS:
        make_parser().parse_args([])
    elif COMMANDS[typed[1]].words != (typed[1],):
        # Of how many words the program's name consists, and one.
        os.environ["_ARGCOMPLETE"] = "2"
    call(typed[1], [])


if __name__ == "__main__":
    sys.exit(main())
