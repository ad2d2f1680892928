"""``import caracal``: every public name has an example that runs, in one folder, in this order."""

import doctest
import inspect
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import caracal
from caracal import devices
from host import connection
from host.client import Client
from host.line import Line, SimulatedBoard
from hw import build, flow
from hw.readback import ReadBack
from sim import fuzz
from spec import artifact, synthetic
from spec.squeezenet import tiny

ROOT = Path(__file__).parent.parent.parent
STORY = ("draw", "train", "quantize", "evaluate", "plan", "build", "Board")
#: Values that a function returns, described and made nowhere else.
RECORDS = {"Answer", "Evaluation"}
STAND_IN = f"""#!{sys.executable}
import json
from pathlib import Path
for name in ("top.rpt", "top.tim", "top.v", "top.json", "top.config", "top.bit", "top.svf"):
    Path(name).write_text("{{{{}}}}")
use = {{name: {{"used": 1, "available": 2}} for name in
       ("TRELLIS_COMB", "TRELLIS_FF", "MULT18X18D", "DP16KD")}}
clock = {{"achieved": 150.0, "constraint": 100.0}}
report = {{"fmax": {{"clk": clock}}, "utilization": use, "critical_paths": []}}
Path("timing.json").write_text(json.dumps(report))
Path("placed.json").write_text(json.dumps({{"modules": {{"top": {{"cells": {{}}}}}}}}))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What the examples find: a small network, a photograph, and tools that build nothing."""
    folder = tmp_path_factory.mktemp("story")
    artifact.save(synthetic.quantized(tiny(image_size=fuzz.SIZE)), folder / "small.onnx")
    artifact.save(synthetic.quantized(tiny(image_size=fuzz.SIZE), seed=2), folder / "other.onnx")
    pixels = np.random.default_rng(1).integers(0, 256, (30, 40, 3), np.uint8)
    Image.fromarray(pixels).save(folder / "photo.jpg")
    (folder / "tool").write_text(STAND_IN)
    (folder / "tool").chmod(stat.S_IRWXU)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("PYTHONPATH", str(ROOT))
        found = ReadBack(part="LFE5U-85F", connections=7, settings=8, block_rams={}, empty=1)
        patch.setattr(build, "read_back", lambda *inputs: found)
        for tool in flow.TOOLS:
            patch.setenv(tool.upper().replace("-", "_"), str(folder / "tool"))
        yield folder


@pytest.mark.parametrize("name", STORY)
def test_its_example(folder, name, capsys):
    (test,) = doctest.DocTestFinder(recurse=False).find(getattr(caracal, name), name, globs={})
    assert test.examples
    said = []
    doctest.DocTestRunner().run(test, out=said.append)
    assert "".join(said) == ""
    assert capsys.readouterr() == ("", "") or name == "Board"


METHODS = [name for name in vars(caracal.Board) if name[0] != "_"]


@pytest.fixture(scope="module")
def port(folder):
    """The pseudo-terminal of a simulated board that holds the small network."""
    simulated = SimulatedBoard(folder / "small.onnx", "4x4")
    line = Line(simulated.device)
    network = artifact.load(folder / "small.onnx")
    connection.send(Client(line, patience=60), network, folder / "small.onnx")
    line.close()
    yield simulated.device
    simulated.close()


@pytest.mark.parametrize("name", METHODS)
def test_a_board_s_example(folder, port, name, monkeypatch):
    monkeypatch.setattr(
        connection, "Line", lambda device: Line({"/dev/ttyUSB0": port}.get(device, device))
    )
    monkeypatch.setattr(connection, "PATIENCE", {False: 60.0, True: 60.0})
    member = inspect.getattr_static(caracal.Board, name)
    board = None
    if isinstance(member, classmethod):
        member = member.__func__
    else:
        board = caracal.Board.open(port, "small.onnx")
    globs = {"board": board, "caracal": caracal}
    (test,) = doctest.DocTestFinder(recurse=False).find(member, name, globs=globs)
    assert test.examples
    said = []
    doctest.DocTestRunner().run(test, out=said.append)
    assert "".join(said) == ""
    if board is not None:
        if name == "load":  # the next one finds what it expects
            board.load("small.onnx")
        board.close()


def test_nothing_public_is_left_out():
    assert {*STORY} | RECORDS == {*caracal.__all__}
    for name in caracal.__all__:
        assert name in dir(caracal) and inspect.getdoc(getattr(caracal, name))
    with pytest.raises(AttributeError, match="no attribute nothing"):
        _ = caracal.nothing


def test_everything_has_its_types():
    for name in STORY:
        thing = getattr(caracal, name)
        members = dict(inspect.getmembers(thing, inspect.isroutine)) if name == "Board" else {}
        own = {key: value for key, value in members.items() if key[0] != "_"}
        for function in own.values() if own else [thing]:
            signature = inspect.signature(function)
            assert signature.return_annotation is not signature.empty, function
            for parameter in signature.parameters.values():
                typed = parameter.annotation is not parameter.empty or parameter.name == "self"
                assert typed, f"{function}: {parameter}"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: caracal.train("no", "out"), "no such folder"),
        (lambda: caracal.train("no", "out", epochs="many"), "invalid int value"),
        (lambda: caracal.quantize("no.pt", "no", "no.onnx"), "no.pt"),
        (lambda: caracal.evaluate("no.onnx", "no"), "no.onnx"),
        (lambda: caracal.plan("no.onnx"), "no.onnx"),
        (lambda: caracal.plan(board="x"), "ulx3s"),
        (lambda: caracal.plan(variant="x"), "85F"),
        (lambda: caracal.build("x"), "invalid choice"),
        (lambda: caracal.build("ulx3s", "no.onnx"), "no.onnx"),
        (lambda: caracal.Board.simulated("no.onnx"), "no.onnx"),
        (lambda: caracal.draw("out", ("DOG",)), "not DOG"),
    ],
)
def test_what_is_wrong_is_raised(folder, wrong, message, capsys):
    with pytest.raises(ValueError, match=message):
        wrong()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((8, 8, 3), np.float32),  # 0…1 would be black
        np.zeros((8, 8), np.uint16),
        np.zeros((3, 8, 8), np.uint8),
        np.zeros((8, 8, 4), np.uint8),
        np.zeros((0, 8, 3), np.uint8),
        np.zeros(8, np.uint8),
    ],
)
def test_an_array_must_be_of_bytes(pixels):
    with pytest.raises(ValueError, match="pixels must be uint8, 0…255, of shape"):
        devices.image_of(pixels)


def test_import_loads_nothing_heavy():
    script = "import sys, caracal; print(*sys.modules)"
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert "caracal" in loaded
    assert not loaded & {"numpy", "torch", "amaranth", "onnx", "PIL", "serial", "argparse"}
