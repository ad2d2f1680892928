"""Photographs in files and folders: one rule of what they are and how they are opened."""

import os
import re
import stat
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from spec.photograph import Framing, RangeError, square, whole
from spec.text import printable

_NAMED = (
    "apng avif avifs bmp dds dib gif heic heif hif ico j2c j2k jfif jp2 jpc jpe jpeg jpf jpg jpx "
    "jxl mpo pbm pcx pgm png pnm ppm psd qoi ras sgi tga tif tiff webp"
)
SUFFIXES = frozenset(f".{name}" for name in _NAMED.split())
"""How photographs are named. Any other file is one if it begins like an image."""

_THEIRS = (
    "@eadir|@recently-snapshot|@recycle|#recycle|#snapshot|__macosx|$recycle.bin|recycler|"
    "recycled|lost+found|lost.dir|system volume information|network trash folder|"
    "thevolumesettingsfolder|temporary items|desktop.ini|ehthumbs.db|thumbs.db|icon\r|@tmp|"
    "@sharebin|@database|@transcode|~snapshot|_gsdata_|__pycache__"
)
SYSTEM = frozenset(_THEIRS.split("|"))
"""Files and folders that systems put beside a user's, besides the ones with a leading dot."""

_FOUND = re.compile(r"found\.[0-9]{3}")
"""Folders into which Windows puts pieces of files, after a disk was checked."""

_RAW = "3fr arw cr2 cr3 dng erf iiq kdc mos mrw nef nrw orf pef raf raw rw2 rwl sr2 srw x3f"
RAW = frozenset(f".{name}" for name in _RAW.split())
"""What cameras call their sensors' values: some look like a TIFF that is nothing but a preview."""

_UNREADABLE = {".heic": "HEIC", ".heif": "HEIC", ".hif": "HEIC", ".jxl": "JPEG XL"}
"""Formats that Pillow does not open, by suffix."""
_TIFF = (b"II*\0", b"MM\0*")
"""How a TIFF begins; Pillow opens some kinds of it."""

_ZEROS = 64
"""Bytes at the end of compressed pixels that are never all zero in a whole file."""
_ENDS = {
    **dict.fromkeys(("JPEG", "MPO"), b"\xff\xd9"),
    "PNG": b"IEND\xaeB`\x82",
    **dict.fromkeys(("AVIF", "QOI", "WEBP"), b""),
}
"""How a file ends before zeros that do it no harm, by format; nothing: such zeros always do."""


class PhotographError(ValueError):
    """A path that leads to no photograph; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is in a folder and its folders, each part in order of name.

    Parameters
    ----------
    photographs
        Files that are named like a photograph, or begin like one.
    others
        One line each on what is left out, with the reason.
    """

    photographs: tuple[Path, ...]
    others: tuple[str, ...]


def hidden(name: str) -> bool:
    """Whether a file or folder is the system's, not the user's."""
    name = name.casefold()
    return (
        name.startswith((".", "~$", "~syncthing~"))
        or name.endswith(("~", "@synoeastream", "@synoresource"))
        or name in SYSTEM
        or _FOUND.fullmatch(name) is not None
    )


def named_like_one(path: Path) -> bool:
    """Whether a file's suffix is a photograph's."""
    return path.suffix.casefold() in SUFFIXES or path.suffix.casefold() in RAW


def begins_like_one(path: Path) -> bool:
    """Whether a file's content is a photograph's, by how it begins."""
    try:
        with quiet(), Image.open(path):
            return True
    except Exception:  # whatever a decoder makes of foreign bytes
        return False


def find(folder: Path, also: frozenset[str] = frozenset()) -> Found:
    """All photographs of a folder and its folders, links to folders included.

    Files whose suffix, in small letters, is in ``also`` count as photographs.

    What is hidden, or lies in a hidden folder, is not looked at. A folder that can be reached in
    several ways is read once.

    Raises
    ------
    PhotographError
        If the folder cannot be listed.
    """
    photographs, others = [], []
    met = set()

    def walk(inside: Path) -> None:
        for entry in sorted(os.scandir(inside), key=lambda entry: entry.name):
            path = Path(entry.path)
            if hidden(entry.name):
                continue
            try:
                about = path.stat()
                if not stat.S_ISDIR(about.st_mode):
                    reason = _reason(path, about.st_mode, also)
                    if reason:
                        others.append(f"{printable(path)}: {reason}")
                    else:
                        photographs.append(path)
                elif (about.st_dev, about.st_ino) in met:
                    others.append(f"{printable(path)}: leads to a folder that was read already")
                else:
                    met.add((about.st_dev, about.st_ino))
                    walk(path)
            except FileNotFoundError:
                others.append(f"{printable(path)}: a link to nothing")
            except OSError as error:
                others.append(f"{printable(path)}: cannot be read ({error.strerror})")

    try:
        about = folder.stat()
        met.add((about.st_dev, about.st_ino))
        walk(folder)
    except OSError as error:
        raise PhotographError(f"{printable(folder)}: cannot be read ({error.strerror})") from error
    return Found(photographs=tuple(photographs), others=tuple(others))


def _reason(path: Path, mode: int, also: frozenset[str]) -> str:
    """Why a file is no photograph; nothing if it is one, or of a suffix that counts as such."""
    if not stat.S_ISREG(mode):
        return "not a regular file"
    if path.suffix.casefold() in also:
        return ""
    return "" if named_like_one(path) or begins_like_one(path) else "not an image"


def _begins_like_a_tiff(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(4) in _TIFF
    except OSError:
        return False


def _broken_off(path: Path, kind: str) -> bool:
    """Whether the rest of a file is space without content, which decoders draw in some colour."""
    end = _ENDS.get(kind)
    if end is None:
        return False
    with open(path, "rb") as file:
        length = file.seek(0, os.SEEK_END)
        while length:
            start = max(0, length - 2**16)
            file.seek(start)
            block = file.read(length - start).rstrip(b"\0")
            length = start + len(block)
            if block:
                break
        zeros = path.stat().st_size - length
        if zeros < _ZEROS:
            return False
        file.seek(max(0, length - len(end)))
        return not end or file.read(len(end)) != end


def quiet() -> warnings.catch_warnings:
    """A context without what decoders have to say of files that they nevertheless read."""
    return warnings.catch_warnings(action="ignore")


def read(path: Path, size: int | Framing) -> np.ndarray:
    """The photograph in a file, as :func:`spec.photograph.square` gives it.

    Raises
    ------
    PhotographError
        If the file is no image, a damaged one, or one of an unknown range.
    """
    return _opened(path, lambda image: square(image, size))


def read_whole(path: Path) -> np.ndarray:
    """All of the photograph in a file, as :func:`spec.photograph.whole` gives it.

    Raises
    ------
    PhotographError
        As :func:`read`.
    """
    return _opened(path, whole)


def _opened(path: Path, use: Callable[[Image.Image], np.ndarray]) -> np.ndarray:
    shown = printable(path)
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would be waited for
            raise PhotographError(f"{shown}: not a regular file")
    except FileNotFoundError:
        raise PhotographError(f"{shown}: no such file") from None
    except OSError as error:
        raise PhotographError(f"{shown}: cannot be read ({error.strerror})") from error
    suffix = path.suffix.casefold()
    if suffix in RAW:
        raise PhotographError(f"{shown}: a camera's raw file; develop it, and save it as JPEG")
    try:
        # Not by its path: Pillow maps some files into memory, and a turned TIFF is garbled so.
        with quiet(), open(path, "rb") as file, Image.open(file) as image:
            if _broken_off(path, image.format):
                raise PhotographError(f"{shown}: damaged image (it ends in zeros: copy it again)")
            return use(image)
    except PhotographError:
        raise
    except RangeError as error:
        raise PhotographError(f"{shown}: {error}") from error
    except Image.DecompressionBombError:
        raise PhotographError(
            f"{shown}: larger than {2 * Image.MAX_IMAGE_PIXELS:,} pixels; make it smaller"
        ) from None
    except UnidentifiedImageError:
        kind = _UNREADABLE.get(suffix) or ("a rare TIFF" if _begins_like_a_tiff(path) else None)
        more = f" that can be read; save it as JPEG ({kind})" if kind else ""
        raise PhotographError(f"{shown}: not an image{more}") from None
    except Exception as error:  # a decoder may throw anything at damaged bytes
        reason = " ".join(printable(error).split()) or type(error).__name__
        raise PhotographError(f"{shown}: damaged image ({reason})") from error
