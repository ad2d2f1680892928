"""What a model file says of itself, beside its labels."""

import hashlib
import json
import platform
from pathlib import Path

import numpy as np
import torch

from model.checkpoint import Checkpoint, Preprocessing
from model.split import TRAINED_ON, trained_on
from quant.choose import Candidate
from spec.quantized import SHORTER_SIDE, QuantizedNetwork
from spec.text import printable

TRAINING = "provenance.training"
"""Metadata key: the settings of the training run, a JSON object."""

PREPROCESSING = (
    "EXIF rotation applied, RGB (transparency over black), shorter side resized to {shorter} "
    "(bilinear, antialiased), centre {side}x{side} cropped; raw pixels 0...255, not normalized"
)


def _preprocessing(checkpoint: Checkpoint) -> dict[str, str]:
    """In words; and what differs from the rule of networks that were trained here."""
    framing, learned = checkpoint.framing, checkpoint.preprocessing
    words = {
        "preprocessing": PREPROCESSING.format(side=framing.side, shorter=framing.shorter),
    }
    if framing.shorter != framing.side:
        words[SHORTER_SIDE] = str(framing.shorter)
    if (learned.mean, learned.std) != (Preprocessing().mean, Preprocessing().std):
        words["preprocessing.normalization"] = (
            f"RGB in 0...1, mean {_triple(learned.mean)}, deviation {_triple(learned.std)}: "
            "in the first convolution's weights"
        )
    return words


def _triple(values: tuple[float, float, float]) -> str:
    return ", ".join(f"{value:.6g}" for value in values)


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
        **_preprocessing(checkpoint),
        "calibration": f"{chosen.method}, biases {'corrected' if chosen.corrected else 'rounded'}, "
        f"{chosen.accuracy.photographs} photographs",
        "finetuning": tuning,
        "provenance.command": command,
        "provenance.seed": str(seed),
        "provenance.versions": ", ".join(f"{name} {value}" for name, value in versions.items()),
        "provenance.checkpoint": f"{printable(path.name)}, sha256 {digest}",
        TRAINING: json.dumps(checkpoint.provenance, sort_keys=True),
        **({TRAINED_ON: trained} if (trained := trained_on(checkpoint.photographs)) else {}),
    }


def training_of(quantized: QuantizedNetwork) -> dict[str, str]:
    """The settings of the training run that a file names; nothing if it names none."""
    try:
        found = json.loads(quantized.metadata.get(TRAINING, "{}"))
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
