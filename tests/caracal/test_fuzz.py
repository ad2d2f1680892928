"""Command lines and files at random: whatever is wrong with them, no command ends in a traceback.

``python tests/caracal/test_fuzz.py 2000 [SEED]`` tries so many.
"""

import argparse
import contextlib
import io
import os
import random
import sys
import tempfile
import traceback
from collections import Counter
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from PIL import Image

from caracal.__main__ import main
from caracal.commands import COMMANDS
from model.checkpoint import Checkpoint, network_of, save
from model.squeezenet import SqueezeNet
from spec import artifact, synthetic, terminal
from spec.arguments import Parser
from spec.squeezenet import Metaparameters, squeezenet

SMALL = Metaparameters(num_filters=8, base_e=8, incr_e=8, blocks=1, classes=2, image_size=16)
FIRST = {
    "train": "--image 16 --blocks 1 --num-filters 8 --base-e 8 --epochs 1 --threads 1 --no-report",
    "quantize": "--images 8",
    "build": "--plan-only",
    "explore": "--plan-only",
}
"""Put before what is made at random, so that what is done is done soon."""
SEEING = ("train", "quantize", "evaluate", "teacher", "report", "plan", "flash", "classify", "load")
"""Those that read files, half of the time."""
SLOW = {"simulate", "help", "verbose", "quiet"}
"""What is not asked for: the circuit would be compiled; the last two come first or not at all."""
NONSENSE = (
    *("ulx3s", "85F", "16x16", "-1", "1/0", "1e9", "nan", "inf", "", " ", "a=b", "base_e=1,x"),
    *("32x2,4x1", "x" * 300, "Löwe", "\udcff", "\0", "--", "-", "no/such/file", "/dev/null"),
)
NUMBERS = ("0", "1", "2", "3", "8", "16", "0.3", "0.5", "1.5")
FOLDERS = {"data", "others", "empties", "field", "folder", "photographs", "study", "run"}
NETWORKS = {"model", "network", "classifier", "checkpoint", "init", "teacher", "float"}
WRITTEN = {"output", "csv", "page", "report", "sort", "megadetector", "views_file"}
"""What flags and arguments of a file are for, by their names."""
HEADS = (
    b"",
    b"\0" * 100,
    b"\x89PNG\r\n\x1a\n" + b"x" * 50,
    b"\xff\xd8\xff\xe0" + b"x" * 50,
    b"PK\x03\x04" + b"x" * 50,
    b"[vary]\nbase_e = 'x'\n",
    b"epochs = 1\nimage = 16\nrate = 'fast'\n",
    "Löwe\nb\n".encode("utf-16"),
    b"a/0.png\nb/0.png\n",
    b"\xff\0Part: LFE5U-85F-6CABGA381\0\xff\xff\xbd\xb3",
)
SUFFIXES = (".onnx", ".pt", ".npz", ".jpg", ".toml", ".bit", "")


class Seen(Exception):
    """A command's parser, instead of what it would do."""


def actions_of(name: str) -> list[argparse.Action]:
    """All that a command takes, by its own parser."""

    def parse(parser, *_, **__):
        raise Seen(parser)

    with mock.patch.object(Parser, "parse_known_args", parse):
        try:
            COMMANDS[name].main([])
        except Seen as seen:
            (parser,) = seen.args
    for action in parser._actions:
        if isinstance(action.choices, dict) and name in action.choices:
            parser = action.choices[name]
    return [action for action in parser._actions if action.dest not in SLOW]


def damaged(content: bytes, rng: random.Random) -> bytes:
    """With a few bytes changed, added, taken out, or the end cut off."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 4, 20))):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(4)
        if kind == 0:
            data[at : at + 1] = rng.randbytes(1)
        elif kind == 1:
            data[at:at] = rng.randbytes(rng.randrange(1, 9))
        elif kind == 2:
            del data[at : at + rng.randrange(1, 9)]
        elif rng.random() < 0.2:
            del data[at:]
    return bytes(data)


def write_files(folder: Path, rng: random.Random) -> list[str]:
    """Good files of every kind, in class folders too, and damaged ones; their names."""
    pixels = np.random.default_rng(1).integers(0, 256, (20, 30, 3), np.uint8)
    for label in "ab":
        (folder / "classes" / label).mkdir(parents=True)
        for number in range(5):
            Image.fromarray(pixels).save(folder / "classes" / label / f"{number}.png")
    artifact.save(synthetic.quantized(squeezenet(SMALL)), folder / "good.onnx")
    torch.manual_seed(1)
    module = SqueezeNet(network_of(SMALL))
    made = Checkpoint(
        parameters=SMALL, batch_norm=True, state=module.state_dict(), labels=("a", "b")
    )
    save(made, folder / "good.pt")
    torch.save(module.state_dict(), folder / "state.pt")
    np.savez(folder / "good.npz", **{"conv1.weight": np.zeros((96, 3, 7, 7), np.float32)})
    Image.fromarray(pixels).save(folder / "good.jpg")
    good = sorted(path for path in folder.iterdir() if path.is_file())
    names = [str(path) for path in good]
    for number in range(60):
        suffix = rng.choice(SUFFIXES)
        like = [path for path in good if path.suffix == suffix]
        if like and rng.random() < 0.7:
            content = damaged(rng.choice(like).read_bytes(), rng)
        else:
            content = rng.choice(HEADS) + rng.randbytes(rng.randrange(3))
        path = folder / f"file{number}{suffix}"
        path.write_bytes(content)
        names.append(str(path))
    (folder / "classes" / "a" / "broken.jpg").write_bytes(HEADS[3])
    return [*names, str(folder), "classes"]


def value(action: argparse.Action, rng: random.Random, files: list[str]) -> str:
    """A word for a flag or an argument, mostly of the right kind."""
    if rng.random() < 0.07:
        return rng.choice(NONSENSE)
    if action.choices:
        return str(rng.choice(list(action.choices)))
    if action.dest in WRITTEN:
        return f"written/{rng.randrange(10**9)}"
    if action.dest in FOLDERS and "classes" in files and rng.random() < 0.8:
        return "classes"
    if action.dest in NETWORKS:
        files = [file for file in files if file.endswith((".onnx", ".pt", ".npz"))]
    if action.type is Path or action.dest in NETWORKS:
        good = [file for file in files if "good" in file]
        return rng.choice(good if good and rng.random() < 0.4 else files)
    return rng.choice(NUMBERS)


def line(rng: random.Random, files: list[str], actions: dict[str, list]) -> list[str]:
    """A command line in which much is right."""
    name = rng.choice([*COMMANDS, "trian"] if rng.random() < 0.5 else SEEING)
    words = FIRST.get(name, "").split()
    if name == "sim":  # a good one would be compiled
        files = [file for file in files if "file" in file and not file.endswith(".onnx")]
    optional = [action for action in actions.get(name, ()) if action.option_strings]
    required = [action for action in optional if action.required or action.dest in ("data",)]
    chosen = rng.sample(optional, min(rng.randrange(4), len(optional)))
    for action in [*(one for one in required if rng.random() < 0.95), *chosen]:
        words.append(rng.choice(action.option_strings))
        if action.nargs != 0 and not isinstance(action, argparse.BooleanOptionalAction):
            words.append(value(action, rng, files))
    if rng.random() < 0.8:
        where = rng.choice((0, len(words))) if not FIRST.get(name) else len(words)
        arguments = [one for one in actions.get(name, ()) if not one.option_strings]
        words[where:where] = [value(one, rng, files) for one in arguments]
    if "data" in {action.dest for action in chosen + required} and rng.random() < 0.7:
        words += ["--validation-share", "0.3"]
    if rng.random() < 0.1:
        words.insert(rng.randrange(len(words) + 1), rng.choice(NONSENSE))
    return [rng.choice(("", "-q", "-v")), name, *words] if rng.random() < 0.2 else [name, *words]


def attempt(words: list[str]) -> tuple[int | None, str]:
    """Exit code, and what is wrong with how a command ended; nothing if it ended as it should."""
    said = io.StringIO()
    before = [(var, var.get()) for var in (terminal.CALLED, terminal.LOUDNESS)]
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
            code = main(words)
    except SystemExit as error:
        code = error.code
    except Exception:  # what a user must never see
        return None, traceback.format_exc()
    finally:
        for var, value in before:
            var.set(value)
    quiet = not {"-v", "--verbose"} & set(words)
    if code not in (0, 1, 2) or (quiet and "Traceback" in said.getvalue()):
        return code, f"exit code {code}: {said.getvalue()}"
    if code and not said.getvalue().strip():
        return code, f"exit code {code} without a word"
    return code, ""


def fuzz(count: int, seed: int) -> tuple[list[str], Counter]:
    """Try so many command lines; those that ended badly, and how many by exit code."""
    rng = random.Random(seed)
    actions = {name: actions_of(name) for name in COMMANDS}
    bad, codes = [], Counter()
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, PATH=""):
        os.chdir(folder)
        try:
            files = write_files(Path(folder), rng)
            for _ in range(count):
                words = line(rng, files, actions)
                code, trouble = attempt(words)
                codes[code] += 1
                if trouble:
                    bad.append(f"{words}\n{trouble}")
        finally:
            os.chdir(here)
    return bad, codes


def test_no_command_line_ends_in_a_traceback():
    bad, codes = fuzz(60, seed=1)
    assert bad == []
    assert codes[0] and codes[2]  # some did what they were told


if __name__ == "__main__":
    found, codes = fuzz(int(sys.argv[1]), seed=int(sys.argv[2]) if len(sys.argv) > 2 else 2)
    print(*found, sep="\n\n")
    print(", ".join(f"exit code {code}: {count}" for code, count in sorted(codes.items(), key=str)))
    print(f"{len(found)} of {codes.total()} ended badly")
    sys.exit(bool(found))
