"""Programs that stand in for programmers, files for them to take, the simulator around a part."""

import json
import stat
import sys
from pathlib import Path

import pytest
from amaranth.sim import Simulator

from hw import flash

STAND_IN = """#!{python}
import json, re, sys
from pathlib import Path
words = " ".join(sys.argv[1:])
with open(r"{log}", "a") as log:
    print(Path(sys.argv[0]).name, words, file=log)
for pattern, text, code in json.loads(Path(sys.argv[0] + ".json").read_text()):
    if re.search(pattern, words):
        sys.stdout.write(text)
        sys.exit(code)
"""


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log"


@pytest.fixture
def install(tmp_path, log, monkeypatch):
    """A function that installs a program: its answers by a pattern of its arguments."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def install(name: str, *answers: tuple[str, str, int]):
        path = tmp_path / name
        path.write_text(STAND_IN.format(python=sys.executable, log=log))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        path.with_name(f"{name}.json").write_text(json.dumps(answers))

    return install


@pytest.fixture
def bitstream(tmp_path):
    """A function that makes a bitstream for a part."""

    def bitstream(part: str) -> Path:
        path = tmp_path / "top.bit"
        head = f"\xff\0Part: {part}-6CABGA381\0".encode("latin-1") + b"\xff\xff"
        path.write_bytes(head + flash.PREAMBLE + bytes(2000) + flash.DONE)
        return path

    return bitstream


@pytest.fixture
def refused(capfd):
    """A function that runs the command, which refuses, and returns its one line."""

    def refused(board: str, file: Path, *more: str) -> str:
        capfd.readouterr()
        assert flash.main(["--board", board, "--file", str(file), *more]) == 2
        said = capfd.readouterr()
        assert said.out == "" and len(said.err.splitlines()) == 1
        return said.err.strip()

    return refused


def run(component, *benches, background=()) -> None:
    simulator = Simulator(component)
    simulator.add_clock(1e-6)
    for bench in benches:
        simulator.add_testbench(bench)
    for bench in background:
        simulator.add_testbench(bench, background=True)
    simulator.run()


@pytest.fixture
def simulate():
    """A function that runs benches on a component until those not in the background end."""
    return run
