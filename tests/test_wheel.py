"""A wheel holds all of every room, and works in an environment of its own, far from the sources."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image

from sim import fuzz, verilate
from spec import artifact, synthetic
from spec.squeezenet import tiny

ROOT = Path(__file__).parent.parent
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
ROOMS = [pattern.removesuffix("*") for pattern in SETUPTOOLS["packages"]["find"]["include"]]


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{command}: {done.stderr[-2000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built from a copy: setuptools leaves its own folders beside the sources."""
    work = tmp_path_factory.mktemp("wheel")
    copy = work / "copy"
    for room in ROOMS:
        shutil.copytree(ROOT / room, copy / room, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, copy / file)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    run(*pip, "wheel", "--no-deps", "--no-index", "--no-build-isolation", copy, cwd=work)
    (made,) = work.glob("caracal-*.whl")
    return made


def test_nothing_is_left_out(wheel):
    inside = set(ZipFile(wheel).namelist())
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*") if path.is_file()]
    wanted = {str(path.relative_to(ROOT)) for path in files if path.parent.name != "__pycache__"}
    assert {path.parent.name for path in ROOT.glob("*/__init__.py")} == set(ROOMS)
    assert wanted - inside == set()
    assert {name.split("/")[0] for name in inside if ".dist-info/" not in name} == set(ROOMS)


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """A fresh environment with the wheel; what the wheel needs is taken from this one."""
    home = tmp_path_factory.mktemp("elsewhere")
    venv.create(home / "env", symlinks=True)
    python = home / "env" / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python)
    run(*pip, "install", "--no-deps", "--no-index", wheel, cwd=home)
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home)
    (Path(site.strip()) / "needs.pth").write_text(sysconfig.get_path("purelib") + "\n")
    # Compiled models are kept by their content: those of the other tests may serve.
    (home / "cache" / "caracal").mkdir(parents=True)
    verilate.BUILD.mkdir(parents=True, exist_ok=True)
    (home / "cache" / "caracal" / "sim").symlink_to(verilate.BUILD)
    pixels = np.random.default_rng(1).integers(0, 256, (30, 40, 3), np.uint8)
    Image.fromarray(pixels).save(home / "photo.png")
    artifact.save(synthetic.quantized(tiny(image_size=fuzz.SIZE)), home / "small.onnx")
    return home


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_are_the_installed_ones(installed, room):
    script = f"import {room}; print({room}.__file__)"
    where = run(installed / "env" / "bin" / "python", "-c", script, cwd=installed)
    assert Path(where.strip()).is_relative_to(installed / "env")


def test_it_plans(installed):
    said = run(
        installed / "env" / "bin" / "python",
        *("-m", "hw.build", "--board", "ulx3s", "--plan-only"),
        cwd=installed,
    )
    assert "268,792 cycles" in said


def test_it_simulates_and_classifies(installed):
    said = run(
        installed / "env" / "bin" / "caracal",
        *("classify", "photo.png", "--simulate", "--engine", "4x4", "--model", "small.onnx"),
        "--json",
        cwd=installed,
        XDG_CACHE_HOME=str(installed / "cache"),
    )
    quantized = artifact.load(installed / "small.onnx")
    assert json.loads(said)["label"] in quantized.labels
