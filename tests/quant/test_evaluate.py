from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest

import quant.board
from host.line import LineLost
from quant import evaluate
from quant.evaluate import Judges, main
from spec import artifact, reference, synthetic
from spec.squeezenet import tiny


@pytest.fixture
def model(tmp_path):
    quantized = synthetic.quantized(tiny(image_size=19, blocks=2))
    path = tmp_path / "model.onnx"
    artifact.save(type(quantized)(quantized.network, quantized.convs, ("a", "b", "c")), path)
    return path


def values(lines):
    """The lines of the table of values."""
    first = next(n for n, line in enumerate(lines) if line.startswith("tensor"))
    last = next(n for n, line in enumerate(lines) if line.startswith("total"))
    return lines[first + 1 : last + 1]


def test_three_programs_agree_on_every_value(model, data, capsys):
    assert main([str(model), "--data", str(data / "valid")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("all: int8 accuracy 0.") and "of 9)" in lines[0]
    rows = {line.split()[0]: line.split()[1:] for line in values(lines)}
    network = artifact.load(model).network
    assert list(rows) == [*(name for name, _ in network.tensors()), "sums", "total"]
    for name, shape in network.tensors():
        assert rows[name] == [f"{9 * shape.values:,}", "0", "0"]
    assert rows["total"][1:] == ["0", "0"]


@pytest.mark.parametrize("program", ["onnx_runtime", "pytorch"])
def test_one_wrong_value_is_counted_and_fails(model, data, monkeypatch, capsys, program):
    right = getattr(Judges, program)

    def wrong(self, image):
        tensors = right(self, image)
        changed = tensors["fire3"].copy()
        changed[0, 0, 0] += 1
        return tensors | {"fire3": changed}

    monkeypatch.setattr(Judges, program, wrong)
    assert main([str(model), "--data", str(data / "valid")]) == 1
    rows = {
        line.split()[0]: line.split()[2:] for line in values(capsys.readouterr().out.splitlines())
    }
    expected = ["9", "0"] if program == "onnx_runtime" else ["0", "9"]
    assert rows["fire3"] == rows["total"] == expected
    assert rows["fire2"] == ["0", "0"]


def test_a_data_folder_gives_its_held_out_parts(model, data, capsys):
    share = ["--validation-share", "0.4"]
    assert main([str(model), "--data", str(data), *share]) == 0
    out = capsys.readouterr().out
    assert "validation: int8 accuracy" in out and "of 6)" in out
    assert "test: int8 accuracy" in out and "of 9)" in out
    assert "train:" not in out


def test_folders_that_are_no_class_are_left_out_and_said(model, data, capsys):
    (data / "valid" / "c").rename(data / "valid" / "zebra")
    (data / "valid" / "a" / "notes.txt").write_text("no picture")
    assert main([str(model), "--data", str(data / "valid")]) == 0
    out = capsys.readouterr().out
    assert "zebra is no class of the model and is left out" in out
    assert "1 files skipped" in out and "notes.txt: not an image" in out
    assert "of 6)" in out


def bad_model(model, data):
    model.write_bytes(model.read_bytes()[:-300])


def no_model(model, data):
    model.unlink()


def no_data(model, data):
    data.rename(data.with_name("elsewhere"))


def other_classes(model, data):
    for name in "abc":
        (data / "valid" / name).rename(data / "valid" / f"other {name}")


@pytest.mark.parametrize("spoil", [bad_model, no_model, no_data, other_classes])
def test_bad_input_is_one_line_and_exit_2(model, data, capsys, spoil):
    spoil(model, data)
    assert main([str(model), "--data", str(data / "valid")]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and error.startswith("quant.evaluate: ")
    assert str(data if "classes" not in error and "folder" in error else model)[:5] in error or (
        "class" in error
    )


def test_interrupted(model, data, monkeypatch, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(evaluate, "judged_parts", interrupt)
    assert main([str(model), "--data", str(data)]) == 130
    assert capsys.readouterr().err == "quant.evaluate: interrupted\n"


def test_every_class_has_its_figures(model, data, tmp_path, capsys):
    more = [f"--csv={tmp_path / 'a.csv'}", f"--page={tmp_path / 'page'}"]
    assert main([str(model), "--data", str(data / "valid"), *more]) == 0
    out = capsys.readouterr().out.splitlines()
    start = out.index("all, int8:")
    assert out[start + 1].split()[:2] == ["class", "photographs"]
    classes = [line.split() for line in out[start + 2 : start + 5]]
    assert [row[:2] for row in classes] == [["a", "3"], ["b", "3"], ["c", "3"]]
    matrix = [line.split() for line in out[start + 6 : start + 9]]
    assert all(sum(map(int, row[1:])) == 3 for row in matrix)
    right = sum(int(row[1 + index]) for index, row in enumerate(matrix))
    assert f"({right} of 9)" in out[0]
    assert out[start + 9].startswith("expected calibration error 0.")
    table = (tmp_path / "a.csv").read_text().splitlines()
    assert table[0].startswith("part,kind,class,photographs") and len(table) == 4
    assert "<h2>int8, all: " in (tmp_path / "page" / "index.html").read_text()


def test_the_float_network_beside_the_integers(checkpoint_file, model, data, tmp_path, capsys):
    assert main([str(model), "--data", str(data / "valid"), f"--float={checkpoint_file}"]) == 0
    out = capsys.readouterr().out
    assert "all: float accuracy 0." in out and "all, float:" in out


@pytest.fixture
def board(monkeypatch):
    """A board that answers as the reference does, plus what ``add`` says; None: it goes away."""
    add = [0]

    @contextmanager
    def connected(arguments):
        quantized = artifact.load(arguments.model)
        size = quantized.network.image.height

        def classify(images):
            for key, pixels in images:
                if add[0] is None:
                    raise LineLost("/dev/x: the board is gone")
                picture = np.frombuffer(pixels, np.uint8).reshape(size, size, 3)
                sums = reference.run(quantized, picture)["sums"] + add[0]
                yield SimpleNamespace(key=key, result=SimpleNamespace(sums=tuple(sums.tolist())))

        yield SimpleNamespace(classify=classify), quantized

    monkeypatch.setattr(quant.board, "connected", connected)
    return add


@pytest.mark.parametrize("flag", ["--simulate", "--port=/dev/x"])
def test_a_board_beside_the_integers(model, data, board, capsys, tmp_path, flag):
    words = [str(model), "--data", str(data / "valid"), flag, f"--csv={tmp_path / 'a.csv'}"]
    assert main(words) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "all: board's sums differ for 0 of 9 photographs"
    assert out[1].replace("int8", "board") == out[2] and "board accuracy" in out[2]
    assert "all, board:" in out
    assert {line.split(",")[1] for line in (tmp_path / "a.csv").read_text().split()[1:]} == {
        "int8",
        "board",
    }


def test_a_board_that_differs_or_goes_away_failed(model, data, board, capsys):
    words = [str(model), "--data", str(data / "valid"), "--simulate"]
    board[0] = 1
    assert main(words) == 1
    assert "board's sums differ for 9 of 9 photographs" in capsys.readouterr().out
    board[0] = None
    assert main(words) == 1
    assert capsys.readouterr().err == "quant.evaluate: /dev/x: the board is gone\n"


def test_no_such_port_is_bad_input(model, data, capsys):
    assert main([str(model), "--data", str(data / "valid"), "--port", "/dev/no"]) == 2
    assert capsys.readouterr().err.startswith("quant.evaluate: /dev/no: no such port")


def test_single_files_are_of_the_class_of_their_folder(model, data, capsys, monkeypatch):
    valid = data / "valid"
    chosen = [next((valid / name).iterdir()) for name in "ab"]
    monkeypatch.chdir(valid / "c")
    inside = sorted(path.name for path in (valid / "c").iterdir())[:2]
    words = ["--photographs", *map(str, chosen), inside[0], inside[0], "--seed", "0"]
    assert main([str(model), *words, "--photographs", inside[1]]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("files: int8 accuracy") and "of 4)" in out[0]
    start = next(n for n, line in enumerate(out) if line.startswith("photograph "))
    rows = [line.split() for line in out[start + 1 : start + 5]]
    assert [row[:2] for row in rows] == [
        [str(chosen[0]), "a"],
        [str(chosen[1]), "b"],
        [inside[0], "c"],
        [inside[1], "c"],
    ]
    assert all(row[2] in "abc" and 1 / 3 < float(row[3]) <= 1 for row in rows)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["{valid}/a"], "a: a folder; class folders are for --data"),
        (["{valid}/a/no.png"], "no.png: no such file"),
        (["{note}"], "note.txt: not an image"),
        (["{photo}", "--data", "{valid}"], "leave --data away"),
        (["{photo}", "--validation-share", "0.2"], "leave --validation-share away"),
        (["{photo}", "{note}", "--strict"], "note.txt: not an image; leave it away"),
    ],
)
def test_single_files_that_cannot_be_judged(model, data, capsys, words, message):
    note = data / "valid" / "a" / "note.txt"
    note.write_text("x")
    photo = next((data / "valid" / "b").iterdir())
    own = [word.format(valid=data / "valid", note=note, photo=photo) for word in words]
    assert main([str(model), "--photographs", *own]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and message in error


def test_a_single_file_that_is_no_photograph_is_said(model, data, capsys):
    note = data / "valid" / "a" / "note.txt"
    note.write_text("x")
    photo = next((data / "valid" / "b").iterdir())
    assert main([str(model), "--photographs", str(note), str(photo)]) == 0
    out = capsys.readouterr().out
    assert "files: 1 files skipped" in out and "note.txt: not an image" in out and "of 1)" in out


def test_where_no_folder_is_a_class_the_way_out_is_named(model, data, capsys):
    other_classes(model, data)
    assert main([str(model), "--data", str(data / "valid")]) == 2
    error = capsys.readouterr().err
    assert error.endswith("; rename the folders, or quantize with --names FILE\n")
