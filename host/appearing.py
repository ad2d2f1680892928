"""Photographs as they appear in a folder: each is answered once, whole, however it arrives."""

import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from host.photographs import PhotographError, read
from photo.files import SUFFIXES, begins_like_one, hidden, named_like_one
from spec.photograph import Framing
from spec.text import printable

LOOK = 0.5
"""Seconds between two looks at the folder."""
PATIENCE = 10.0
"""Seconds for which a file may rest unreadable, as one whose upload pauses, before it is said."""
STALE = 60.0
"""Seconds for which a file may rest under the name of an unfinished one before it is said."""

END = 64
"""Bytes at a file's end that are all zero where space was made for it before its content came."""

_THEIRS = ".crdownload .download .filepart .opdownload .part .partial .temp .tmp .upload"
UNFINISHED = frozenset(_THEIRS.split())
"""How programs name what they have not finished."""
BESIDE = (".aria2", ".lftp-pget-status")
"""What lies beside a file, after its name, while pieces of it come in any order."""


class Identity(NamedTuple):
    """A name used again is another file, and a file that was moved is the same.

    ``modified`` is when its content was, or what it was set to; ``changed``, when anything of it
    was, its name and rights, too.
    """

    device: int
    inode: int
    size: int
    modified: int
    changed: int


@dataclass(slots=True)
class Waiting:
    """A file that was not answered yet: as it last looked, since when, how often it was tried."""

    identity: Identity
    since: float
    tries: int = 0
    said: bool = False


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
    warn
        Gets a line on each folder in it that cannot be looked into.
    """

    def __init__(
        self, folder: Path, *, existing: bool, framing: Framing, warn: Callable[[str], None]
    ):
        self._folder = folder
        self._framing = framing
        self._warn = warn
        self._closed: set[str] = set()
        self._waiting: dict[Path, Waiting] = {}
        # Files of other names, and whether they begin like a photograph.
        self._others: dict[Path, tuple[Identity, bool]] = {}
        # By device and inode: the file as it was answered, and the digest of its pixels.
        self._answered: dict[tuple[int, ...], tuple[Identity, bytes]] = {}
        # Of unfinished names from the beginning.
        self._unsaid: set[Path] = set()
        if not existing:
            found, unfinished = self._list()
            self._answered = {own[:2]: (own, b"") for own in found.values()}
            self._unsaid = set(unfinished)

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
        found, unfinished = self._list()
        there = found | unfinished
        self._waiting = {path: one for path, one in self._waiting.items() if path in there}
        if not self._closed:
            # What is gone may come again: an inode, like a name, is used more than once.
            files = {identity[:2] for identity in there.values()}
            self._answered = {file: one for file, one in self._answered.items() if file in files}
        for path, identity in there.items():
            before, digest = self._answered.get(identity[:2], (None, b""))
            if identity == before:
                self._waiting.pop(path, None)
                continue
            file = self._waiting.get(path)
            if file is None or file.identity != identity:
                self._waiting[path] = Waiting(identity, now)
                continue
            rest = now - file.since
            if path in unfinished:
                known = before is not None or path in self._unsaid
                if rest >= STALE and not file.said and not known:
                    file.said = True
                    yield (
                        path,
                        PhotographError(
                            f"{printable(path)}: named like a file that is not finished, for "
                            f"{rest:.0f} s; rename it if it is"
                        ),
                    )
                continue
            rested = rest >= PATIENCE
            if file.tries > rested or not (rested or not _may_be_unfinished(path)):
                continue
            file.tries = 1 + rested
            try:
                pixels = read(path, self._framing)
            except PhotographError as error:
                if rested:
                    yield path, error
                continue
            # Whoever wrote meanwhile gets another look.
            if _identity(path) == identity:
                seen = hashlib.blake2b(pixels).digest()
                self._answered[identity[:2]] = (identity, seen)
                del self._waiting[path]
                if before is None or not _goes_on(before, identity, digest, seen):
                    yield path, pixels

    def _list(self) -> tuple[dict[Path, Identity], dict[Path, Identity]]:
        """Every file with a byte that is named, or begins, like a photograph, or has no suffix;
        and those that are so named as what is not finished."""
        closed = set()

        def gone(error: OSError) -> None:
            if Path(error.filename) == self._folder:
                raise PhotographError(f"{printable(self._folder)}: cannot be read any more")
            if not isinstance(error, FileNotFoundError):
                closed.add(error.filename)
                if error.filename not in self._closed:
                    self._warn(
                        f"{printable(error.filename)}: cannot be read ({error.strerror}); what "
                        f"appears there is not seen"
                    )

        found, unfinished = {}, {}
        others, self._others = self._others, {}
        met = set()
        for inside, folders, names in os.walk(self._folder, onerror=gone, followlinks=True):
            place = _identity(Path(inside), stat.S_ISDIR)
            if place is None or place[:2] in met:
                folders.clear()
                continue
            met.add(place[:2])
            beside = {name for name in names if name.endswith(BESIDE)}
            folders[:] = sorted(name for name in folders if not hidden(name))
            for name in sorted(names):
                path = Path(inside, name)
                if hidden(name) or name in beside:
                    continue
                identity = _identity(path)
                if identity is None or not identity.size:
                    continue
                if _unfinished(path) or any(f"{name}{end}" in beside for end in BESIDE):
                    unfinished[path] = identity
                    continue
                if path.suffix and not named_like_one(path):
                    known = others.get(path)
                    if known is None or known[0] != identity:
                        known = (identity, begins_like_one(path))
                    self._others[path] = known
                    if not known[1]:
                        continue
                found[path] = identity
        self._closed = closed
        return found, unfinished


def _identity(path: Path, kind=stat.S_ISREG) -> Identity | None:
    """None if the file is gone, or not of that kind."""
    try:
        about = path.stat()
    except OSError:
        return None
    if not kind(about.st_mode):
        return None
    return Identity(about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)


def _unfinished(path: Path) -> bool:
    """Whether a program so names what it has not finished: ``b.jpg.part``, ``b.jpg.x7Tq``."""
    *before, last = [suffix.casefold() for suffix in path.suffixes] or [""]
    if last in SUFFIXES or last[1:].isdecimal():  # ``b.jpg.1``: wget's second of one name
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


def _goes_on(before: Identity, now: Identity, digest: bytes, seen: bytes) -> bool:
    """Whether an answered file is what it was.

    Of the same pixels, it is if it got longer, as by what stands behind a photograph, or if its
    time was set, as copying programs do in the end: to one before, or not that of the change. One
    that was there in the beginning, whose pixels nobody knows, may have been moved.
    """
    if not digest:
        return before[:4] == now[:4]
    set_back = now.modified <= before.modified or now.modified != now.changed
    return digest == seen and (now.size > before.size or set_back)


def appearing(
    folder: Path,
    *,
    existing: bool,
    framing: Framing,
    refused: dict[Path, PhotographError],
    warn: Callable[[str], None],
    see: Callable[[Path], bytes | None] = lambda path: None,
) -> Iterator[list[tuple[Path, bytes]]]:
    """Path and pixels of what appears, for ever; what cannot be read goes to ``refused``.

    ``see`` may give other pixels of a photograph than all of it.
    """
    watched = Folder(folder, existing=existing, framing=framing, warn=warn)
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
