"""Names and lists of other systems."""

import os
from pathlib import Path

import pytest

from spec.text import TextError, printable, read_lines, read_table, read_text

NFC, NFD = "L\u00f6we", "Lo\u0308we"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plain.jpg", "plain.jpg"),
        (NFC, NFC),
        (NFD, NFC),
        (os.fsdecode(b"L\xf6we"), "L\\xf6we"),
        ("a\nb\x1b[31m", "a\\nb\\x1b[31m"),
        ("\ud800", "\\ud800"),
        ("a\u202egpj.exe", "a\\u202egpj.exe"),
        ("狮子 🦁", "狮子 🦁"),
    ],
)
def test_a_name_can_be_printed_and_encoded(name, shown):
    assert printable(name) == shown
    assert printable(shown) == shown
    shown.encode()


def test_a_name_is_the_same_in_every_locale():
    """Where the locale is ASCII, every other byte of a name is smuggled in."""
    assert printable(NFD.encode().decode("ascii", "surrogateescape")) == NFC
    assert printable(b"\xf6\xc3\xb6".decode("ascii", "surrogateescape")) == "\\xf6ö"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_a_table_of_any_system(tmp_path, encoding):
    text = f"file\tcamera\r\na/{NFD}.jpg\t 1 \r\nb.jpg\r\n"
    (tmp_path / "table.tsv").write_bytes(text.encode(encoding))
    assert read_table(tmp_path / "table.tsv") == [
        {"file": f"a/{NFC}.jpg", "camera": "1"},
        {"file": "b.jpg", "camera": ""},
    ]


def test_what_is_no_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    for path in (tmp_path / "pipe.txt", Path("/dev/zero")):
        with pytest.raises(TextError, match=r"cannot be read \(not a regular file\)"):
            read_text(path)
    with pytest.raises(TextError, match=r"cannot be read \(Is a directory\)"):
        read_text(tmp_path)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_lines_of_any_system(tmp_path, encoding, end):
    text = end.join(["a/1.jpg", "", f"  {NFD}/2.jpg ", ""])
    (tmp_path / "list.txt").write_bytes(text.encode(encoding))
    assert read_lines(tmp_path / "list.txt") == ["a/1.jpg", f"{NFC}/2.jpg"]


def test_a_list_of_names_of_other_bytes_matches_them(tmp_path):
    (tmp_path / "list.txt").write_bytes(b"L\xf6we/1.jpg\n")
    assert read_lines(tmp_path / "list.txt") == [printable(os.fsdecode(b"L\xf6we/1.jpg"))]


def test_what_cannot_be_read_is_named(tmp_path):
    with pytest.raises(TextError, match=r"none\.txt: cannot be read"):
        read_lines(tmp_path / "none.txt")
    (tmp_path / "odd.txt").write_bytes(b"\xff\xfea\0b")
    with pytest.raises(TextError, match=r"odd\.txt: not text .*save the list as UTF-8"):
        read_lines(tmp_path / "odd.txt")
