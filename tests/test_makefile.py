"""``make`` by itself explains, and ``make clean`` takes nobody's work away."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WORK = (
    "build/mine.onnx",
    "build/train/mine/best.pt",
    "build/explore/study.csv",
    "build/ulx3s/top.bit",
    "runs/mine/best.pt",
    "runs/mine.onnx",
)
CACHES = ("build/sim/board-1/board", "build/lib/spec/arith.py", ".pytest_cache/README.md")


def make(folder: Path, *targets: str) -> str:
    done = subprocess.run(["make", *targets], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def clone(tmp_path) -> Path:
    shutil.copy(ROOT / "Makefile", tmp_path)
    return tmp_path


def test_make_alone_names_every_target(clone):
    (phony,) = re.findall(r"^\.PHONY: help (.*)$", (ROOT / "Makefile").read_text(), re.M)
    said = make(clone)
    assert re.findall(r"^  make (\S+) +\S", said, re.M) == phony.split()
    assert [path.name for path in clone.iterdir()] == ["Makefile"]


def test_clean_removes_caches_only(clone):
    for name in (*WORK, *CACHES):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).write_text(name)
    make(clone, "clean")
    assert [name for name in WORK if not (clone / name).exists()] == []
    assert [name for name in CACHES if (clone / name).exists()] == []
