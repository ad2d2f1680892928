import io
import os
import subprocess
import sys

import pytest

from spec import terminal
from spec.arguments import Parser


class Broken(Exception):
    pass


def run(error: BaseException | None = None) -> int:
    def command() -> int:
        if error is not None:
            raise error
        return 0

    return terminal.run("hw.thing", command, bad=(ValueError,), failed=(Broken,))


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (None, 0, ""),
        (ValueError("no such board"), 2, "hw.thing: no such board\n"),
        (Broken("it stopped"), 1, "hw.thing: it stopped\n"),
        (KeyboardInterrupt(), 130, "hw.thing: interrupted\n"),
    ],
)
def test_exit_codes_and_lines(error, code, said, capsys):
    assert run(error) == code
    assert capsys.readouterr() == ("", said)


def test_our_own_mistakes_are_not_bad_input():
    with pytest.raises(ZeroDivisionError):
        run(ZeroDivisionError())


def test_verbose_says_where(capsys):
    Parser(prog="python -m hw.thing").parse_args(["-v"])
    assert run(ValueError("no such board")) == 2
    error = capsys.readouterr().err
    assert error.startswith("Traceback") and error.endswith("\nhw.thing: no such board\n")


def test_quiet(capsys):
    terminal.note("compiling")
    assert terminal.bars_off() is None
    arguments = Parser(prog="python -m hw.thing").parse_args(["--quiet"])
    assert vars(arguments) == {}
    terminal.note("and again")
    assert terminal.bars_off() is True
    assert capsys.readouterr().err == "compiling\n"


def test_called_otherwise(capsys):
    terminal.CALLED.set("caracal thing")
    assert run(ValueError("no")) == 2
    with pytest.raises(SystemExit):
        Parser(prog="python -m hw.thing").parse_args(["--what"])
    error = capsys.readouterr().err.splitlines()
    assert error[0] == "caracal thing: no"
    assert error[1].startswith("caracal thing: unrecognized arguments: --what;")


def test_names_that_the_terminal_cannot_show(monkeypatch):
    for encoding, shown in (("ascii", rb"L\xf6we \udcff"), ("utf-8", b"L\xc3\xb6we \xff")):
        raw = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
        name = os.fsdecode(b"\xff")
        assert terminal.run("x", lambda n=name: print(f"Löwe {n}") or 0, bad=()) == 0
        assert raw.getvalue() == shown + b"\n"


def test_a_reader_that_goes_away():
    script = """
import sys
from spec import terminal
sys.exit(terminal.run("x", lambda: print("line\\n" * 100_000) or 0, bad=(OSError,)))
"""
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_a_complaint_is_one_line_whatever_a_file_is_called(capsys):
    terminal.complain("a\nb\x1b[31m\udcff: gone")
    assert capsys.readouterr().err.endswith(": a\\nb\\x1b[31m\\xff: gone\n")
