"""The one command: what it knows, how it names itself, and how little it loads."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from caracal import __version__
from caracal.__main__ import main
from caracal.commands import COMMANDS, Command

ROOT = Path(__file__).parent.parent.parent


def ended(*argv: str) -> int:
    """The exit code, however it comes."""
    try:
        return main([*argv])
    except SystemExit as error:
        return error.code


def test_help_names_every_command(capsys):
    assert ended("--help") == ended() == 0
    one, other = capsys.readouterr().out.split("usage: ")[1:]
    assert one == other
    for name, command in COMMANDS.items():
        assert f"\n  {name:10} {command.help}\n" in one


def test_it_is_installed_as_a_command():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"caracal": f"{main.__module__}:{main.__name__}"}


def test_version(capsys):
    assert ended("--version") == 0
    assert capsys.readouterr().out == f"caracal {__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_each_is_called_what_was_typed(name, capsys):
    assert ended(name, "--help") == 0
    assert capsys.readouterr().out.startswith(f"usage: caracal {name} ")


@pytest.mark.parametrize("name", COMMANDS)
def test_bad_input_is_one_line(name, capsys):
    assert ended("-q", name, "--such-a-flag") == 2
    assert capsys.readouterr().err.startswith("caracal")


@pytest.mark.parametrize(
    ("typed", "hint"), [("trian", "did you mean train? "), ("xyzzy", ""), ("", "")]
)
def test_no_such_command(typed, hint, capsys):
    assert ended(typed) == 2
    error = capsys.readouterr().err
    assert error == f"caracal: no command {typed}; {hint}caracal --help lists them\n"


def test_a_missing_package_is_named(monkeypatch, capsys):
    gone = Command(module="no_such_package", help="", extra="train")
    monkeypatch.setitem(COMMANDS, "gone", gone)
    assert ended("gone") == 2
    error = capsys.readouterr().err
    assert "no_such_package" in error and "'caracal[train]'" in error and error.count("\n") == 1


def test_help_loads_nothing_heavy():
    script = "import sys, caracal.__main__ as c; c.main([]); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    loaded = {name.split(".")[0] for name in done.stdout.splitlines()[-1].split()}
    assert "caracal" in loaded
    assert not loaded & {"numpy", "torch", "amaranth", "onnx", "PIL", "serial", "tqdm"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("caracal cl", {"classify "}),
        ("caracal classify --sim", {"--simulate "}),
        ("caracal build --bo", {"--board "}),
        ("caracal build --board ul", {"ulx3s "}),
    ],
)
def test_completion(line, expected, tmp_path):
    answer = tmp_path / "answer"
    told = {"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line))}
    told |= {"_ARGCOMPLETE_STDOUT_FILENAME": str(answer), "_ARGCOMPLETE_IFS": "\n"}
    command = [sys.executable, "-m", "caracal"]
    subprocess.run(command, env={**os.environ, **told}, capture_output=True, check=False)
    assert set(answer.read_text().split("\n")) == expected
