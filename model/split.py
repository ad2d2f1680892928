"""What a run trained on and held out: kept with it, and taken from there by whatever judges it."""

import argparse
import base64
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError  # onnx lets it through

from model.checkpoint import CheckpointError, load
from model.data import DataError, Photographs, Splits
from spec.text import printable

Record = dict[str, dict[str, str]]
"""By part, ``train`` and ``validation``: a digest of the pixels by name of photograph."""

SAMPLE = 4096
"""Digests of training photographs in a model file, at most; of more, the smallest ones."""

_BYTES = 4
"""Of each of those."""

TRAINED_ON = "provenance.trained_on"
"""Where a model file's metadata have them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """How a run was told to hold photographs out."""

    data: Path
    validation_list: Path | None
    validation_share: float
    seed: int

    @staticmethod
    def of(provenance: dict[str, str]) -> "Split | None":
        """From the settings of a run, as text; None if it has none."""
        if "data" not in provenance:
            return None
        listed = provenance.get("validation_list", "None")
        return Split(
            data=Path(provenance["data"]),
            validation_list=None if listed == "None" else Path(listed),
            validation_share=float(provenance.get("validation_share", "0")),
            seed=int(provenance.get("seed", "0")),
        )


def settle(arguments: argparse.Namespace, provenance: dict[str, str], source: Path) -> None:
    """Give the flags of photographs that were left open the values of a run.

    Parameters
    ----------
    arguments
        Its ``data``, ``validation_list``, ``validation_share`` and ``seed`` are None where they
        were not given, and not None afterwards (but for the list).
    provenance
        The run's settings.
    source
        The file they are from.

    Raises
    ------
    DataError
        If neither says where the photographs are; if the flags ask for another split, without
        ``--other-split``.
    """
    split, shown = Split.of(provenance), printable(source)
    if split is None:
        if arguments.data is None:
            raise DataError(
                f"{shown}: does not say on which photographs it was trained; give --data"
            )
        split = Split(data=arguments.data, validation_list=None, validation_share=0.0, seed=0)
    elif not arguments.other_split:
        differ = [
            f"--{name.replace('_', '-')} {was}, not {given}"
            for name, was, given in _differences(split, arguments)
        ]
        if differ:
            raise DataError(
                f"{shown}: its run held out photographs with {', '.join(differ)}: leave that flag "
                "away, or give --other-split if photographs that were trained on may judge"
            )
        if arguments.validation_list is None:
            arguments.validation_list = split.validation_list
        if arguments.validation_share is None:
            arguments.validation_share = split.validation_share
    if arguments.data is None:
        arguments.data = split.data
    if arguments.validation_share is None:
        arguments.validation_share = 0.0
    if arguments.seed is None:
        arguments.seed = split.seed


def settle_data(arguments: argparse.Namespace, provenance: dict[str, str], source: Path) -> None:
    """:func:`settle`, for what judges: another folder of photographs has no split of the run's."""
    split = Split.of(provenance)
    elsewhere = split is not None and arguments.data is not None and arguments.data != split.data
    if elsewhere and arguments.data.exists() and split.data.exists():
        elsewhere = not arguments.data.samefile(split.data)
    asked = arguments.validation_list is not None or arguments.validation_share is not None
    settle(arguments, {} if elsewhere and not asked else provenance, source)


def _differences(split: Split, arguments: argparse.Namespace) -> list[tuple[str, object, object]]:
    found = []
    share, listed = arguments.validation_share, arguments.validation_list
    if share is not None and share != split.validation_share:
        found.append(("validation_share", split.validation_share, share))
    if listed is not None and split.validation_list is None:
        found.append(("validation_list", "none", printable(listed)))
    by_share = split.validation_share and split.validation_list is None
    if by_share and arguments.seed is not None and arguments.seed != split.seed:
        found.append(("seed", split.seed, arguments.seed))
    return found


def record(splits: Splits) -> Record:
    """What tells the photographs of a run."""
    return {"train": splits.train.digests(), "validation": splits.validation.digests()}


def change(before: Record, after: Record) -> str:
    """In words, how photographs differ from those of a record; nothing if they do not.

    A part that the record does not have is not compared.
    """
    words = []
    for part, old in before.items():
        new = after[part]
        added = [name for name in new if name not in old]
        gone = [name for name in old if name not in new]
        other = [name for name in new if name in old and old[name] != new[name]]
        for what, names in (("added", added), ("gone", gone), ("changed", other)):
            if names:
                words.append(f"{len(names)} of {part} {what} ({names[0]}, …)")
    return ", ".join(words)


def trained_on(photographs: Record) -> str:
    """A record's training photographs as text for a model file: their smallest digests.

    Without those that are in the run's own validation part, too.
    """
    own = set(photographs.get("validation", {}).values())
    trained = set(photographs.get("train", {}).values()) - own
    digests = sorted(bytes.fromhex(digest)[:_BYTES] for digest in trained)
    return base64.b64encode(b"".join(digests[:SAMPLE])).decode()


def of_training(part: Photographs, text: str) -> list[str]:
    """Names of the photographs of a part that are among those of :func:`trained_on`."""
    data = base64.b64decode(text)
    known = {data[start : start + _BYTES] for start in range(0, len(data), _BYTES)}
    return [
        name for name, digest in part.digests().items() if bytes.fromhex(digest)[:_BYTES] in known
    ]


def refuse_trained(
    part: str, photographs: Photographs, text: str, *, meant: bool, source: Path
) -> str:
    """A line of warning if a part that judges has photographs of training; nothing if not.

    Raises
    ------
    DataError
        If it has, and that is not ``meant``.
    """
    names = of_training(photographs, text)
    if not names:
        return ""
    of = f"{len(photographs)} {part}".rstrip()
    line = f"{len(names)} of {of} photographs were trained on"
    if not meant:
        raise DataError(
            f"{printable(source)}: {line} ({names[0]}, …): give the run's own split, or "
            "--other-split if it is meant"
        )
    return f"{line}: the accuracy is flattered"


def learned_before(source: Path, validation: Photographs, data: Path) -> str:
    """A line of warning if what a run begins with learned some of its validation photographs.

    Nothing if it did not, or does not say.

    Parameters
    ----------
    source
        A checkpoint or a model file of ours, or any other file of weights.
    data
        The run's folder: photographs of one name there are the same, whatever their size.
    """
    names = []
    if source.suffix == ".onnx":
        with suppress(OSError, DecodeError):  # whoever runs it says what is wrong with it
            made = onnx.load(source, load_external_data=False)
            metadata = {entry.key: entry.value for entry in made.metadata_props}
            names = of_training(validation, metadata.get(TRAINED_ON, ""))
    else:
        with suppress(CheckpointError):
            saved = load(source)
            trained = saved.photographs.get("train", {})
            known = set(trained.values())
            there = saved.provenance.get("data") == str(data)
            names = [
                name
                for name, digest in validation.digests().items()
                if digest in known or (there and name in trained)
            ]
    if not names:
        return ""
    return (
        f"{printable(source)}: learned {len(names)} of {len(validation)} validation photographs "
        f"({names[0]}, …), so the accuracy is flattered: give --seed and --validation-share, or "
        "--validation-list, of its run"
    )
