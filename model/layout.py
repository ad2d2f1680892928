"""Which folder of a data set is which part, and which are its classes: said, never guessed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from photo.files import hidden
from spec.text import printable

PARTS = ("train", "valid", "test")

_LIKE_A_PART = re.compile(
    r"(train(ing)?|trn|val(id(ation)?)?|dev|test(ing)?|tst|eval(uation)?|hold[ _-]?out)"
    r"([ _-]?(set|data|images?|photos?|split|[0-9]+))?"
)
"""What people call the parts; no class is likely to be called so."""

_WORD = re.compile(r"(?<![^\W_])(train(?:ing)?|val(?:id(?:ation)?)?|test(?:ing)?)(?![^\W\d_])")
"""Such a word in a longer name, as in ``seg_train`` or ``cats-test-2``."""


class DataError(ValueError):
    """A folder that cannot be trained on; the message names it and the way out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The folders of a data set.

    Parameters
    ----------
    parts
        By name, of ``PARTS``; empty where the data set is one folder of class folders.
    notes
        What is beside them and left out, a line each.
    """

    parts: dict[str, Path]
    notes: tuple[str, ...] = ()


def folders_in(folder: Path) -> list[Path]:
    """The folders in a folder that are not hidden, in order of name.

    Raises
    ------
    DataError
        If there is no such folder.
    """
    shown = printable(folder)
    if not folder.is_dir():
        raise DataError(f"{shown}: no such folder; it must hold one folder of photographs a class")
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and not hidden(path.name))
    except OSError as error:
        raise DataError(f"{shown}: cannot be read ({error.strerror})") from error


def layout_of(data: Path) -> Layout:
    """The parts of a data folder: ``train/``, ``valid/`` and ``test/``, or none of them.

    Raises
    ------
    DataError
        If folders are called like parts, but not as the parts are: they would be taken for
        classes, or not be looked at.
    """
    names = {path.name: path for path in folders_in(data)}
    parts = {name: names[name] for name in PARTS if name in names}
    alike = [name for name in names if name not in PARTS and _like_a_part(name)] or _paired(names)
    shown = printable(data)
    if alike:
        raise DataError(
            f"{shown}: holds {_list(alike)}: parts must be called train/, valid/ and test/, so "
            "rename them (classes of such names go into a folder train/)"
        )
    if not parts:
        return Layout(parts={})
    if "train" not in parts:
        raise DataError(
            f"{shown}: holds {_list(parts)} but no train/; name the other part train/, or give "
            "one of these folders"
        )
    others = [name for name in names if name not in parts]
    notes = (f"{shown}: {_list(others)} beside train/ left out",) if others else ()
    return Layout(parts=parts, notes=notes)


def check_output(data: Path, output: Path) -> None:
    """Refuse to write a run among the classes, where the next training would take it for one.

    Raises
    ------
    DataError
        If ``output`` lies in the data folder, or in a part of it; as :func:`layout_of`.
    """
    for folder in layout_of(data).parts.values() or [data]:
        if output.resolve().is_relative_to(folder.resolve()):
            raise DataError(
                f"--output {printable(output)}: lies in {printable(folder)}/, whose folders are "
                "the classes; give a folder outside, such as runs/mine"
            )


def check_depth(folder: Path, classes: list[Path], photographs: list[list[Path]]) -> None:
    """Refuse class folders with nothing but folders in them: they may be one level too high.

    Raises
    ------
    DataError
        If no photograph lies in a class folder itself.
    """
    pairs = zip(classes, photographs, strict=True)
    if any(path.parent == inside for inside, own in pairs for path in own):
        return
    shown, first = printable(folder), printable(classes[0])
    what = "its one folder holds" if len(classes) == 1 else "all its class folders hold"
    raise DataError(
        f"{shown}: {what} no photograph, only folders of photographs: give the folder whose "
        f"folders are the classes, such as {first}; or --nested if {_list(p.name for p in classes)}"
        f" {'is a class' if len(classes) == 1 else 'are the classes'}"
    )


def check_inside(classes: list[Path], photographs: list[list[Path]], *, nested: bool) -> None:
    """Refuse folders in a class folder whose names say that they are something else.

    Raises
    ------
    DataError
        If photographs of a class lie in a part of it, such as ``LION/train/``; unless ``nested``,
        if they lie in a folder that is called like another class.
    """
    names = {path.name for path in classes}
    for own, files in zip(classes, photographs, strict=True):
        inside = {name for file in files for name in file.relative_to(own).parent.parts}
        for name in sorted(inside):
            shown = f"{printable(own)}: holds a folder {printable(name)}/"
            if name in PARTS or _like_a_part(name):
                raise DataError(
                    f"{shown}, a part inside a class: parts hold the classes, as in "
                    f"train/{printable(own.name)}/ and test/{printable(own.name)}/; move it, or "
                    "rename it if it is no part"
                )
            if not nested and name in names - {own.name}:
                raise DataError(
                    f"{shown}, which is called like another class: is {printable(own.name)}/ a "
                    "class? move it out of the way, or give --nested if it is"
                )


def _like_a_part(name: str) -> bool:
    return bool(_LIKE_A_PART.fullmatch(name.casefold()))


def _paired(names: Iterable[str]) -> list[str]:
    """Names that differ in such a word alone; a single one, ``bullet_train``, may be a class."""
    rest = {}
    for name in names:
        parts = _WORD.split(name.casefold())
        if len(parts) == 3 and parts[0] + parts[2]:
            rest.setdefault((parts[0], parts[2]), []).append(name)
    return [name for same in rest.values() if len(same) > 1 for name in same]


def _list(names) -> str:
    names = [f"{printable(name)}/" for name in names]
    return ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
