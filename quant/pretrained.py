"""Somebody else's SqueezeNet 1.0 or 1.1 as a float checkpoint: names and shapes checked.

There is no batch norm in it, so folding only takes in the input normalization. The first
convolution has no padding, so that would be exact even if padding were not black.
"""

from pathlib import Path

from model.checkpoint import Checkpoint, CheckpointError, Published, network_of, state_mismatch
from model.pretrained import CAFFE, read_weights, translate
from model.squeezenet import SqueezeNet

#: Filters of the first convolution, which tell the versions apart.
_VERSIONS = {96: "1.0", 64: "1.1"}

_FIRST = ("features.0.weight", "conv1.weight")
_LAST = ("classifier.1.weight", "conv10.weight")


def load(path: Path) -> Checkpoint:
    """Read a torchvision-style state dict, or an ``.npz`` of the published Caffe model.

    Its classes are called ``class 7`` and so on.

    Raises
    ------
    CheckpointError
        If the file is no SqueezeNet 1.0 or 1.1.
    """
    weights = read_weights(path)
    first, last = (
        next((weights[key] for key in keys if key in weights), None) for keys in (_FIRST, _LAST)
    )
    if first is None or last is None or len(first) not in _VERSIONS:
        raise CheckpointError(
            f"{path}: not a SqueezeNet 1.0 or 1.1 under torchvision's or Caffe's names"
        )
    version = _VERSIONS[len(first)]
    classes = len(last)
    parameters = Published(version=version, classes=classes)
    state, preprocessing = translate(weights, network_of(parameters))
    if preprocessing is CAFFE:
        parameters = Published(version=version, classes=classes, image_size=227, last_padding=1)
    network = network_of(parameters)
    mismatch = state_mismatch(SqueezeNet(network, batch_norm=False), state)
    if mismatch or len(state) != len(weights):
        raise CheckpointError(
            f"{path}: not the weights of SqueezeNet {version}: "
            f"{mismatch or f'{len(weights) - len(state)} tensors too many'}"
        )
    return Checkpoint(
        parameters=parameters,
        batch_norm=False,
        state=state,
        labels=tuple(f"class {index}" for index in range(classes)),
        preprocessing=preprocessing,
        provenance={"weights": path.name},
    )
