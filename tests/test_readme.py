"""The README's commands, each run as it stands there but for what the table here says."""

import re
import shlex
import stat
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from caracal.commands import COMMANDS
from hw.flash import DONE, PREAMBLE
from model.squeezenet import SqueezeNet
from sim import fuzz
from spec import artifact, synthetic
from spec.squeezenet import published, tiny

ROOT = Path(__file__).parent.parent
PYTHON = (".venv/bin/python", "-m")
SMALL = shlex.split("--image 24 --num-filters 8 --blocks 1 --base-e 8 --epochs 3 --no-report")
SIMULATED = ["--simulate", "--engine", "4x4", "--model", "small.onnx"]


def blocks() -> Iterator[list[str]]:
    """Each command of the README's ``sh`` blocks, as words."""
    for block in re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S):
        for line in block.splitlines():
            if words := shlex.split(line, comments=True):
                yield words


def with_more(*more: str) -> Callable[[list[str]], list[str]]:
    return lambda words: [*words, *more]


def on_the_small_model(words: list[str]) -> list[str]:
    """A command of the host program; the board, or the simulated one, has a small network."""
    rest = [word for word in words if word != "--simulate"]
    if "--model" in rest:
        del rest[rest.index("--model") : rest.index("--model") + 2]
    return [*rest, *SIMULATED]


def the_small_model(words: list[str]) -> list[str]:
    """Loading another network: the simulated board gets the small one."""
    return [*words[:4], "small.onnx", "--simulate", "--engine", "4x4"]


def a_small_run(words: list[str]) -> list[str]:
    """Training: images as small as the network bears."""
    if "--pretrained" in words:
        more = "--trained-with unit --image 48 --shorter-side 0 --epochs 1 --no-report"
        return [*words, *more.split()]
    return [*words, *SMALL]


def none(words: list[str]) -> None:
    """For what only a fresh machine can run: ``.ci/run`` and ``make test`` are that."""


def extras(words: list[str]) -> None:
    """What pip is to install must be there to be installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (wanted,) = re.findall(r"^\.\[(.*)\]$", words[-1])
    assert set(wanted.split(",")) <= set(project["optional-dependencies"])


def target(words: list[str]) -> list[str]:
    """A target of the Makefile, without doing it: this runs in ``make test``."""
    return [words[0], "--dry-run", "--directory", str(ROOT), *words[1:]]


TABLE: dict[tuple[str, ...], Callable[[list[str]], list[str] | None]] = {
    ("sudo", "apt-get", "install"): none,
    ("python3", "-m", "venv"): none,
    (".venv/bin/pip", "install", "-e"): extras,
    ("make",): target,
    (*PYTHON, "model.train"): a_small_run,
    (*PYTHON, "quant"): with_more("--images", "8"),
    (*PYTHON, "hw.build"): with_more("--plan-only"),
    (*PYTHON, "hw.flash"): list,
    (*PYTHON, "host", "load"): the_small_model,
    (*PYTHON, "host"): on_the_small_model,
    (*PYTHON, "sim"): with_more("--engine", "4x4", "--model", "small.onnx"),
}
"""By how a command begins: what is run in its place."""


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A folder with all the README speaks of, and a programmer that finds a board."""
    rng = np.random.default_rng(1)
    names = [f"photographs/{label}/{index}.png" for label in "ab" for index in range(8)]
    for name in ("photo.jpg", "spec/samples/cheetah.jpg", *names):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (30, 40, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / name)
    artifact.save(synthetic.quantized(tiny(image_size=fuzz.SIZE)), tmp_path / "small.onnx")
    made_up = SqueezeNet(published("1.1"), batch_norm=False).state_dict()
    names = {name: name.replace(".conv.", ".") for name in made_up}  # Caffe's
    torch.save(
        {names[name]: value for name, value in made_up.items()},
        tmp_path / "squeezenet1_1-b8a52dc0.pth",
    )
    bitstream = tmp_path / "build" / "ulx3s" / "top.bit"
    bitstream.parent.mkdir(parents=True)
    bitstream.write_bytes(b"\xff\0Part: LFE5U-85F-6CABGA381\0\xff\xff" + PREAMBLE + DONE)
    programmer = tmp_path / "bin" / "openFPGALoader"
    programmer.parent.mkdir()
    programmer.write_text("#!/bin/sh\necho idcode 0x41113043\n")
    programmer.chmod(programmer.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(programmer.parent), prepend=":")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return tmp_path


def test_every_command_works(folder):
    ran = set()
    for words in blocks():
        starts = [start for start in TABLE if tuple(words[: len(start)]) == start]
        assert starts, f"tests/test_readme.py does not know {shlex.join(words)}"
        ran |= {*starts}
        command = TABLE[starts[0]](words)
        if command is None:
            continue
        if tuple(command[:2]) == PYTHON:
            command[0] = sys.executable
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, f"{shlex.join(words)}: {done.stderr[-2000:]}"
    assert ran == set(TABLE)
    assert (folder / "runs" / "mine.onnx").exists()


def test_every_link_leads_somewhere():
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert "://" in link or (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_index_names_every_page():
    index = (ROOT / "docs" / "README.md").read_text()
    pages = [path for path in (ROOT / "docs").iterdir() if path.suffix in (".md", ".ipynb")]
    missing = [path.name for path in pages if f"({path.name})" not in index]
    assert missing == ["README.md"]


def test_the_table_of_commands_is_whole():
    table = (ROOT / "docs" / "commands.md").read_text()
    for name, command in COMMANDS.items():
        assert re.search(rf"^\| .* \| `caracal {name}` \| .* \| {command.help} \|", table, re.M)
