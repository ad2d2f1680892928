"""``python -m model.folds DIR --folds N --fold K --output DIR``: pictures held out by camera.

Frames of one camera are all alike, so a picture held out at random is not held out at all. Here
whole groups are: the cameras that a table names, or, without a table, the class folders. Groups are
ordered by the digest of their names and dealt out in turn, so the same names give the same folds.
"""

import argparse
import hashlib
import shutil
from collections import Counter
from pathlib import Path

from model.data import DataError
from photo.files import PhotographError, find, hidden
from spec import terminal
from spec.arguments import Parser
from spec.text import TextError, printable, read_table


def read_groups(folder: Path, table: Path | None, column: str) -> dict[str, str]:
    """The group of each photograph in the class folders of ``folder``, by path relative to it.

    Parameters
    ----------
    table
        Tab-separated, with a heading; its columns ``file`` and ``column`` are used. None: the group
        of a file is its class folder.

    Raises
    ------
    DataError
        If there is no such folder, or the table misses a column or a file.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder")
    names = []
    for inside in sorted(folder.iterdir()):
        if not inside.is_dir() or hidden(inside.name):
            continue
        found = find(inside)
        for line in found.others:
            terminal.complain(f"{line}; left out")
        names += [path.relative_to(folder).as_posix() for path in found.photographs]
    if table is None:
        return {name: name.split("/")[0] for name in names}
    rows = read_table(table)
    if not rows or not {"file", column} <= rows[0].keys():
        raise DataError(f"{table}: must have the columns file and {column}; --column names another")
    groups = {row["file"]: row[column] for row in rows}
    for name in names:
        if not groups.get(printable(name)):
            raise DataError(
                f"{printable(table)}: names no {column} of {printable(name)}; add a line, or "
                "remove the file"
            )
    return {name: groups[printable(name)] for name in names}


def deal(groups: set[str], folds: int) -> dict[str, int]:
    """The fold of each group, 0…folds − 1; sizes differ by at most one group.

    Raises
    ------
    DataError
        If there are fewer groups than folds, or fewer than two folds.
    """
    if not 2 <= folds <= len(groups):
        raise DataError(f"folds must be from 2 to the {len(groups)} groups, not {folds}")
    order = sorted(groups, key=lambda group: hashlib.sha256(group.encode()).digest())
    return {group: number % folds for number, group in enumerate(order)}


def split(arguments: argparse.Namespace) -> int:
    if not 0 <= arguments.fold < arguments.folds:
        raise DataError(f"--fold must be from 0 to {arguments.folds - 1}, not {arguments.fold}")
    if arguments.output.exists():
        raise DataError(f"{arguments.output}: exists; choose another --output")
    groups = read_groups(arguments.data, arguments.groups, arguments.column)
    folds = deal(set(groups.values()), arguments.folds)
    counts = Counter()
    for name, group in groups.items():
        part = "held" if folds[group] == arguments.fold else "train"
        target = arguments.output / part / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(arguments.data / name, target)
        counts[part, name.split("/")[0]] += 1
    for part in ("train", "held"):
        own = {
            group for group, fold in folds.items() if (fold == arguments.fold) == (part == "held")
        }
        per = ", ".join(f"{count} {name}" for (own, name), count in counts.items() if own == part)
        print(f"{part}: {len(own)} groups; {per if counts.total() <= 2000 else ''}")
    return 0


def main(argv: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m model.folds",
        description=__doc__,
        examples=(
            "photographs --output folds/0",
            "photographs --groups cameras.tsv --folds 4 --fold 1 --output folds/1",
        ),
    )
    parser.add_argument("data", type=Path, help="folder of class folders")
    parser.add_argument(
        "--groups", type=Path, metavar="TABLE.tsv", help="which file is of which group"
    )
    parser.add_argument(
        "--column", default="camera_or_event", help="of the table, that names groups"
    )
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--fold", type=int, default=0, help="the one to hold out")
    parser.add_argument("--output", type=Path, required=True, help="gets train/ and held/")
    arguments = parser.parse_args(argv)
    bad = (DataError, PhotographError, TextError, OSError)
    return terminal.run("model.folds", lambda: split(arguments), bad=bad)


if __name__ == "__main__":
    raise SystemExit(main())
