"""Somebody else's SqueezeNet 1.0 or 1.1 as a float checkpoint: names and shapes checked.

There is no batch norm in it, so folding only takes in the input normalization. The first
convolution has no padding, so that would be exact even if padding were not black.
"""

from pathlib import Path

from model.checkpoint import Checkpoint, CheckpointError, Published, network_of, state_mismatch
from model.pretrained import TRAINED_WITH, read_weights, trained, translate, version_of
from model.squeezenet import SqueezeNet
from spec.text import printable

_LAST = ("classifier.1.weight", "conv10.weight")


def load(path: Path, trained_with: str | None = None) -> tuple[Checkpoint, list[str]]:
    """Read a state dict under torchvision's names or Caffe's, from ``torch.save`` or ``.npz``.

    Its classes are called ``class 7`` and so on. With Caffe's input it is the network of Caffe's,
    of 227 pixels and with a padded last convolution.

    Parameters
    ----------
    trained_with
        What its input was in training, of ``model.pretrained.TRAINED_WITH``, unless it is a
        published network that is recognized.

    Returns
    -------
    tuple
        The network, and in words how the file was read.

    Raises
    ------
    CheckpointError
        If the file is no SqueezeNet 1.0 or 1.1, or it is not known what its input was.
    """
    weights, said = read_weights(path)
    version = version_of(weights)
    last = next((weights[key] for key in _LAST if key in weights), None)
    if version is None or last is None:
        raise CheckpointError(
            f"{path}: not a SqueezeNet 1.0 or 1.1 under torchvision's or Caffe's names"
        )
    how, word = trained(path, weights, trained_with)
    classes = len(last)
    parameters = Published(version=version, classes=classes)
    if how is TRAINED_WITH["caffe"]:
        parameters = Published(version=version, classes=classes, image_size=227, last_padding=1)
    state = translate(weights, network_of(parameters), how)
    network = network_of(parameters)
    mismatch = state_mismatch(SqueezeNet(network, batch_norm=False), state)
    if mismatch or len(state) != len(weights):
        more = [
            name
            for name in weights
            if len(translate({key: weights[key] for key in weights if key != name}, network, how))
            == len(state)
        ]
        raise CheckpointError(
            f"{path}: not the weights of SqueezeNet {version}: "
            f"{mismatch or f'{len(more)} tensors too many: {printable(more[0])}, …'}"
        )
    made = Checkpoint(
        parameters=parameters,
        batch_norm=False,
        state=state,
        labels=tuple(f"class {index}" for index in range(classes)),
        preprocessing=how.preprocessing,
        provenance={"weights": path.name, "trained_with": word},
    )
    return made, [*said, word]
