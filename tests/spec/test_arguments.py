import importlib
from pathlib import Path

import pytest

COMMANDS = {
    "host.command": "host",
    "hw.build": "hw.build",
    "hw.flash": "hw.flash",
    "hw.verify": "hw.verify",
    "model.report": "model.report",
    "model.train": "model.train",
    "quant.__main__": "quant",
    "quant.evaluate": "quant.evaluate",
    "quant.speed": "quant.speed",
    "sim.__main__": "sim",
    "sim.board": "sim.board",
    "sim.end_to_end": "sim.end_to_end",
    "sim.full_line": "sim.full_line",
    "sim.fuzz": "sim.fuzz",
}


@pytest.mark.parametrize("module", COMMANDS)
def test_a_flag_of_nobody_is_one_line_and_exit_2(module, capsys):
    with pytest.raises(SystemExit) as caught:
        importlib.import_module(module).main(["--such-a-flag"])
    error = capsys.readouterr().err
    assert caught.value.code == 2
    assert error.startswith(f"{COMMANDS[module]}: ")
    assert error.endswith("; --help says what can be given\n")
    assert error.count("\n") == 1


def test_a_command_s_own_arguments(capsys):
    with pytest.raises(SystemExit) as caught:
        importlib.import_module("host.command").main(["watch"])
    assert caught.value.code == 2
    line = "host watch: the following arguments are required: folder; --help says"
    assert capsys.readouterr().err.startswith(line)


def test_a_file_that_looks_like_a_flag(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("-x\n.jpg").write_bytes(b"")
    words = ["classify", "-x\n.jpg"]
    monkeypatch.setattr("sys.argv", ["host", *words])
    with pytest.raises(SystemExit) as caught:
        importlib.import_module("host.command").main(words)
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert "; a file called -x\\n.jpg is given as ./-x\\n.jpg; --help" in error
    assert error.count("\n") == 1


def test_a_zero_byte_from_a_program(capsys):
    with pytest.raises(SystemExit) as caught:
        importlib.import_module("host.command").main(["load", "a\0b"])
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("host: a word holds a zero byte")


@pytest.mark.parametrize(
    ("module", "words", "message"),
    [
        ("quant.__main__", ["a.pt", "--output", "./a.pt"], "--output a.pt is the checkpoint, too"),
        (
            "quant.__main__",
            ["a.pt", "--output", "a.onnx", "--report", "a.onnx"],
            "too, and would be overwritten: choose another path",
        ),
        ("quant.evaluate", ["a.onnx", "--csv", "a.onnx"], "--csv a.onnx is the model, too"),
        ("quant.evaluate", ["a.onnx", "--csv", "b", "--page", "b"], "b is the "),
        ("model.average", ["a.pt", "b.pt", "--output", "b.pt"], "--output b.pt is the "),
        (
            "model.calibrate",
            ["a.pt", "--data", "b", "--output", "a.pt"],
            "--output a.pt is the checkpoint, too",
        ),
        (
            "host.command",
            ["classify", "a.jpg", "--csv", "x/../a", "--megadetector", "a"],
            "too, and would be overwritten",
        ),
        ("host.command", ["classify", "a.jpg", "--csv", "a.jpg"], "--csv a.jpg is the photographs"),
    ],
)
def test_what_is_read_or_written_is_not_overwritten(module, words, message, capsys):
    with pytest.raises(SystemExit) as caught:
        importlib.import_module(module).main(words)
    error = capsys.readouterr().err
    assert caught.value.code == 2 and message in error and error.count("\n") == 1
