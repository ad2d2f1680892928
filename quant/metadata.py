"""What a model file says of itself, beside its labels."""

import hashlib
import json
import platform
from pathlib import Path

import numpy as np
import torch

from model.checkpoint import Checkpoint
from quant.choose import Candidate

PREPROCESSING = (
    "EXIF rotation applied, RGB (transparency over black), shorter side resized to {size} "
    "(bilinear, antialiased), centre {size}x{size} cropped; raw pixels 0...255, not normalized"
)


def describe(
    path: Path, checkpoint: Checkpoint, chosen: Candidate, *, tuning: str, command: str, seed: int
) -> dict[str, str]:
    """Preprocessing, quantization and provenance.

    Parameters
    ----------
    path, checkpoint
        The float network's file, and what was in it.
    chosen
        The calibration.
    tuning
        The fine-tuning in words.
    command
        As a person types it.
    seed
        Of everything random.
    """
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    versions = {
        "Python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }
    return {
        "preprocessing": PREPROCESSING.format(size=checkpoint.network.image.height),
        "calibration": f"{chosen.method}, biases {'corrected' if chosen.corrected else 'rounded'}, "
        f"{chosen.accuracy.photographs} photographs",
        "finetuning": tuning,
        "provenance.command": command,
        "provenance.seed": str(seed),
        "provenance.versions": ", ".join(f"{name} {value}" for name, value in versions.items()),
        "provenance.checkpoint": f"{path.name}, sha256 {digest}",
        "provenance.training": json.dumps(checkpoint.provenance, sort_keys=True),
    }
