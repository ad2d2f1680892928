"""Every command's help ends with examples, and what they type is taken."""

import re
import shlex
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from caracal.__main__ import main
from caracal.commands import COMMANDS
from host.command import EXAMPLES
from spec.arguments import Parser

ROOT = Path(__file__).parent.parent.parent
PROGRAM = re.compile(r'\bprog="python -m ([a-z_.]+)"')
ROOMS = ("explore", "host", "hw", "model", "photo", "plan", "quant", "sim", "spec")
MODULES = {
    name: ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for room in ROOMS
    for path in sorted((ROOT / room).rglob("*.py"))
    for name in PROGRAM.findall(path.read_text())
}
"""The module whose parser is called so."""
ENTRIES = {"model.settings": "model.train", "explore.command": "explore.__main__"}
"""Where ``main`` is, if not beside the parser."""


class Taken(Exception):
    """The command line was taken; nothing of it is done."""


def check(program: str, entry: Callable[[list[str]], int], words: list[str], monkeypatch, capsys):
    """Every example of this help begins with ``program`` and is taken."""
    with pytest.raises(SystemExit) as ended:
        entry([*words, "--help"])
    assert ended.value.code == 0
    _, examples = capsys.readouterr().out.split("\nexamples:\n")
    lines = examples.splitlines()
    assert lines
    real = Parser.parse_args

    def parse(self, args=None, namespace=None):
        real(self, args, namespace)
        raise Taken

    monkeypatch.setattr(Parser, "parse_args", parse)
    for line in lines:
        assert line.startswith(f"  {program}") and len(line) <= 100, line
        typed = shlex.split(line.removeprefix(f"  {program}"))
        with pytest.raises(Taken):
            entry([*words, *typed])


@pytest.mark.parametrize("name", COMMANDS)
def test_of_caracal(name, monkeypatch, capsys):
    check(f"caracal {name}", main, [name], monkeypatch, capsys)


@pytest.mark.parametrize("name", MODULES)
def test_of_modules(name, monkeypatch, capsys):
    module = import_module(ENTRIES.get(MODULES[name], MODULES[name]))
    check(f"python -m {name}", module.main, [], monkeypatch, capsys)


@pytest.mark.parametrize("name", EXAMPLES)
def test_of_the_host(name, monkeypatch, capsys):
    entry = import_module("host.command").main
    check(f"python -m host {name}", entry, [name], monkeypatch, capsys)


def test_every_program_is_among_them():
    assert {"model.train", "quant", "hw.build", "sim.fuzz", "explore"} <= MODULES.keys()
