"""Which photographs a quantized network is judged on."""

import argparse
from pathlib import Path

import torch

from model.command import add_data_arguments, read_data
from model.data import DataError, Photographs, read_files, read_folder
from model.layout import layout_of
from model.split import TRAINED_ON, refuse_trained, settle_data
from quant.metadata import training_of
from quant.names import Names
from spec import terminal
from spec.arguments import Parser
from spec.quantized import QuantizedNetwork


def add_judging_arguments(parser: Parser) -> None:
    """The flags of photographs, among them single ones."""
    add_data_arguments(parser, recorded=True)
    parser.add_argument(
        "--photographs",
        type=Path,
        nargs="+",
        action="extend",
        metavar="FILE",
        help="single photographs instead of --data; the name of its folder is the class of each",
    )


def judged_parts(
    arguments: argparse.Namespace, quantized: QuantizedNetwork
) -> list[tuple[str, Photographs]]:
    """:func:`held_out`, or the single photographs that the flags name.

    Raises
    ------
    DataError
        As :func:`held_out` and :func:`model.data.read_files`; if the flags ask for both.
    """
    if not arguments.photographs:
        return held_out(arguments, quantized)
    for flag in ("data", "validation_list", "validation_share"):
        if getattr(arguments, flag) is not None:
            raise DataError(
                f"--photographs are judged alone: leave --{flag.replace('_', '-')} away"
            )
    files = read_files(arguments.photographs, quantized.framing, strict=arguments.strict)
    tell_trained("files", files, arguments, quantized)
    return [("files", files)]


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
    for name, part in parts:
        tell_trained(name, part, arguments, quantized)
    return parts


def tell_trained(
    name: str, part: Photographs, arguments: argparse.Namespace, quantized: QuantizedNetwork
) -> None:
    """Refuse a part of which photographs were trained on, or warn if that is meant.

    Raises
    ------
    DataError
        If it is not meant.
    """
    trained, meant = quantized.metadata.get(TRAINED_ON, ""), arguments.other_split
    kind = name if name in ("validation", "test") else ""  # a part of a data set, or all there is
    line = refuse_trained(kind, part, trained, meant=meant, source=arguments.model)
    if line:
        terminal.complain(line)


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
            f"{', '.join(labels[:8])}{', …' if len(labels) > 8 else ''}; rename the folders, or "
            "quantize with --names FILE"
        )
    index = [classes.get(name, -1) for name in photographs.labels]
    targets = torch.tensor(index)[photographs.targets]
    known = (targets >= 0).nonzero().flatten().tolist()
    kept = photographs.take(known)
    return (
        Photographs(images=kept.images, targets=targets[known], names=kept.names, labels=labels),
        unknown,
    )
