"""Which photographs a quantized network is judged on."""

import argparse

import torch

from model.command import read_data
from model.data import DataError, Photographs, read_folder
from model.layout import layout_of
from model.split import refuse_trained, settle_data
from quant.metadata import TRAINED_ON, training_of
from quant.names import Names
from spec import terminal
from spec.quantized import QuantizedNetwork


def held_out(
    arguments: argparse.Namespace, quantized: QuantizedNetwork
) -> list[tuple[str, Photographs]]:
    """The parts that training did not see; all of a folder of nothing but class folders.

    Which those are is the run's to say, as the model file has it, where ``--data`` is its folder
    or is not given.

    Raises
    ------
    DataError
        As :func:`model.split.settle`; if a part has photographs that were trained on, without
        ``--other-split``.
    """
    settle_data(arguments, training_of(quantized), arguments.model)
    size = quantized.framing
    split = arguments.validation_list is not None or arguments.validation_share
    if split or layout_of(arguments.data).parts:
        parts = [part for part in read_data(arguments, size).items() if part[0] != "train"]
    else:
        folder, strict, nested = arguments.data, arguments.strict, arguments.nested
        parts = [("all", read_folder(folder, size, strict=strict, nested=nested))]
    trained = quantized.metadata.get(TRAINED_ON, "")
    for name, part in parts:
        meant = arguments.other_split
        line = refuse_trained(name, part, trained, meant=meant, source=arguments.model)
        if line:
            terminal.complain(line)
    return parts


def align(photographs: Photographs, names: Names) -> tuple[Photographs, list[str]]:
    """The photographs with targets that index ``names.labels``, and the folders of no class.

    Raises
    ------
    DataError
        If no folder is called as a class is.
    """
    classes, labels = names.index(), names.labels
    unknown = [name for name in photographs.labels if name not in classes]
    if len(unknown) == len(photographs.labels):
        raise DataError(
            f"none of the class folders {', '.join(unknown)} is a class of the model: it knows "
            f"{', '.join(labels[:8])}{', …' if len(labels) > 8 else ''}"
        )
    index = [classes.get(name, -1) for name in photographs.labels]
    targets = torch.tensor(index)[photographs.targets]
    known = (targets >= 0).nonzero().flatten().tolist()
    kept = photographs.take(known)
    return (
        Photographs(images=kept.images, targets=targets[known], names=kept.names, labels=labels),
        unknown,
    )
