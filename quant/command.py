"""Which photographs a quantized network is judged on."""

import argparse

import torch

from model.command import read_data
from model.data import DataError, Photographs, read_folder
from model.layout import layout_of
from quant.names import Names
from spec.photograph import Framing


def held_out(arguments: argparse.Namespace, size: int | Framing) -> list[tuple[str, Photographs]]:
    """The parts that training did not see; all of a folder of nothing but class folders."""
    split = arguments.validation_list is not None or arguments.validation_share
    if split or layout_of(arguments.data).parts:
        return [part for part in read_data(arguments, size).items() if part[0] != "train"]
    all_of_it = read_folder(arguments.data, size, strict=arguments.strict, nested=arguments.nested)
    return [("all", all_of_it)]


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
