"""Names and lists as other systems write them: any encoding, any composition of accents."""

import codecs
import csv
import io
import re
import unicodedata
from pathlib import Path

from spec.files import read_bytes

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16's, which it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks, and what they say."""

_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""What makes a terminal show the letters behind it in another order than they have."""

_SMUGGLED = re.compile("[\udc80-\udcff]+")
"""Bytes that ``os.fsdecode`` could not read."""


class TextError(ValueError):
    """A text file that cannot be read; the message names it."""


def printable(name: object) -> str:
    """A file's name as text that every terminal and file can hold.

    Composed accents (NFC), whichever way the file system writes them; bytes that are not UTF-8,
    control characters and what turns the direction of writing as ``\\xf6`` and the like. Two
    spellings of one name become equal.
    """
    text = _SMUGGLED.sub(_as_utf_8, str(name))
    text = unicodedata.normalize("NFC", text)
    return "".join(map(_shown, text))


def _as_utf_8(match: re.Match) -> str:
    """Bytes of a name as UTF-8, whatever the locale takes names for; what is none stays."""
    return match[0].encode("ascii", "surrogateescape").decode("utf-8", "surrogateescape")


def _shown(character: str) -> str:
    kind = unicodedata.category(character)
    if kind == "Cs":  # a byte that was not UTF-8, as ``os.fsdecode`` smuggles it in
        code = ord(character)
        return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"
    if kind in ("Cc", "Zl", "Zp") or character in _TURNS:
        return character.encode("unicode_escape").decode()
    return character


def read_text(path: Path, *, errors: str = "strict") -> str:
    """A text file as any system writes it.

    UTF-8, UTF-16 or UTF-32, with a byte order mark or (UTF-8, and UTF-16 of mostly Latin text)
    without.

    Parameters
    ----------
    path
        Of the file.
    errors
        What becomes of bytes that are not UTF-8, as ``bytes.decode`` has it.

    Raises
    ------
    TextError
        If the file cannot be read, or is of another encoding.
    """
    try:
        data = read_bytes(path)
    except OSError as error:
        raise TextError(f"{printable(path)}: cannot be read ({error.strerror})") from error
    encoding, mark = next(
        ((encoding, mark) for mark, encoding in _MARKS if data.startswith(mark)), ("utf-8", b"")
    )
    data = data[len(mark) :]
    if not mark and b"\0" in data[:2]:
        encoding = "utf-16-be" if data[:1] == b"\0" else "utf-16-le"
    try:
        return data.decode(encoding, errors if encoding == "utf-8" else "strict")
    except UnicodeDecodeError as error:
        raise TextError(f"{printable(path)}: not text ({error}); save the list as UTF-8") from error


def read_table(path: Path) -> list[dict[str, str]]:
    """The lines of a table of tab-separated columns, whose first line names them.

    The file may be as for :func:`read_text`. What it holds is :func:`printable`, without spaces
    about it; a line that is too short has empty columns.

    Raises
    ------
    TextError
        As :func:`read_text`.
    """
    rows = csv.DictReader(io.StringIO(read_text(path), newline=""), delimiter="\t", restval="")
    return [
        {printable(key.strip()): printable(value.strip()) for key, value in row.items() if key}
        for row in rows
    ]


def read_lines(path: Path) -> list[str]:
    """The lines of a text file that are not blank, without spaces about them.

    The file may be as for :func:`read_text`, with line ends of any system. Each line is
    :func:`printable`, so a list of names that are not UTF-8 reads as those names do.

    Raises
    ------
    TextError
        As :func:`read_text`, but for bytes that are not UTF-8.
    """
    lines = read_text(path, errors="surrogateescape").splitlines()
    return [printable(line.strip()) for line in lines if line.strip()]
