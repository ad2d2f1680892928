"""Weights of somebody else's SqueezeNet, under our names and in our conventions."""

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from model.checkpoint import FORMAT, CheckpointError, Preprocessing, load, unpickle
from model.squeezenet import SqueezeNet
from model.wrapped import opened
from spec.network import Fire, Network
from spec.text import printable

#: torchvision's: shorter side 256, centre cropped, pixels in 0…1 normalized, RGB.
TORCHVISION = Preprocessing(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), shorter_side=256)

#: Caffe's: pixels in 0…255 minus a mean colour, here as pixels in 0…1, RGB; shorter side 256.
CAFFE = Preprocessing(
    mean=(123 / 255, 117 / 255, 104 / 255), std=(1 / 255, 1 / 255, 1 / 255), shorter_side=256
)


FIRST = ("features.0.weight", "conv1.weight")
"""What torchvision and Caffe call the weight of the first convolution."""


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


def read_weights(path: Path) -> tuple[dict[str, torch.Tensor], list[str]]:
    """Tensors by name from an ``.npz`` or a PyTorch state dict; and what they were wrapped in.

    Raises
    ------
    CheckpointError
        If the file is neither.
    """
    content = _content(path)
    if content.get("format") == FORMAT:
        raise CheckpointError(f"{path}: is a checkpoint of model.train; go without --pretrained")
    return _opened(path, content)


def _opened(path: Path, content: dict) -> tuple[dict[str, torch.Tensor], list[str]]:
    tensors, said = opened(content, FIRST)
    if not tensors:
        inside = ", ".join(printable(key) for key in list(content)[:8]) or "nothing"
        raise CheckpointError(
            f"{printable(path)}: not a state dict of tensors, nor one in a wrapping that is known; "
            f"it holds {inside}"
        )
    for name, tensor in tensors.items():
        if what := _unusual(tensor):
            raise CheckpointError(
                f"{printable(path)}: {printable(name)} {what}; save the weights as dense floats"
            )
    return tensors, said


def _unusual(tensor: torch.Tensor) -> str:
    """In what a tensor is not the numbers of a float network; nothing if it is."""
    if tensor.is_quantized:
        return "is quantized already"
    if tensor.layout is not torch.strided:
        return "is sparse"
    if tensor.is_complex():
        return "is of complex numbers"
    if tensor.is_meta:
        return "has a shape and no values"
    return "" if torch.isfinite(tensor).all() else "is not finite"


def read_initial(
    path: Path, network: Network, trained_with: str | None = None
) -> tuple[dict[str, torch.Tensor], Preprocessing, list[str]]:
    """Weights under our names and the normalization they expect, from any file we know.

    Parameters
    ----------
    trained_with
        What the input was in training, of ``TRAINED_WITH``, if the file does not say.

    Returns
    -------
    tuple
        Weights, preprocessing, and in words how the file was read.

    Raises
    ------
    CheckpointError
        As :func:`read_weights`, :func:`trained` and :func:`model.checkpoint.load`.
    """
    content = _content(path)
    if content.get("format") == FORMAT:
        saved = load(path)
        return saved.state, saved.preprocessing, []
    weights, said = _opened(path, content)
    how, word = trained(path, weights, trained_with)
    return translate(weights, network, how), how.preprocessing, [*said, word]


_VERSIONS = {96: "1.0", 64: "1.1"}
"""By the filters of that convolution."""


def version_of(weights: dict[str, torch.Tensor]) -> str | None:
    """Which of the published SqueezeNets weights are of, if any."""
    first = next((weights[name] for name in FIRST if name in weights), None)
    return None if first is None else _VERSIONS.get(len(first))


RECOGNIZED = {
    "7fcc903cb7072a7403b5ba78546b9ef33ef34b56883917e8b99083caf5605aec": "caffe",
    "3429a076565153827ccafd4f1671005cc8224b951f354c6b559447c068caee12": "torchvision",
}
"""By the SHA-256 of that weight, in float16: the published SqueezeNets' normalization. The first is
the compressed 1.0 of Han et al., the second torchvision's 1.1."""


def trained(
    path: Path, weights: dict[str, torch.Tensor], trained_with: str | None
) -> tuple[Trained, str]:
    """What the input of weights was in training, and in words how that is known.

    Names do not tell: a PyTorch program may use Caffe's, and torchvision's network may be trained
    on any pixels. So it is told, or the values are those of a published network.

    Raises
    ------
    CheckpointError
        If it is neither, or what is told contradicts the values.
    """
    first = next((weights[name] for name in FIRST if name in weights), None)
    known = None
    if first is not None:
        half = np.ascontiguousarray(first.detach().cpu().to(torch.float16).numpy())
        known = RECOGNIZED.get(hashlib.sha256(half.tobytes()).hexdigest())
    if trained_with is None and known is None:
        raise CheckpointError(
            f"{printable(path)}: does not say what its input was in training: give --trained-with "
            f"{', '.join(TRAINED_WITH)}"
        )
    if None not in (trained_with, known) and trained_with != known:
        raise CheckpointError(
            f"{printable(path)}: is a published network trained with {known}, not {trained_with}; "
            "leave --trained-with away"
        )
    word = f"{trained_with} input, as told" if known is None else f"{known} input, as published"
    return TRAINED_WITH[trained_with or known], word


def translate(
    weights: dict[str, torch.Tensor], network: Network, how: Trained
) -> dict[str, torch.Tensor]:
    """Weights under our names, for RGB.

    Two namings are known: torchvision's (``features.3.squeeze.weight``) and Caffe's
    (``fire2.squeeze.weight``).
    """
    if any(name.startswith("features.") for name in weights):
        # There, a ReLU of its own follows conv1; after it, one number a layer.
        theirs = {"features.0": network.first.name, "classifier.1": network.last.name}
        for number, layer in enumerate(network.layers, start=1):
            if isinstance(layer, Fire):
                for conv in layer.convs:
                    theirs[f"features.{number}.{conv.name.split('.')[1]}"] = conv.name
    else:
        theirs = {conv.name: conv.name for conv in network.convs}
    ours = {}
    for name, tensor in weights.items():
        stem, _, kind = name.rpartition(".")
        if stem in theirs:
            ours[f"{theirs[stem]}.conv.{kind}"] = tensor
    first = f"{network.first.name}.conv.weight"
    if how.bgr and first in ours:
        ours[first] = ours[first].flip(1)
    return ours


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
