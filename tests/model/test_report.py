"""The page of a run, and its command."""

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from model import checkpoint, evaluate, plots, report, train
from model.data import read_splits

KINDS = ("float", "int8")


class Page(HTMLParser):
    """Images and text of a page."""

    def __init__(self, path: Path):
        super().__init__()
        self.images, self.words = [], []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.images.append(dict(attrs)["src"])

    def handle_data(self, data):
        self.words.append(data)


def test_letters_that_the_font_lacks_are_drawn_as_boxes(data, tmp_path):
    """matplotlib would warn of each, here with an error."""
    part = replace(read_splits(data, 24).train, labels=("狮子", "b", "c"))
    scores = torch.eye(3)[part.targets].roll(1, dims=1)
    assert len(plots.mistakes(part, scores, tmp_path / "mistakes.png")) == len(part)
    plots.matrix(np.eye(3, dtype=int), part.labels, "title", tmp_path / "matrix.png")
    assert plots._drawn("狮子 Löwe\n") == "□□ Löwe\n"


def test_everything_for_every_split_and_kind(data, tmp_path):
    splits = read_splits(data, 24)
    right = {name: torch.eye(3)[part.targets] for name, part in splits.items()}
    wrong = {name: scores.roll(1, dims=1) for name, scores in right.items()}
    history = [
        {"epoch": 1, "size": 16, "loss": 1.0, "train_accuracy": 0.5, "rate": 0.1},
        {"epoch": 2, "size": 24, "loss": 0.5, "train_accuracy": 0.7, "rate": 0.0}
        | {"validation_loss": 0.6, "validation_accuracy": 0.6},
    ]
    path = report.write(
        tmp_path / "page",
        splits,
        {"float": right, "int8": wrong},
        title="a <run>",
        history=history,
        notes={"seed": "0"},
    )
    page = Page(path)
    expected = {"curves.png"}
    for part in ("train", "validation", "test"):
        expected |= {f"{kind}-{part}-confusion.png" for kind in KINDS}
        expected.add(f"int8-{part}-mistakes.png")
    assert set(page.images) == expected
    assert {path.name for path in (tmp_path / "page").iterdir()} == expected | {"index.html"}
    for name in expected:
        with Image.open(tmp_path / "page" / name) as image:
            assert min(image.size) > 100
    words = " ".join(page.words)
    assert "a <run>" in words
    assert "float, train: 1.0000 (18 of 18), 95 %: 0.824 to 1.000" in words
    assert "int8, test: 0.0000 (0 of 6), 95 %: 0.000 to 0.390" in words
    assert "test/blue/00.png" in words
    assert 'name="viewport"' in path.read_text()  # readable on a phone
    order = [name.split("-")[1] for name in page.images if name.endswith("-confusion.png")]
    assert order == [part for part in ("validation", "test", "train") for _ in KINDS]


def test_a_caption_does_not_run_into_the_next():
    assert report.plots._short("a" * 30) == "a" * 30
    assert report.plots._short("abc" * 20) == "abcabcabcabcab…abcabcabcabcabc"


def test_the_surest_mistake_comes_first(data, tmp_path):
    part = read_splits(data, 24).test  # two of each class
    scores = torch.eye(3)[part.targets]
    scores[0], scores[5] = torch.tensor([0.0, 1.0, 0.0]), torch.tensor([0.0, 9.0, 0.0])
    assert report.plots.mistakes(part, scores, tmp_path / "a.png") == [5, 0]


def test_the_command_gives_the_accuracy_of_the_run(arguments, data, tmp_path, capsys):
    arguments.remove("--no-report")
    assert train.main([*arguments, "--epochs=6"]) == 0
    page = (tmp_path / "run" / "report" / "index.html").read_text()
    made = checkpoint.load(tmp_path / "run" / "best.pt")
    test = read_splits(data, 24).test
    accuracy = evaluate.accuracy(evaluate.scores_of(made.module(), test), test.targets)
    assert f"float, test: {accuracy:.4f} ({round(6 * accuracy)} of 6), 95 %: " in page
    capsys.readouterr()
    flags = [str(tmp_path / "run" / "best.pt"), f"--data={data}", f"--output={tmp_path / 'again'}"]
    assert report.main(flags) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'again' / 'index.html'}\n"
    assert (tmp_path / "again" / "index.html").read_text() == page


def test_other_classes(arguments, folders, tmp_path, capsys):
    assert train.main([*arguments, "--epochs=1"]) == 0
    folder = folders()
    (folder / "red").rename(folder / "rot")
    flags = [str(tmp_path / "run" / "best.pt"), f"--data={folder}", f"--output={tmp_path / 'p'}"]
    assert report.main([*flags, "--validation-share=0.4", "--other-split"]) == 2
    assert "has the classes blue, green, rot; the checkpoint knows" in capsys.readouterr().err


def test_no_checkpoint(data, tmp_path, capsys):
    flags = [str(tmp_path / "none.pt"), f"--data={data}", f"--output={tmp_path / 'page'}"]
    assert report.main(flags) == 2
    assert "none.pt: no such file" in capsys.readouterr().err
    assert not (tmp_path / "page").exists()


def test_many_classes_are_drawn_without_a_number_in_every_square(tmp_path, monkeypatch):
    written = []
    text = report.plots.Figure.add_subplot  # the axes come from the figure

    def watched(figure, *more, **named):
        axes = text(figure, *more, **named)
        monkeypatch.setattr(axes, "text", lambda *_, **__: written.append(1))
        return axes

    monkeypatch.setattr(report.plots.Figure, "add_subplot", watched)
    labels = tuple(f"class {number}" for number in range(300))
    counts = torch.eye(300).long().numpy()
    report.plots.matrix(counts, labels, "many", tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert max(image.size) < 2500
    assert not written


def test_long_names_of_classes_leave_room_for_the_matrix(tmp_path):
    """matplotlib would warn, here with an error, and draw nothing but names."""
    labels = tuple("a class whose name goes on " * 8 + str(number) for number in range(12))
    report.plots.matrix(np.eye(12, dtype=int), labels, "long", tmp_path / "a.png")
