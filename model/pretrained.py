"""Weights of somebody else's SqueezeNet, under our names and in our conventions."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from model.checkpoint import FORMAT, CheckpointError, Preprocessing, load, unpickle
from model.squeezenet import SqueezeNet
from spec.network import Fire, Network

#: torchvision's: shorter side 256, centre cropped, pixels in 0…1 normalized, RGB.
TORCHVISION = Preprocessing(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), shorter_side=256)

#: Caffe's: pixels in 0…255 minus a mean colour, here as pixels in 0…1, RGB; shorter side 256.
CAFFE = Preprocessing(
    mean=(123 / 255, 117 / 255, 104 / 255), std=(1 / 255, 1 / 255, 1 / 255), shorter_side=256
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What a network's input was in training; ``bgr`` if blue came first."""

    preprocessing: Preprocessing
    bgr: bool = False


TRAINED_WITH = {
    "torchvision": Trained(preprocessing=TORCHVISION),
    "caffe": Trained(preprocessing=CAFFE, bgr=True),
    "unit": Trained(preprocessing=Preprocessing()),
    "symmetric": Trained(preprocessing=Preprocessing(mean=(0.5,) * 3, std=(0.5,) * 3)),
    "bytes": Trained(preprocessing=Preprocessing(std=(1 / 255,) * 3)),
}
"""By the name that a command line gives it; the last three: RGB pixels in 0…1, −1…1, 0…255."""


def _content(path: Path) -> dict:
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file of weights")
    wanted = "an .npz or a PyTorch state dict of weights"
    if path.suffix != ".npz":
        content = unpickle(path, wanted)
        if not isinstance(content, dict):
            raise CheckpointError(f"{path}: not {wanted}")
        return content
    try:
        with np.load(path) as arrays:
            return {name: torch.from_numpy(arrays[name]) for name in arrays.files}
    except (ValueError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"{path}: damaged, or not {wanted}") from error


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """Tensors by name from an ``.npz`` or a PyTorch state dict.

    Raises
    ------
    CheckpointError
        If the file is neither.
    """
    content = _content(path)
    if not content or not all(map(torch.is_tensor, content.values())):
        raise CheckpointError(f"{path}: not a state dict of tensors")
    return content


def read_initial(path: Path, network: Network) -> tuple[dict[str, torch.Tensor], Preprocessing]:
    """Weights under our names and the normalization they expect, from any file we know.

    Raises
    ------
    CheckpointError
        As :func:`read_weights` and :func:`model.checkpoint.load`.
    """
    if _content(path).get("format") == FORMAT:
        saved = load(path)
        return saved.state, saved.preprocessing
    return translate(read_weights(path), network)


def translate(
    weights: dict[str, torch.Tensor], network: Network
) -> tuple[dict[str, torch.Tensor], Preprocessing]:
    """Weights under our names, and the normalization they expect.

    Two namings are known: torchvision's (``features.3.squeeze.weight``, RGB) and Caffe's
    (``fire2.squeeze.weight``, BGR in 0…255, turned to RGB here).
    """
    if any(name.startswith("features.") for name in weights):
        # There, a ReLU of its own follows conv1; after it, one number a layer.
        theirs = {"features.0": network.first.name, "classifier.1": network.last.name}
        for number, layer in enumerate(network.layers, start=1):
            if isinstance(layer, Fire):
                for conv in layer.convs:
                    theirs[f"features.{number}.{conv.name.split('.')[1]}"] = conv.name
        preprocessing = TORCHVISION
    else:
        theirs = {conv.name: conv.name for conv in network.convs}
        preprocessing = CAFFE
    ours = {}
    for name, tensor in weights.items():
        stem, _, kind = name.rpartition(".")
        if stem in theirs:
            ours[f"{theirs[stem]}.conv.{kind}"] = tensor
    first = f"{network.first.name}.conv.weight"
    if preprocessing is CAFFE and first in ours:
        ours[first] = ours[first].flip(1)
    return ours, preprocessing


def initialize(module: SqueezeNet, weights: dict[str, torch.Tensor]) -> tuple[list[str], list[str]]:
    """Copy what fits into a module, in place.

    A bias goes into the batch norm's where there is one: with its mean 0 and variance 1 that is
    the same function.

    Returns
    -------
    tuple of two lists
        Names that were copied, and names of parameters that stay as they were.

    Raises
    ------
    CheckpointError
        If nothing fits.
    """
    state = module.state_dict()
    copied = []
    for name, tensor in weights.items():
        name = name if name in state else name.replace(".conv.bias", ".norm.bias")
        if name in state and state[name].shape == tensor.shape:
            state[name].copy_(tensor)
            copied.append(name)
    if not any(name.endswith("weight") for name in copied):
        raise CheckpointError("the file of weights fits this architecture in no tensor")
    parameters = [name for name, _ in module.named_parameters()]
    return copied, [name for name in parameters if name not in copied]
