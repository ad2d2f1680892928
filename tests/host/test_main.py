"""The command, against a board in Python: what it prints, and how it ends."""

import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from host import __main__ as entry
from host import command, connection, line
from host.motion import cells, squares
from host.photographs import photographs_in, read
from spec import artifact, reference, synthetic
from spec.photograph import square
from spec.protocol import FLASH_READING, Frame, Held, Load, Reply, Request
from spec.samples import samples
from spec.squeezenet import tiny

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def run(board, model, capsys, monkeypatch):
    """A function that runs a command on the board: exit code, lines, lines of complaint."""
    monkeypatch.setitem(connection.PATIENCE, False, 0.4)

    def run(name, *words, port=board.device, model=model):
        capsys.readouterr()
        code = command.main([name, "--port", port, "--model", str(model), *map(str, words)])
        said = capsys.readouterr()
        return code, said.out.splitlines(), said.err.splitlines()

    return run


def right(quantized, path):
    """The sums of a photograph, from the reference."""
    framing = quantized.framing
    picture = np.frombuffer(read(path, framing), np.uint8).reshape(framing.side, framing.side, 3)
    return reference.run(quantized, picture)["sums"].tolist()


def test_identify(run, board):
    code, lines, _ = run("identify")
    assert code == 0
    assert "tiny, 3 classes, 24×24 pixels" in lines[0]
    assert board.identity.model.hex() in lines[1]
    code, lines, _ = run("identify", "--json")
    said = json.loads(lines[0])
    assert said["rate"] == 3_000_000
    assert said["build"] == b"12345678".hex()
    assert said["counters"]["broken"] == 0


@pytest.mark.parametrize(
    ("flash", "words"),
    [
        (0, None),
        (FLASH_READING, "is being read"),
        (1 + Load.DONE, "had a network, which was right"),
        (1 + Load.NO_IMAGE, "has no network behind the bitstream"),
        (1 + Load.DAMAGED, "REFUSED at power-up: a network image that was damaged"),
        (1 + Load.ENGINE, "REFUSED at power-up: a network image for another engine"),
    ],
)
def test_identify_says_what_came_of_the_flash_memory(run, board, flash, words):
    board.flash = flash
    _, lines, _ = run("identify")
    found = [line for line in lines if line.startswith("flash ")]
    assert len(found) == (words is not None) and all(words in line for line in found)
    _, lines, _ = run("identify", "--json")
    said = json.loads(lines[0])
    assert said["held"] == "built_in"
    assert (said["flash"] is None) == (words is None)


def test_memtest(run, board):
    code, lines, complaints = run("memtest")
    assert (code, lines, len(complaints)) == (2, [], 1)
    assert "has no SDRAM" in complaints[0]
    assert all(frame.type != Request.MEMTEST for frame in board.seen)
    board.give_sdram()
    code, lines, _ = run("memtest")
    assert (code, lines) == (0, ["memory  right, 33,554,432 bytes tested"])
    board.give_sdram(wrong=5, bits=1 << 11, address=0x1234)
    code, lines, _ = run("memtest")
    assert code == 1
    assert "5 of 33,554,432 words" in lines[0] and "0000100000000000" in lines[0]
    assert "0x1234" in lines[0] and "--sdram-phase" in lines[0]
    code, lines, _ = run("memtest", "--json")
    assert json.loads(lines[0])["wrong"] == 5
    board.give_sdram(words=0)
    code, lines, _ = run("memtest")
    assert (code, lines) == (0, ["memory  0 bytes tested: the network takes all of it"])


def test_selftest_tests_the_memory_first(run, board):
    board.give_sdram()
    code, lines, _ = run("selftest")
    assert (code, lines[0].split()[:2]) == (0, ["memory", "right,"])
    board.give_sdram(wrong=1)
    code, lines, _ = run("selftest")
    assert (code, lines[1]) == (1, "sums    right")
    code, lines, _ = run("selftest", "--json")
    said = json.loads(lines[0])
    assert not said["passed"] and said["memory"]["wrong"] == 1


def test_classify_a_folder(run, quantized, photographs):
    code, lines, complaints = run("classify", photographs, "--json")
    assert (code, complaints) == (0, [])
    said = [json.loads(line) for line in lines]
    paths = photographs_in(photographs)
    assert [one["file"] for one in said] == [str(path) for path in paths]
    for one, path in zip(said, paths, strict=True):
        sums = right(quantized, path)
        assert one["sums"] == sums
        assert one["class"] == int(np.argmax(sums))
        assert one["label"] == quantized.labels[one["class"]]
        odds = reference.probabilities(quantized, np.array(sums))
        assert one["probability"] == round(float(odds.max()), 4)
        order = np.argsort(-odds, kind="stable").tolist()
        assert [other["class"] for other in one["best"]] == order
        assert one["best"][0] == {key: one[key] for key in ("label", "class", "probability")}
        assert one["chip_ms"] == 0.01


def test_classify_needs_no_photograph(run):
    code, lines, complaints = run("classify", "--json")
    assert code == 0 and "samples" in complaints[0]
    assert [json.loads(line)["file"] for line in lines] == [str(path) for path in samples()]


def test_classify_prints_a_table(run, photographs):
    code, lines, _ = run("classify", *photographs_in(photographs)[:2])
    assert code == 0
    assert lines[0].split() == ["photograph", "label", "prob.", "chip", "ms", "total", "ms"]
    assert len(lines) == 3
    assert lines[1].startswith(str(photographs / "0.png"))


def test_a_bad_photograph_is_named_and_the_others_answered(run, photographs):
    (photographs / "3.png").write_bytes(b"no image")
    code, lines, complaints = run("classify", photographs, "--json")
    assert code == 1
    assert len(lines) == 5
    assert complaints == [f"host: {photographs / '3.png'}: not an image; skipped"]


def test_unplugged_in_the_middle(run, board, photographs):
    results = []

    def pull(frame):
        if frame.type == Reply.RESULT:
            results.append(frame)
            if len(results) == 3:
                board.unplug()
                return None
        return frame

    board.replies = pull
    code, lines, complaints = run("classify", photographs, "--json")
    assert code == 1
    answered = [json.loads(line)["file"] for line in lines]
    assert len(answered) <= 2
    missing = complaints[0].removeprefix("host: not answered: ").split(", ")
    assert answered + missing == [str(path) for path in photographs_in(photographs)]
    assert "the board is gone" in complaints[1]


def test_a_board_that_falls_silent(run, board, photographs):
    board.replies = lambda frame: None if frame.type in (Reply.RESULT, Reply.COUNTERS) else frame
    code, lines, complaints = run("classify", photographs, "--json")
    assert (code, lines) == (1, [])
    assert complaints[0].startswith("host: not answered: ")
    assert complaints[1].endswith("the board does not answer COUNTERS")


def test_another_model_is_refused_and_the_way_out_named(run, board, model):
    board.alter(model=b"whatever")
    remedy = f"load it: python -m host load {model} --port {board.device}"
    code, _, complaints = run("bench")
    assert code == 2
    assert f"the board holds another network, tiny, than {model}" in complaints[0]
    assert complaints[0].endswith(remedy)
    board.alter(labels=b"whatever")
    code, _, complaints = run("selftest")
    assert code == 2
    assert "the board's model, tiny, has other labels than" in complaints[0]
    assert complaints[0].endswith(remedy)
    board.network = Held.NONE
    code, _, complaints = run("selftest")
    assert (code, complaints) == (2, [f"host: the board holds no network; {remedy}"])
    code, lines, _ = run("identify")
    assert (code, lines[0]) == (0, "model      none: load one (python -m host load FILE.onnx)")


@pytest.fixture
def load(board, capsys, monkeypatch):
    """A function that loads a model file into the board."""
    monkeypatch.setitem(connection.PATIENCE, False, 0.4)

    def load(path, *words):
        capsys.readouterr()
        code = command.main(["load", str(path), "--port", board.device, *words])
        said = capsys.readouterr()
        return code, said.out.splitlines(), said.err.splitlines()

    return load


def other(path, **sizes):
    """Another network's file."""
    quantized = synthetic.quantized(tiny(**sizes), seed=5)
    artifact.save(quantized, path)
    return quantized


def test_load(load, run, board, quantized, tmp_path):
    path = tmp_path / "other.onnx"
    board.network = Held.NONE
    board.quantized = other(path, image_size=24)
    code, lines, complaints = load(path)
    assert (code, complaints) == (0, [])
    assert lines[0].startswith("loaded    tiny: planned in ")
    assert lines[1].startswith("self-test passed in ")
    assert len(board.loaded) == 1
    code, lines, _ = run("selftest", model=path)
    assert code == 0
    code, lines, _ = load(path, "--json")
    said = json.loads(lines[0])
    assert said["passed"]
    assert {"planning_seconds", "seconds", "selftest_seconds"} <= said.keys()


def test_load_sends_once_to_a_simulated_board(board, tmp_path, capsys, monkeypatch):
    path = tmp_path / "other.onnx"
    board.quantized = other(path, image_size=24)
    simulated = SimpleNamespace(device=board.device, close=lambda: None)
    monkeypatch.setattr(connection, "SimulatedBoard", lambda *_, **__: simulated)
    assert command.main(["load", str(path), "--simulate"]) == 0
    assert len(board.loaded) == 1


def test_a_load_that_is_disturbed_begins_again(load, board, tmp_path):
    path = tmp_path / "other.onnx"
    board.quantized = other(path, image_size=24)
    lost = []

    def faults(frame):
        if frame.type == Request.LOAD and frame.argument == 1 and not lost:
            lost.append(frame)
            return "damage"
        return frame

    board.faults = faults
    code, *_ = load(path)
    assert code == 0
    assert lost


def test_a_network_that_does_not_fit_is_refused_with_both_numbers(load, board, tmp_path):
    path = tmp_path / "large.onnx"
    other(path, image_size=48)
    code, _, complaints = load(path)
    assert code == 2
    assert "does not fit the board: it needs" in complaints[0]
    assert "48 rows of the image of 24" in complaints[0]
    assert complaints[0].endswith("the same layers for images of 16×16 would fit")
    assert not board.loaded


def test_a_board_of_another_version_takes_no_network(load, board, model):
    board.alter(engine=b"whatever")
    code, _, complaints = load(model)
    assert code == 2
    assert "is of another version of this program; build and flash it again" in complaints[0]
    board.alter(capacities=(1, 2))
    code, _, complaints = load(model)
    assert (code, "the board tells 2 capacities" in complaints[0]) == (2, True)


def test_a_board_that_refuses_an_image(load, board, model):
    outcome = Frame(type=Reply.LOADED, argument=Load.DAMAGED)
    board.replies = lambda frame: (
        replace(outcome, sequence=frame.sequence) if frame.type == Reply.LOADED else frame
    )
    code, _, complaints = load(model)
    assert code == 1
    assert complaints[0].endswith("the board says: a network image that was damaged on its way")


def test_selftest(run, board, quantized):
    code, lines, _ = run("selftest")
    assert code == 0
    assert lines == ["sums    right", "cycles  1,000"]
    board.alter(cycles=999)
    code, lines, _ = run("selftest")
    assert code == 1
    assert lines[1] == "cycles  1,000, not 999"
    board.alter(cycles=1000)
    board.quantized = synthetic.quantized(tiny(image_size=24), 5)
    code, lines, _ = run("selftest")
    assert code == 1
    assert lines[0] == "sums    3 of 3 differ from the model file's"
    code, lines, _ = run("selftest", "--json")
    assert not json.loads(lines[0])["passed"]


def test_bench(run, board):
    code, lines, _ = run("bench", "--images", 4, "--json")
    assert code == 0
    said = json.loads(lines[0])
    assert said["images"] == 4 and said["wrong"] == 0 and said["retries"] == 0
    assert said["chip_frames_per_second"] == 100_000.0
    assert said["limit"] == "link"
    code, lines, _ = run("bench", "--images", 1)
    assert [text.split()[0] for text in lines] == ["chip", "link", "limit"]
    assert run("bench", "--images", 0)[0] == 2


def test_bad_input_is_one_line_each(run, tmp_path, monkeypatch, capsys, model):
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(model.read_bytes()[:-50])
    for words, options, message in [
        (["classify", tmp_path / "no.jpg"], {}, "no.jpg: no such file or folder"),
        (["classify", tmp_path / "empty"], {}, "empty: no such file or folder"),
        (["watch", tmp_path / "no"], {}, "no: no such folder"),
        (["watch", tmp_path, "--sort", tmp_path / "x"], {}, "x: copies there would be watched"),
        (["identify"], {"port": "/dev/ttyUSB77"}, "/dev/ttyUSB77: no such port"),
        (["identify"], {"model": cut}, "cut.onnx: is not a complete ONNX file"),
        (["identify"], {"model": tmp_path / "no.onnx"}, "no.onnx: cannot be read"),
    ]:
        code, lines, complaints = run(*words, **options)
        assert (code, lines, len(complaints)) == (2, [], 1)
        assert complaints[0].startswith("host: ") and message in complaints[0]
    monkeypatch.setattr(line.list_ports, "comports", lambda: [])
    assert command.main(["identify", "--model", str(model)]) == 2
    assert "no board found" in capsys.readouterr().err


def test_ports(monkeypatch, capsys):
    port = line.Port(device="/dev/ttyUSB0", description="ULX3S", likely=True)
    monkeypatch.setattr(command, "ports", lambda: [port])
    assert command.main(["ports"]) == 0
    assert capsys.readouterr().out.split() == ["/dev/ttyUSB0", "board?", "ULX3S"]
    monkeypatch.setattr(command, "ports", lambda: [])
    assert command.main(["ports"]) == 2
    assert "no serial ports" in capsys.readouterr().err


def test_watch_answers_what_appears(board, model, photographs, tmp_path):
    folder = tmp_path / "camera"
    folder.mkdir()
    shutil.copy(photographs / "0.png", folder / "old.png")
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "host", "watch", folder, "--json"),
            *("--port", board.device, "--model", model),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    while not any(frame.type == Request.RESET for frame in board.seen):
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(0.5)
    for name in ("1.png", "2.png"):
        shutil.copy(photographs / name, folder / name)
        assert json.loads(process.stdout.readline())["file"] == str(folder / name)
    process.send_signal(signal.SIGINT)
    assert process.communicate()[0] == ""
    assert process.returncode == 130


def test_watch_sees_where_something_moved(board, model, quantized, tmp_path):
    land = np.random.default_rng(9).integers(60, 160, (6, 8, 3)).repeat(20, 0).repeat(20, 1)
    frames = [land.astype(np.uint8) for _ in range(4)]
    frames[3] = frames[3].copy()
    frames[3][10:40, 100:130] = 230
    folder = tmp_path / "camera"
    folder.mkdir()
    for index, frame in enumerate(frames):
        Image.fromarray(frame).save(folder / f"{index}.png")
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "host", "watch", folder, "--existing", "--motion", "--json"),
            *("--port", board.device, "--model", model),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    said = [json.loads(process.stdout.readline())["sums"] for _ in frames]
    process.send_signal(signal.SIGINT)
    assert "the first 2 of 160×120 pixels are seen whole" in process.communicate()[1]
    assert said[:3] == [right(quantized, folder / f"{index}.png") for index in range(3)]
    greys = np.stack([cells(frame)[0] for frame in frames])
    where = squares(greys, cells(frames[0])[1], *land.shape[:2])[3]
    seen = square(Image.fromarray(where.of(frames[3])), quantized.framing.side)
    assert said[3] == reference.run(quantized, seen)["sums"].tolist()
    assert said[3] != right(quantized, folder / "3.png")


def test_the_models_file_must_be_there_before_a_simulated_board_starts(capsys, tmp_path):
    missing = tmp_path / "no.onnx"
    assert command.main(["identify", "--simulate", "--model", str(missing)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said == [
        f"host: {missing}: cannot be read (No such file or directory); make a model "
        "with `python -m quant`"
    ]


def test_what_is_not_installed_is_said_in_one_line(monkeypatch, capsys, model):
    monkeypatch.setitem(sys.modules, "host.command", None)
    assert entry.main() == 2
    said = capsys.readouterr().err.splitlines()
    assert said == ["host: host.command is not installed: pip install -e '.[host]'"]
    monkeypatch.setattr(line, "find_spec", lambda name: None)
    assert command.main(["identify", "--simulate", "--model", str(model)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[-1] == "host: the simulated board needs amaranth: pip install -e '.[sim]'"


def test_what_is_asked_for_is_kept(run, photographs, tmp_path):
    (photographs / "3.png").write_bytes(b"no image")
    table, batch = tmp_path / "a.csv", tmp_path / "a.json"
    flags = ["--csv", table, "--megadetector", batch, "--sort", tmp_path / "sorted"]
    code, lines, _ = run("classify", photographs, "--json", *flags)
    assert code == 1
    rows = table.read_text().splitlines()
    assert len(rows) == 1 + 6 and sum("unreadable" in row for row in rows) == 1
    assert len(json.loads(batch.read_text())["images"]) == 6
    label = json.loads(lines[0])["label"]
    assert (tmp_path / "sorted" / label / "0.png").is_file()
    code, _, complaints = run("classify", photographs, "--csv", table)
    assert code == 2 and "exists" in complaints[0]


def test_what_moved_is_what_the_network_sees(run, quantized, tmp_path):
    land = np.random.default_rng(9).integers(60, 160, (6, 8, 3)).repeat(20, 0).repeat(20, 1)
    frames = [land.astype(np.uint8) for _ in range(4)]
    frames[2] = frames[2].copy()
    frames[2][10:40, 100:130] = 230
    camera = tmp_path / "camera"
    camera.mkdir()
    for index, frame in enumerate(frames):
        Image.fromarray(frame).save(camera / f"{index}.png")
    Image.fromarray(land.astype(np.uint8)[:50]).save(camera / "small.png")
    batch = tmp_path / "a.json"
    code, lines, complaints = run("classify", "--motion", camera, "--json", "--megadetector", batch)
    assert code == 0
    said = {Path(answer["file"]).name: answer["sums"] for answer in map(json.loads, lines)}
    greys = np.stack([cells(frame)[0] for frame in frames])
    where = squares(greys, cells(frames[0])[1], *land.shape[:2])[2]
    seen = square(Image.fromarray(where.of(frames[2])), quantized.framing.side)
    assert said["2.png"] == reference.run(quantized, seen)["sums"].tolist()
    assert said["2.png"] != right(quantized, camera / "2.png")
    for name in ("0.png", "small.png"):
        assert said[name] == right(quantized, camera / name)
    assert "1 of 160×50 pixels, fewer than 3" in "".join(complaints)
    images = {Path(i["file"]).name: i for i in json.loads(batch.read_text())["images"]}
    left, top, wide, high = images["2.png"]["detections"][0]["bbox"]
    assert left <= 100 / 160 and top <= 10 / 120
    assert left + wide >= 130 / 160 and top + high >= 40 / 120 and wide < 0.5
