"""A float checkpoint: one file, written whole or not at all, checked when it is read."""

import io
import os
import pickle
import re
import warnings
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch

from model.squeezenet import SqueezeNet
from spec.network import Network
from spec.photograph import Framing
from spec.squeezenet import Metaparameters, published, squeezenet

FORMAT = "caracal float checkpoint"
VERSION = 1


_BY_TORCH = "read it with {}, and save its weights by torch.save(…, …)"
ELSEWHERE = {
    ".safetensors": _BY_TORCH.format("safetensors.torch.load_file(…)"),
    **dict.fromkeys((".h5", ".hdf5", ".keras"), _BY_TORCH.format("Keras")),
    ".caffemodel": _BY_TORCH.format("Caffe"),
    **dict.fromkeys((".tflite", ".pb"), "export it as float ONNX, which python -m quant takes"),
    ".onnx": "an ONNX file goes to python -m quant as it is, without --pretrained",
}
"""Files of weights of other programs, by suffix, and the way to one that is read."""


class CheckpointError(ValueError):
    """A checkpoint that cannot be read or written; the message names the file and the way out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """SqueezeNet ``"1.0"`` or ``"1.1"``, as :func:`spec.squeezenet.published` builds them."""

    version: str
    classes: int = 1000
    image_size: int = 224
    last_padding: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessing:
    """How a photograph becomes the network's input.

    EXIF rotation is applied, the image converted to RGB (transparency over black), its shorter
    side resized (bilinear, antialiased) to ``shorter_side``, or for 0 to the network's image size,
    the centre cropped. Pixels in 0…1 are then normalized by ``mean`` and ``std``, inside the
    network.
    """

    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    shorter_side: int = 0


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What a training run leaves.

    Parameters
    ----------
    parameters
        The architecture; a network that was not built from parameters is never saved.
    batch_norm
        Whether a batch norm follows every convolution.
    state
        The weights to use, by parameter name (the averaged ones, if there was an average).
    labels
        One a class, in order of the scores.
    preprocessing
        How a photograph becomes the input.
    history
        One dictionary an epoch: ``epoch``, ``loss``, ``train_accuracy``, ``validation_loss``,
        ``validation_accuracy``, ``rate``, ``size``, ``seconds``.
    provenance
        Free text by key: command, data, seed, versions.
    photographs
        A digest of the pixels by name, for ``train`` and ``validation``; see :mod:`model.split`.
        Empty in a file of before.
    training
        What ``--resume`` needs (raw weights, optimizer, generators), or None.
    """

    parameters: Metaparameters | Published | Network
    batch_norm: bool
    state: dict[str, torch.Tensor]
    labels: tuple[str, ...]
    preprocessing: Preprocessing = Preprocessing()
    history: list[dict] = field(default_factory=list)
    provenance: dict[str, str] = field(default_factory=dict)
    photographs: dict[str, dict[str, str]] = field(default_factory=dict)
    training: dict | None = None

    @property
    def network(self) -> Network:
        return network_of(self.parameters)

    @property
    def framing(self) -> Framing:
        """What of a photograph the network sees."""
        return Framing(self.network.image.height, self.preprocessing.shorter_side)

    def module(self) -> SqueezeNet:
        """The network with its weights, in evaluation mode, float32."""
        module = SqueezeNet(
            self.network,
            batch_norm=self.batch_norm,
            mean=self.preprocessing.mean,
            std=self.preprocessing.std,
        )
        module.load_state_dict(self.state)
        return module.eval()


def network_of(parameters: Metaparameters | Published | Network) -> Network:
    """The geometry of an architecture."""
    if isinstance(parameters, Network):
        return parameters
    if isinstance(parameters, Published):
        return published(**asdict(parameters))
    return squeezenet(parameters)


def save(checkpoint: Checkpoint, path: Path) -> None:
    """Write ``path`` whole or leave it as it was.

    Raises
    ------
    CheckpointError
        If the disk is full or the folder cannot be written.
    """
    kind = "published" if isinstance(checkpoint.parameters, Published) else "metaparameters"
    content = io.BytesIO()
    torch.save(
        {
            "format": FORMAT,
            "version": VERSION,
            "kind": kind,
            "parameters": asdict(checkpoint.parameters),
            "batch_norm": checkpoint.batch_norm,
            "state": checkpoint.state,
            "labels": list(checkpoint.labels),
            "preprocessing": asdict(checkpoint.preprocessing),
            "history": checkpoint.history,
            "provenance": checkpoint.provenance,
            "photographs": checkpoint.photographs,
            "training": checkpoint.training,
        },
        content,
    )
    path = Path(path)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(part, "wb") as file:
            file.write(content.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        raise CheckpointError(
            f"{path}: cannot be written ({error.strerror}); the checkpoint before it is untouched"
        ) from error
    finally:
        part.unlink(missing_ok=True)


def unpickle(path: Path, wanted: str, *, mmap: bool = False) -> object:
    """What ``torch.save`` put into a file: tensors and plain Python values only.

    Raises
    ------
    CheckpointError
        If the file is damaged or is not ``wanted``.
    """
    way = ELSEWHERE.get(path.suffix.casefold())
    if way:
        raise CheckpointError(f"{path}: not {wanted}: {way}")
    try:
        with warnings.catch_warnings(action="ignore"):  # of what is refused all the same
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
    except pickle.UnpicklingError as error:
        code = re.search(r"GLOBAL (\S+)", str(error))
        if not code:
            raise CheckpointError(f"{path}: damaged, or not {wanted}") from error
        raise CheckpointError(
            f"{path}: not {wanted}: it holds a {code[1]}, which is code and not run; save the "
            "weights alone, by torch.save(model.state_dict(), …)"
        ) from error
    except RuntimeError as error:
        if "TorchScript" not in str(error):
            raise CheckpointError(f"{path}: damaged, or not {wanted}") from error
        raise CheckpointError(
            f"{path}: not {wanted}: it is a TorchScript program, which is code and not run; save "
            "its weights alone, by torch.save(torch.jit.load(…).state_dict(), …)"
        ) from error
    except Exception as error:  # whatever an unpickler may make of foreign bytes
        raise CheckpointError(f"{path}: damaged, or not {wanted}") from error


def load(path: Path) -> Checkpoint:
    """Read and check a checkpoint.

    Raises
    ------
    CheckpointError
        If there is no such file, it is none of ours, of another version, damaged, or its weights
        do not fit its architecture or are not finite.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file; python -m model.train makes checkpoints")
    content = unpickle(path, "a checkpoint of model.train")
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise CheckpointError(
            f"{path}: not a checkpoint of model.train; a state dict goes to --init"
        )
    if content["version"] != VERSION:
        raise CheckpointError(
            f"{path}: version {content['version']}, and this program reads {VERSION}; train again"
        )
    kind = Published if content["kind"] == "published" else Metaparameters
    try:
        checkpoint = Checkpoint(
            parameters=kind(**content["parameters"]),
            batch_norm=content["batch_norm"],
            state=content["state"],
            labels=tuple(content["labels"]),
            preprocessing=Preprocessing(
                **{
                    key: tuple(value) if isinstance(value, list | tuple) else value
                    for key, value in content["preprocessing"].items()
                }
            ),
            history=content["history"],
            provenance=content["provenance"],
            photographs=content.get("photographs", {}),
            training=content["training"],
        )
        network, _ = checkpoint.network, checkpoint.framing
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: its description is damaged ({error})") from error
    module = SqueezeNet(network, batch_norm=checkpoint.batch_norm)
    mismatch = state_mismatch(module, checkpoint.state)
    if mismatch:
        raise CheckpointError(f"{path}: weights of another architecture: {mismatch}")
    if len(checkpoint.labels) != network.classes:
        raise CheckpointError(
            f"{path}: {len(checkpoint.labels)} labels for {network.classes} classes"
        )
    for name, tensor in checkpoint.state.items():
        if not torch.isfinite(tensor).all():
            raise CheckpointError(f"{path}: {name} is not finite; the training diverged")
    return checkpoint


def state_mismatch(module: torch.nn.Module, state: dict[str, torch.Tensor]) -> str:
    """The first difference in names or shapes between a module and a state, or nothing."""
    expected = module.state_dict()
    for name, tensor in expected.items():
        if name not in state:
            return f"{name} is missing"
        if state[name].shape != tensor.shape:
            return f"{name} has shape {tuple(state[name].shape)}, not {tuple(tensor.shape)}"
    for name in state:
        if name not in expected:
            return f"{name} is not expected"
    return ""
