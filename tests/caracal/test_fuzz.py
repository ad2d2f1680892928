"""Command lines and files at random: whatever is wrong with them, no command ends in a traceback.

``python tests/caracal/test_fuzz.py 2000`` tries so many.
"""

import contextlib
import io
import os
import random
import sys
import tempfile
import traceback
from pathlib import Path

from caracal.__main__ import main
from caracal.commands import COMMANDS
from spec import terminal

#: Those that answer at once; what trains or builds is given nothing that it could do.
FLAGS = {
    "train": ["--data", "--output", "--epochs", "--image", "--stages", "--rate", "--warmup"],
    "report": ["--data", "--output", "--threads"],
    "teacher": ["--data", "--output", "--image", "--decay"],
    "quantize": ["--data", "--output", "--images", "--finetune", "--name", "--names"],
    "evaluate": ["--data", "--validation-share", "--seed", "--csv"],
    "explore": ["--plan-only", "--vary", "--board", "--clock", "--seeds", "--study", "--grid"],
    "plan": ["--board", "--variant", "--model", "--engine", "--clock", "--json"],
    "build": ["--board", "--variant", "--model", "--clock", "--seed", "--plan-only"],
    "flash": ["--board", "--file", "--tool", "--variant"],
    "identify": ["--port", "--model", "--json"],
    "classify": ["--port", "--model", "--json"],
    "watch": ["--port", "--model", "--existing"],
    "bench": ["--port", "--model", "--images"],
    "selftest": ["--port", "--model"],
    "sim": ["--model", "--engine"],
}
VALUES = (
    *("ulx3s", "85F", "16x16", "0", "-1", "1/0", "1e9", "nan", "inf", "", " ", "a=b", "base_e=1,x"),
    *("32x2,4x1", "x" * 300, "Löwe", "\udcff", "\0", "--", "-", "no/such/file", "/dev/null"),
)
CONTENTS = (
    b"",
    b"\0" * 100,
    b"\x89PNG\r\n\x1a\n" + b"x" * 50,
    b"\xff\xd8\xff\xe0" + b"x" * 50,
    b"\x08\x07\x12\x00:\x00",
    b"PK\x03\x04" + b"x" * 50,
    b"[vary]\nbase_e = 'x'\n",
    "Löwe".encode("utf-16"),
    b"\xff\0Part: LFE5U-85F-6CABGA381\0\xff\xff\xbd\xb3",
)
SUFFIXES = (".onnx", ".pt", ".npz", ".jpg", ".toml", ".bit", "")


def line(rng: random.Random, files: list[str]) -> list[str]:
    """A command line with up to six words that may mean something."""
    name = rng.choice([*COMMANDS, "trian"])
    words = []
    for _ in range(rng.randrange(7)):
        kind = rng.random()
        if kind < 0.4:
            words.append(rng.choice(FLAGS.get(name, ["--json"])))
        elif kind < 0.7:
            words.append(rng.choice(files))
        else:
            words.append(rng.choice(VALUES))
    return [rng.choice(("", "-q", "-v")), name, *words] if rng.random() < 0.2 else [name, *words]


def write_files(folder: Path, rng: random.Random) -> list[str]:
    names = []
    for number in range(24):
        content = rng.choice(CONTENTS) + rng.randbytes(rng.randrange(3))
        path = folder / f"file{number}{rng.choice(SUFFIXES)}"
        path.write_bytes(content)
        names.append(str(path))
    (folder / "classes" / "a").mkdir(parents=True)
    (folder / "classes" / "a" / "0.jpg").write_bytes(CONTENTS[3])
    return [*names, str(folder), str(folder / "classes"), str(folder / "out")]


def attempt(words: list[str]) -> str:
    """What is wrong with how a command ended; nothing if it ended as it should."""
    said = io.StringIO()
    before = [(var, var.get()) for var in (terminal.CALLED, terminal.LOUDNESS)]
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
            code = main(words)
    except SystemExit as error:
        code = error.code
    except Exception:  # what a user must never see
        return traceback.format_exc()
    finally:
        for var, value in before:
            var.set(value)
    quiet = terminal.LOUDNESS.get() <= 0 and "-v" not in words
    if code not in (0, 1, 2) or (quiet and "Traceback" in said.getvalue()):
        return f"exit code {code}: {said.getvalue()}"
    if code == 2 and not said.getvalue().strip():
        return "exit code 2 without a word"
    return ""


def fuzz(count: int, seed: int) -> list[str]:
    """Try so many command lines; those that ended badly."""
    rng = random.Random(seed)
    bad = []
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            files = write_files(Path(folder), rng)
            for _ in range(count):
                words = line(rng, files)
                if words[-1:] == ["watch"] or (words[0] == "watch" and folder in words):
                    continue  # it would go on for ever with a board
                trouble = attempt(words)
                if trouble:
                    bad.append(f"{words}\n{trouble}")
        finally:
            os.chdir(here)
    return bad


def test_no_command_line_ends_in_a_traceback():
    assert fuzz(40, seed=1) == []


if __name__ == "__main__":
    found = fuzz(int(sys.argv[1]), seed=2)
    print(*found, sep="\n\n")
    print(f"{len(found)} of {sys.argv[1]} ended badly")
    sys.exit(bool(found))
