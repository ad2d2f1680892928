"""The float network to quantize: trained here, or somebody else's."""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

from model import checkpoint
from model.checkpoint import Checkpoint
from quant import pretrained
from quant.foreign import load as foreign
from quant.foreign.load import Foreign
from quant.names import Names, given_names
from spec import artifact
from spec.artifact import ArtifactError


@dataclass(frozen=True, eq=False, kw_only=True)
class Source:
    """A float network.

    Parameters
    ----------
    checkpoint
        What it computes.
    names
        Of its classes.
    elsewhere
        Whether it was trained elsewhere, so that it has seen none of the photographs here.
    foreign
        The ONNX file it was read from, or None.
    """

    checkpoint: Checkpoint
    names: Names
    elsewhere: bool
    foreign: Foreign | None = None


def is_onnx(path: Path) -> bool:
    return path.suffix.lower() == ".onnx"


def read_source(arguments: argparse.Namespace) -> Source:
    """The network that the flags name.

    Raises
    ------
    CheckpointError, ForeignError, NamesError
        If the file cannot be read, is not of the family, or its classes cannot be named.
    ArtifactError
        If it is quantized by this project already.
    """
    path = arguments.checkpoint
    read = None
    if is_onnx(path):
        _refuse_our_own(path)
        read = foreign.load(path, arguments.trained_with, arguments.image)
        made = read.checkpoint
    elif arguments.pretrained:
        made, said = pretrained.load(path, arguments.trained_with)
        print(f"{path}: {'; '.join(said)}")
    else:
        made = checkpoint.load(path)
        return Source(checkpoint=made, names=Names(labels=made.labels), elsewhere=False)
    names = given_names(made.labels, arguments.names, arguments.name)
    made = replace(made, labels=names.labels)
    return Source(checkpoint=made, names=names, elsewhere=True, foreign=read)


def _refuse_our_own(path: Path) -> None:
    try:
        artifact.load(path)
    except ArtifactError:
        return
    raise ArtifactError(
        f"{path}: is quantized already, to the integers of the circuit: sim, host and hw.build "
        "take it as it is; give the float network it was made from"
    )
