"""A file of names gives every class its own, however it is laid out."""

import json
from dataclasses import replace

import pytest

from quant.names import FOLDERS, Names, NamesError, given_names, names_of, read_names
from spec import synthetic
from spec.squeezenet import tiny

LABELS = ("0", "1", "2")

LAYOUTS = {
    "labels": ("tench\n\ngreat white shark\r\ncrane\n", ()),
    "a byte order mark": ("\ufefftench\ngreat white shark\ncrane", ()),
    "synsets": (
        "n01440764 tench\nn01484850 great white shark\nn02012849 crane\n",
        ("n01440764", "n01484850", "n02012849"),
    ),
    "columns": (
        "n01440764\ttench\nn01484850\tgreat white shark\nn02012849\tcrane",
        ("n01440764", "n01484850", "n02012849"),
    ),
    "numbers, in any order": (
        "2\tn02012849\tcrane\n0\tn01440764\ttench\n1\tn01484850\tgreat white shark\n",
        ("n01440764", "n01484850", "n02012849"),
    ),
    "numbers and labels": ("0\ttench\n1\tgreat white shark\n2\tcrane\n", ()),
}


@pytest.mark.parametrize(("text", "folders"), LAYOUTS.values(), ids=LAYOUTS)
def test_a_line_a_class(tmp_path, text, folders):
    path = tmp_path / "names.txt"
    path.write_bytes(text.encode())
    names = read_names(path, 3)
    assert names == Names(labels=("tench", "great white shark", "crane"), folders=folders)


def test_a_class_has_one_name_and_a_name_one_class(tmp_path):
    with pytest.raises(NamesError, match="class 0 is given two names"):
        given_names(LABELS, None, [(0, "LION"), (0, "PUMA")])
    (tmp_path / "names.txt").write_text("L\u00f6we\nLo\u0308we\nx\n")
    assert read_names(tmp_path / "names.txt", 3).labels == ("Löwe (0)", "Löwe (1)", "x")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_a_file_of_another_system(tmp_path, encoding):
    path = tmp_path / "names.txt"
    path.write_bytes("0\ttench\r\n1\tLöwe\r\n2\tcrane\r\n".encode(encoding))
    assert read_names(path, 3).labels == ("tench", "Löwe", "crane")


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("a\ncrane\ncrane\n", ("a", "crane (1)", "crane (2)")),
        (
            "n01440764 a\nn01484850 crane\nn02012849 crane",
            ("a", "crane (n01484850)", "crane (n02012849)"),
        ),
    ],
)
def test_two_classes_of_one_name_are_told_apart(tmp_path, text, labels):
    path = tmp_path / "names.txt"
    path.write_text(text)
    assert read_names(path, 3).labels == labels


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a\nb\n", "names 2 classes, and the network has 3"),
        (b"0\ta\n1\tb\n1\tc\n", "names no class 2; classes count from 0"),
        (b"1\ta\n2\tb\n3\tc\n", "names no class 0"),
        (b"x\ta\ny\tb\nc\n", "must have 2 columns in every line, not as in: c"),
        (b"a\n\xff\nc\n", "not text .*save the list as UTF-8"),
        (b"\xff\xfea\0b", "not text"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_does_not_name_every_class(tmp_path, content, message):
    path = tmp_path / "names.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(NamesError, match=message) as error:
        read_names(path, 3)
    assert str(error.value).startswith(f"{path}: ")


def test_single_names_go_above_the_file(tmp_path):
    assert given_names(LABELS, None, [(1, "LION")]).labels == ("0", "LION", "2")
    path = tmp_path / "names.txt"
    path.write_text("a\nb\nc\n")
    assert given_names(LABELS, path, [(2, "LION")]).labels == ("a", "b", "LION")
    with pytest.raises(NamesError, match="there are classes 0…2, no class 293"):
        given_names(LABELS, path, [(293, "CHEETAH")])
    with pytest.raises(NamesError, match="classes 0 and 1 are both called LION"):
        given_names(LABELS, path, [(0, "LION"), (1, "LION")])


def test_a_label_comes_before_a_folder():
    names = Names(labels=("a", "b"), folders=("b", "c"))
    assert names.index() == {"a": 0, "b": 1, "c": 1}


def test_the_model_file_keeps_what_folders_are_called():
    quantized = synthetic.quantized(tiny())
    folders = ("x", "y", "z")
    named = replace(quantized, metadata={FOLDERS: json.dumps(folders)})
    assert names_of(named) == Names(labels=quantized.labels, folders=folders)
    assert names_of(quantized).folders == ()
    for text, message in (("{", "list of strings"), ("[1]", "strings"), ('["x"]', "must be 3")):
        with pytest.raises(NamesError, match=message):
            names_of(replace(quantized, metadata={FOLDERS: text}))
