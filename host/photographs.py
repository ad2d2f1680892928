"""Photographs from files, as the board's network sees them."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from photo import files
from photo.files import PhotographError
from spec.photograph import Framing
from spec.text import printable

__all__ = ["PhotographError", "gather", "photographs_in", "read", "read_ahead"]


def gather(
    paths: Iterable[Path],
    tell: Callable[[str], None] = lambda line: None,
    also: frozenset[str] = frozenset(),
) -> list[Path]:
    """The files among ``paths``, and the photographs in the folders among them, in order of name.

    ``also`` as :func:`photo.files.find` has it. Each file of a folder that is left out is a line
    for ``tell``.

    Raises
    ------
    PhotographError
        If a path does not exist, or a folder holds no photograph.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = files.find(path, also)
            for line in inside.others:
                tell(line)
            if not inside.photographs:
                raise PhotographError(f"{printable(path)}: holds no photograph")
            found += inside.photographs
        elif path.exists():
            found.append(path)
        else:
            raise PhotographError(f"{printable(path)}: no such file or folder")
    return found


def photographs_in(folder: Path) -> list[Path]:
    """Files in a folder and its folders that are photographs, in order of name."""
    return list(files.find(folder).photographs)


def read(path: Path, size: int | Framing) -> bytes:
    """A photograph's pixels as the board takes them: rows of red, green, blue, a byte each.

    Raises
    ------
    PhotographError
        If the file is no image, or a damaged one.
    """
    return files.read(path, size).tobytes()


def read_ahead(
    paths: Iterable[Path], size: int | Framing, refused: dict[Path, PhotographError]
) -> Iterator[tuple[Path, bytes]]:
    """Path and pixels of each photograph; the next one is read while the last one is used.

    What cannot be read goes to ``refused``.
    """
    paths = iter(paths)
    with ThreadPoolExecutor(1) as reader:
        path = next(paths, None)
        reading = path and reader.submit(read, path, size)
        while path:
            current, done = path, reading
            path = next(paths, None)
            reading = path and reader.submit(read, path, size)
            try:
                data = done.result()
            except PhotographError as error:
                refused[current] = error
                continue
            yield current, data
