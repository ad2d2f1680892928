"""The reference network, whole, on whole photographs: circuit, NumPy and ONNX Runtime agree.

The photographs are those of the folder that the environment variable CARACAL_PHOTOGRAPHS names,
or of ../shared/data/wildcats5/valid; without any, made-up images stand for them.
"""

import os
from pathlib import Path

import numpy as np
from PIL import Image

from plan.engine import ENGINES
from plan.planner import plan
from sim.compare import compare
from sim.cosimulate import cosimulate
from spec import artifact, synthetic
from spec.models import packaged
from spec.network import Network
from spec.photograph import square
from spec.squeezenet import Metaparameters, squeezenet

ROOT = Path(__file__).parent.parent
PHOTOGRAPHS = os.environ.get("CARACAL_PHOTOGRAPHS", ROOT.parent / "shared/data/wildcats5/valid")


def pictures(network: Network) -> list[np.ndarray]:
    """A photograph of the first and of the last class, or made-up images; then black and white."""
    files = sorted(Path(PHOTOGRAPHS).rglob("*.jpg"))
    if files:
        chosen = [square(Image.open(file), network.image.height) for file in (files[0], files[-1])]
    else:
        chosen = [synthetic.image(network, seed) for seed in range(2)]
    checks = np.indices(chosen[0].shape).sum(axis=0) % 2 * 255
    return [*chosen, checks.astype(np.uint8)]


def test_every_value_of_every_layer():
    quantized = artifact.load(packaged())
    network = squeezenet(Metaparameters(classes=quantized.network.classes))
    assert quantized.network.layers == network.layers, "the packaged model must be the reference's"
    images = pictures(network)
    frames = cosimulate(quantized, ENGINES["16x16"], images)
    cycles = plan(network, ENGINES["16x16"]).cycles
    for image, frame in zip(images, frames, strict=True):
        lines = compare(frame, quantized, image, packaged())
        assert [line.name for line in lines] == [name for name, _ in network.tensors()] + ["sums"]
        assert [line for line in lines if line.differs] == []
        assert frame.cycles == cycles
