"""Names and lists as other systems write them: any encoding, any composition of accents."""

import codecs
import unicodedata
from pathlib import Path

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16's, which it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks, and what they say."""


class TextError(ValueError):
    """A text file that cannot be read; the message names it."""


def printable(name: object) -> str:
    """A file's name as text that every terminal and file can hold.

    Composed accents (NFC), whichever way the file system writes them; bytes that are not UTF-8 and
    control characters as ``\\xf6`` and the like. Two spellings of one name become equal.
    """
    text = unicodedata.normalize("NFC", str(name))
    return "".join(map(_shown, text))


def _shown(character: str) -> str:
    kind = unicodedata.category(character)
    if kind == "Cs":  # a byte that was not UTF-8, as ``os.fsdecode`` smuggles it in
        code = ord(character)
        return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"
    if kind in ("Cc", "Zl", "Zp"):
        return character.encode("unicode_escape").decode()
    return character


def read_lines(path: Path) -> list[str]:
    """The lines of a text file that are not blank, without spaces about them.

    UTF-8, UTF-16 or UTF-32, with a byte order mark or (UTF-8, and UTF-16 of mostly Latin text)
    without; line ends of any system. Each is :func:`printable`, so a list of names that are not
    UTF-8 reads as those names do.

    Raises
    ------
    TextError
        If the file cannot be read, or is of another encoding with a mark of one of these.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TextError(f"{printable(path)}: cannot be read ({error.strerror})") from error
    encoding, mark = next(
        ((encoding, mark) for mark, encoding in _MARKS if data.startswith(mark)), ("utf-8", b"")
    )
    data = data[len(mark) :]
    if not mark and b"\0" in data[:2]:
        encoding = "utf-16-be" if data[:1] == b"\0" else "utf-16-le"
    errors = "surrogateescape" if encoding == "utf-8" else "strict"
    try:
        text = data.decode(encoding, errors)
    except UnicodeDecodeError as error:
        raise TextError(f"{printable(path)}: not text ({error}); save the list as UTF-8") from error
    return [printable(line.strip()) for line in text.splitlines() if line.strip()]
