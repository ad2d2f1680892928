"""What the classes of somebody else's network are called: a file of names, one class a line."""

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from spec.quantized import QuantizedNetwork
from spec.text import TextError, printable, read_text

FOLDERS = "folders"
"""Metadata key: a JSON list, what folders of photographs may call each class, beside its label."""

_SYNSET = re.compile(r"(n\d{8})\s+(\S.*)")
"""A line of Caffe's ``synset_words.txt``."""


class NamesError(ValueError):
    """A file of names that cannot be used; the message names it and the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What each class is called.

    Parameters
    ----------
    labels
        One a class.
    folders
        What a folder of its photographs may be called, too; one a class, or none at all.
    """

    labels: tuple[str, ...]
    folders: tuple[str, ...] = ()

    def __post_init__(self):
        repeated = [name for name, count in Counter(self.labels).items() if count > 1]
        if repeated:
            first, second, *_ = (i for i, name in enumerate(self.labels) if name == repeated[0])
            raise NamesError(
                f"classes {first} and {second} are both called {repeated[0]}; "
                "give each class a name of its own"
            )
        if self.folders and len(self.folders) != len(self.labels):
            raise NamesError(f"folders must be {len(self.labels)}, not {len(self.folders)}")

    def index(self) -> dict[str, int]:
        """The class of every name; a label comes before a folder."""
        return {
            name: number
            for names in (self.folders, self.labels)
            for number, name in enumerate(names)
        }


def read_names(path: Path, classes: int) -> Names:
    """The names in a file, one class a line, blank lines left out; see :func:`spec.text.read_text`.

    A line is a label; or columns between tabs, of which the last is the label, the one before it
    what folders may be called, and a first column of numbers the class, from 0; or a synset, a
    space, and the label. Classes of one name get their folder, or number, behind it.

    Raises
    ------
    NamesError
        If the file cannot be read, or does not name every class once.
    """
    try:
        text = read_text(path)
    except TextError as error:
        raise NamesError(str(error)) from error
    lines = [_shown(line) for line in text.splitlines() if line.strip()]
    if len(lines) != classes:
        raise NamesError(f"{path}: names {len(lines)} classes, and the network has {classes}")
    rows = [_columns(line) for line in lines]
    wide = Counter(map(len, rows)).most_common(1)[0][0]
    for line, row in zip(lines, rows, strict=True):
        if len(row) != wide or not all(row):
            raise NamesError(f"{path}: must have {wide} columns in every line, not as in: {line}")
    if wide > 1 and all(row[0].isdecimal() for row in rows):
        rows = _ordered(path, rows)
        wide -= 1
    folders = tuple(row[-2] for row in rows) if wide > 1 else ()
    labels = [row[-1] for row in rows]
    count = Counter(labels)
    return Names(
        labels=tuple(
            f"{label} ({folders[number] if folders else number})" if count[label] > 1 else label
            for number, label in enumerate(labels)
        ),
        folders=folders,
    )


def given_names(labels: tuple[str, ...], path: Path | None, pairs: list[tuple[int, str]]) -> Names:
    """The ``labels`` a network comes with, or the names in a file, and single ones above them.

    Raises
    ------
    NamesError
        As :func:`read_names`; if a class does not exist, or two would have one name.
    """
    names = Names(labels=labels) if path is None else read_names(path, len(labels))
    changed = list(names.labels)
    given = [number for number, _ in pairs]
    for number, label in pairs:
        if given.count(number) > 1:
            raise NamesError(f"class {number} is given two names; give each class one --name")
        if number >= len(changed):
            raise NamesError(f"there are classes 0…{len(changed) - 1}, no class {number}")
        changed[number] = label
    return Names(labels=tuple(changed), folders=names.folders)


def names_of(quantized: QuantizedNetwork) -> Names:
    """What a quantized network's file says of its classes.

    Raises
    ------
    NamesError
        If its folders are no list of names, one a class.
    """
    try:
        folders = json.loads(quantized.metadata.get(FOLDERS, "[]"))
    except json.JSONDecodeError:
        folders = None
    if not isinstance(folders, list) or not all(isinstance(name, str) for name in folders):
        raise NamesError(f"the metadata's {FOLDERS} must be a JSON list of strings")
    return Names(labels=quantized.labels, folders=tuple(folders))


def _shown(line: str) -> str:
    """A line whose every column can be printed."""
    return "\t".join(printable(column.strip()) for column in line.strip().split("\t"))


def _columns(line: str) -> list[str]:
    synset = _SYNSET.fullmatch(line)
    if "\t" not in line and synset:
        return list(synset.groups())
    return line.split("\t")


def _ordered(path: Path, rows: list[list[str]]) -> list[list[str]]:
    """The rows without their first column, the class, in its order."""
    numbers = [int(row[0]) for row in rows]
    missing = sorted(set(range(len(rows))) - set(numbers))
    if missing:
        raise NamesError(f"{path}: names no class {missing[0]}; classes count from 0")
    return [row[1:] for _, row in sorted(zip(numbers, rows, strict=True))]
