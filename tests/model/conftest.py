"""Class folders of small made-up photographs."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

#: A class is a colour: easy to learn.
COLOURS = {"blue": (30, 60, 220), "green": (40, 200, 50), "red": (220, 40, 30)}


def write_class_folders(root: Path, count: int, size: int = 24, seed: int = 0) -> None:
    """``count`` noisy PNGs of each colour under ``root``."""
    random = np.random.default_rng(seed)
    for label, colour in COLOURS.items():
        folder = root / label
        folder.mkdir(parents=True)
        for number in range(count):
            noise = random.normal(0, 40, (size, size, 3))
            pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{number:02d}.png")


@pytest.fixture(scope="session")
def data(tmp_path_factory) -> Path:
    """``train/`` with 6 photographs a class, ``valid/`` and ``test/`` with 2."""
    root = tmp_path_factory.mktemp("data")
    for seed, (part, count) in enumerate((("train", 6), ("valid", 2), ("test", 2))):
        write_class_folders(root / part, count, seed=seed)
    return root


@pytest.fixture
def folders(tmp_path) -> Callable[[int], Path]:
    """Makes one folder of classes of its own, to be spoiled."""

    def make(count: int = 3) -> Path:
        write_class_folders(tmp_path / "photographs", count)
        return tmp_path / "photographs"

    return make


@pytest.fixture
def arguments(data, tmp_path) -> list[str]:
    """The command line of a run of seconds, into ``tmp_path / "run"``."""
    flags = {
        **{"data": data, "output": tmp_path / "run", "epochs": 3, "image": 24, "batch": 6},
        **{"num-filters": 8, "base-e": 8, "incr-e": 8, "blocks": 1, "warmup": 0.5, "threads": 1},
    }
    return [*(f"--{key}={value}" for key, value in flags.items()), "--no-report"]


@pytest.fixture(autouse=True)
def _threads():
    """One thread: the order of sums, and other tests' speed, stay as they are."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
