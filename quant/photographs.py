"""Photographs for a network that was trained elsewhere: which calibrate it, which judge it."""

import argparse

import torch

from model.command import read_data
from model.data import Photographs, Splits, held_out, read_folder
from model.layout import layout_of
from spec.photograph import Framing


def read_foreign(arguments: argparse.Namespace, framing: Framing) -> Splits:
    """The photographs that calibrate (``train``), those that judge, and a test part if there is.

    A ``train/`` folder or a list of validation photographs is followed, as in training. Otherwise
    every photograph is as good as any other, whatever its class: a random ``--images`` of them,
    at most half, calibrate, and the others judge. With ``--validation-share`` it is that share of
    each class that judges, or of them all if a class has but one.
    """
    if arguments.validation_list is not None or layout_of(arguments.data).parts:
        return read_data(arguments, framing)
    photographs = read_folder(
        arguments.data, framing, strict=arguments.strict, nested=arguments.nested
    )
    fewest = torch.bincount(photographs.targets).min()
    if arguments.validation_share and fewest > 1:
        judging = held_out(photographs, arguments.validation_share, arguments.seed)
    else:
        count = round(arguments.validation_share * len(photographs))
        if not arguments.validation_share:
            count = len(photographs) - max(0, min(arguments.images, len(photographs) // 2))
        generator = torch.Generator().manual_seed(arguments.seed)
        judging = torch.randperm(len(photographs), generator=generator)[:count].tolist()
    rest = photographs.take(sorted(set(range(len(photographs))) - set(judging)))
    return Splits(
        train=Photographs(**{**vars(rest), "skipped": photographs.skipped}),
        validation=photographs.take(sorted(judging)),
        test=None,
    )
