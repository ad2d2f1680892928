"""Class folders of small made-up photographs, and a recipe of seconds."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

COLOURS = {"blue": (30, 60, 220), "red": (220, 40, 30)}


@pytest.fixture(scope="session")
def data(tmp_path_factory) -> Path:
    """``train/`` with 4 photographs of each of two colours, ``valid/`` with 2."""
    root = tmp_path_factory.mktemp("data")
    random = np.random.default_rng(0)
    for part, count in (("train", 4), ("valid", 2)):
        for label, colour in COLOURS.items():
            folder = root / part / label
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = np.array(colour) + random.normal(0, 20, (32, 32, 3))
                image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
                image.save(folder / f"{number}.png")
    return root


@pytest.fixture
def arguments(data, tmp_path) -> list[str]:
    """A command line whose runs are tiny, into ``tmp_path / "study"``."""
    flags = {
        **{"data": data, "output": tmp_path / "study", "epochs": 2, "image": 32, "batch": 4},
        **{"num-filters": 8, "base-e": 8, "incr-e": 8, "blocks": 1, "warmup": 0.5, "jobs": 2},
    }
    return [f"--{key}={value}" for key, value in flags.items()]


@pytest.fixture(autouse=True)
def _threads():
    """Runs in this process set their own number of threads."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)
