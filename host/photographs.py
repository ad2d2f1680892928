"""Photographs from files, as the board's network sees them."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from spec.photograph import Framing, square

SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
"""What counts as a photograph in a folder."""


class PhotographError(ValueError):
    """A path that leads to no photograph; the message names it."""


def gather(paths: Iterable[Path]) -> list[Path]:
    """The files among ``paths``, and the photographs in the folders among them, in order of name.

    Raises
    ------
    PhotographError
        If a path does not exist, or a folder holds no photograph.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = photographs_in(path)
            if not inside:
                raise PhotographError(f"{path}: holds no photograph")
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise PhotographError(f"{path}: no such file or folder")
    return found


def photographs_in(folder: Path) -> list[Path]:
    """Files in a folder and its folders that look like photographs, in order of name."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES and path.name[0] != "." and path.is_file()
    )


def read(path: Path, size: int | Framing) -> bytes:
    """A photograph's pixels as the board takes them: rows of red, green, blue, a byte each.

    Raises
    ------
    PhotographError
        If the file is no image, or a damaged one.
    """
    try:
        with Image.open(path) as image:
            return square(image, size).tobytes()
    except UnidentifiedImageError:
        raise PhotographError(f"{path}: not an image") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise PhotographError(f"{path}: damaged image ({error})") from error


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
                pixels = done.result()
            except PhotographError as error:
                refused[current] = error
                continue
            yield current, pixels
