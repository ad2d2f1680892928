"""Photographs as they appear in a folder: each is answered once, whole, however it arrives."""

import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from host.photographs import PhotographError, read
from photo.files import hidden, named_like_one
from spec.photograph import Framing
from spec.text import printable

LOOK = 0.5
"""Seconds between two looks at the folder."""
PATIENCE = 10.0
"""Seconds for which a file may rest unreadable, as one whose upload pauses, before it is said."""

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
        self._answered: set[Identity] = set() if existing else set(self._list().values())

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
        self._answered &= set(found.values())
        for path, identity in found.items():
            if identity in self._answered:
                self._waiting.pop(path, None)
                continue
            file = self._waiting.get(path)
            if file is None or file.identity != identity:
                self._waiting[path] = Waiting(identity, now)
                continue
            if not file.tried:
                file.tried = True
                try:
                    pixels = read(path, self._framing)
                except PhotographError as error:
                    file.error = error
                else:
                    # Whoever wrote meanwhile gets another look.
                    if _identity(path) == identity:
                        self._answered.add(identity)
                        del self._waiting[path]
                        yield path, pixels
            elif file.error is not None and now - file.since >= PATIENCE:
                yield path, file.error
                file.error = None

    def _list(self) -> dict[Path, Identity]:
        """Every file that is named like a photograph or has no suffix, and has a byte."""

        def gone(error: OSError) -> None:
            if Path(error.filename) == self._folder:
                raise PhotographError(f"{printable(self._folder)}: cannot be read any more")

        found = {}
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
                if not hidden(name) and (named_like_one(path) or not path.suffix):
                    identity = _identity(path)
                    if identity is not None and identity[2]:
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


def appearing(
    folder: Path, *, existing: bool, framing: Framing, refused: dict[Path, PhotographError]
) -> Iterator[list[tuple[Path, bytes]]]:
    """Path and pixels of what appears, for ever; what cannot be read goes to ``refused``."""
    watched = Folder(folder, existing=existing, framing=framing)
    while True:
        for path, found in watched.look(time.monotonic()):
            if isinstance(found, PhotographError):
                refused[path] = found
                yield []
            else:
                yield [(path, found)]
        time.sleep(LOOK)
