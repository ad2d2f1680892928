"""Photographs as they appear in a folder: each is answered once, whole, however it arrives."""

import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from host.photographs import PhotographError, read
from photo.files import SUFFIXES, begins_like_one, hidden, named_like_one
from spec.photograph import Framing
from spec.text import printable

LOOK = 0.5
"""Seconds between two looks at the folder."""
PATIENCE = 10.0
"""Seconds for which a file may rest unreadable, as one whose upload pauses, before it is said."""

END = 64
"""Bytes at a file's end that are all zero where space was made for it before its content came."""

_THEIRS = ".aria2 .crdownload .download .filepart .opdownload .part .partial .temp .tmp .upload"
UNFINISHED = frozenset(_THEIRS.split())
"""How programs name what they have not finished."""

Identity = tuple[int, int, int, int]
"""Device, inode, size and time of the last change: a name used again is another file, and a file
that was moved is the same."""


@dataclass(slots=True)
class Waiting:
    """A file that was not answered yet: as it last looked, since when, and whether it was tried."""

    identity: Identity
    since: float
    tried: bool = False
    error: PhotographError | None = None


class Folder:
    """A folder that is looked at again and again.

    Parameters
    ----------
    folder
        With its folders; hidden ones, in which programs keep unfinished files, are left out.
    existing
        Whether the files that are there already count.
    framing
        What of a photograph the network sees.
    """

    def __init__(self, folder: Path, *, existing: bool, framing: Framing):
        self._folder = folder
        self._framing = framing
        self._waiting: dict[Path, Waiting] = {}
        # Files of other names, and whether they begin like a photograph.
        self._others: dict[Path, tuple[Identity, bool]] = {}
        # By device and inode: the file as it was answered, and the digest of its pixels.
        self._answered: dict[tuple[int, ...], tuple[Identity, bytes]] = {}
        if not existing:
            self._answered = {own[:2]: (own, b"") for own in self._list().values()}

    def look(self, now: float) -> Iterator[tuple[Path, bytes | PhotographError]]:
        """Photographs that have become readable, and files that stay unreadable, each once.

        Parameters
        ----------
        now
            Seconds, of any clock that only goes forward.

        Raises
        ------
        PhotographError
            If the folder itself is gone.
        """
        found = self._list()
        self._waiting = {path: one for path, one in self._waiting.items() if path in found}
        # What is gone may come again: an inode, like a name, is used more than once.
        there = {identity[:2] for identity in found.values()}
        self._answered = {file: one for file, one in self._answered.items() if file in there}
        for path, identity in found.items():
            before, digest = self._answered.get(identity[:2], (None, b""))
            if identity == before:
                self._waiting.pop(path, None)
                continue
            file = self._waiting.get(path)
            if file is None or file.identity != identity:
                self._waiting[path] = Waiting(identity, now)
                continue
            rested = now - file.since >= PATIENCE
            if not file.tried and (rested or not _may_be_unfinished(path)):
                file.tried = True
                try:
                    pixels = read(path, self._framing)
                except PhotographError as error:
                    file.error = error
                else:
                    # Whoever wrote meanwhile gets another look.
                    if _identity(path) == identity:
                        seen = hashlib.blake2b(pixels).digest()
                        self._answered[identity[:2]] = (identity, seen)
                        del self._waiting[path]
                        if digest != seen or not _goes_on(before, identity):
                            yield path, pixels
            elif file.error is not None and rested:
                yield path, file.error
                file.error = None

    def _list(self) -> dict[Path, Identity]:
        """Every file with a byte that is named, or begins, like a photograph, or has no suffix."""

        def gone(error: OSError) -> None:
            if Path(error.filename) == self._folder:
                raise PhotographError(f"{printable(self._folder)}: cannot be read any more")

        found = {}
        others, self._others = self._others, {}
        met = set()
        for inside, folders, names in os.walk(self._folder, onerror=gone, followlinks=True):
            place = _identity(Path(inside), stat.S_ISDIR)
            if place is None or place[:2] in met:
                folders.clear()
                continue
            met.add(place[:2])
            folders[:] = sorted(name for name in folders if not hidden(name))
            for name in sorted(names):
                path = Path(inside, name)
                if hidden(name) or _unfinished(path):
                    continue
                identity = _identity(path)
                if identity is None or not identity[2]:
                    continue
                if path.suffix and not named_like_one(path):
                    known = others.get(path)
                    if known is None or known[0] != identity:
                        known = (identity, begins_like_one(path))
                    self._others[path] = known
                    if not known[1]:
                        continue
                found[path] = identity
        return found


def _identity(path: Path, kind=stat.S_ISREG) -> Identity | None:
    """None if the file is gone, or not of that kind."""
    try:
        about = path.stat()
    except OSError:
        return None
    return (
        (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns)
        if kind(about.st_mode)
        else None
    )


def _unfinished(path: Path) -> bool:
    """Whether a program so names what it has not finished: ``b.jpg.part``, ``b.jpg.x7Tq``."""
    *before, last = [suffix.casefold() for suffix in path.suffixes] or [""]
    if last in SUFFIXES:
        return False
    return last in UNFINISHED or path.name.endswith("~") or not SUFFIXES.isdisjoint(before)


def _may_be_unfinished(path: Path) -> bool:
    """Whether a file's name tells nothing, or its end is space that was made for it."""
    if not named_like_one(path) and path.suffix:
        return True
    try:
        with open(path, "rb") as file:
            file.seek(-min(END, path.stat().st_size), os.SEEK_END)
            return not any(file.read())
    except OSError:
        return False


def _goes_on(before: Identity, now: Identity) -> bool:
    """Whether an answered file of the same pixels is what it was: it got longer, as by what stands
    behind a photograph, or its time was set back, as copying programs do in the end."""
    return now[2] > before[2] or now[3] < before[3]


def appearing(
    folder: Path,
    *,
    existing: bool,
    framing: Framing,
    refused: dict[Path, PhotographError],
    see: Callable[[Path], bytes | None] = lambda path: None,
) -> Iterator[list[tuple[Path, bytes]]]:
    """Path and pixels of what appears, for ever; what cannot be read goes to ``refused``.

    ``see`` may give other pixels of a photograph than all of it.
    """
    watched = Folder(folder, existing=existing, framing=framing)
    while True:
        for path, found in watched.look(time.monotonic()):
            if isinstance(found, PhotographError):
                refused[path] = found
                yield []
                continue
            try:
                part = see(path)
            except PhotographError:  # it was read a moment ago, and is gone or another one now
                part = None
            yield [(path, part or found)]
        time.sleep(LOOK)
