"""The host program and the simulated board, end to end; and what a rude client leaves behind."""

import json
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from host.client import Client
from host.line import Line
from hw.design import Design
from plan.planner import plan
from plan.starved import line_time
from sim import board, full_line, fuzz
from sim.end_to_end import classify, expected
from sim.test_reference import pictures
from spec import artifact, reference, synthetic
from spec.decision import Decision
from spec.models import packaged
from spec.protocol import CHUNK_BYTES, Frame, Request, chunks
from spec.replies import digest
from spec.squeezenet import tiny

PATIENCE = 60.0


@pytest.fixture(scope="module")
def design(tmp_path_factory):
    return fuzz.make_design(tmp_path_factory.mktemp("model"))


@pytest.fixture
def terminal(design):
    """A simulated board's terminal."""
    process, name = board.start(board.build(design, tick=fuzz.TICK))
    yield name
    process.stdin.close()
    process.stdout.close()
    assert process.wait() == 0


def test_a_netlist_is_made_once_for_the_same_sources(design, monkeypatch):
    command = board.build(design)
    made = []
    monkeypatch.setattr(Design, "shell", lambda self, **sizes: None)
    monkeypatch.setattr(board, "Board", made.append)
    monkeypatch.setattr(board.rtlil, "convert", lambda top, **options: "")
    monkeypatch.setattr(board.verilate, "model", lambda *parts, **options: Path(command[0]))
    notes = set(board.verilate.BUILD.glob("board-*.path"))
    assert board.build(design) == command
    assert not made
    assert board.build(design, tick=board.TICK + 1)[0] == command[0]
    assert len(made) == 1
    for note in set(board.verilate.BUILD.glob("board-*.path")) - notes:
        note.unlink()


def save(pictures, folder):
    paths = []
    for index, picture in enumerate(pictures):
        paths.append(folder / f"{index}.png")
        Image.fromarray(picture).save(paths[-1])
    return paths


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The file of a small network that answers none to about half of the pictures."""
    made = synthetic.quantized(tiny(image_size=fuzz.SIZE))
    sums = [reference.run(made, picture)["sums"] for picture in small_pictures()]
    leads = sorted(Decision(none=1).lead(row) for row in sums)
    decision = Decision(none=1, threshold=leads[len(leads) // 2])
    path = tmp_path_factory.mktemp("small") / "small.onnx"
    artifact.save(replace(made, decision=decision), path)
    return path


def small_pictures():
    return [synthetic.image(tiny(image_size=fuzz.SIZE), seed) for seed in range(20)]


def test_small_photographs_through_host_and_board(small, tmp_path):
    paths = save(small_pictures(), tmp_path)
    said = list(classify(paths, small, "4x4"))
    assert [one["file"] for one in said] == [str(path) for path in paths]
    sums = [expected(path, small) for path in paths]
    assert [one["sums"] for one in said] == sums
    answers = [artifact.load(small).decision.answer(row) for row in sums]
    assert [one["class"] for one in said] == answers
    assert 5 < answers.count(1) < 15


def test_the_packaged_model_through_host_and_board(tmp_path):
    quantized = artifact.load(packaged())
    paths = save(pictures(quantized.network)[:1], tmp_path)
    (said,) = classify(paths, packaged(), "16x16")
    assert said["sums"] == expected(paths[0], packaged())
    assert said["class"] == quantized.decision.answer(said["sums"])
    assert said["label"] == quantized.label(said["class"])


def test_the_other_commands(small):
    for command in ("identify", "selftest", "bench"):
        words = [sys.executable, "-m", "host", command, "--simulate", "--json"]
        words += ["--model", str(small), "--engine", "4x4"]
        said = json.loads(subprocess.run(words, check=True, capture_output=True).stdout)
        if command == "bench":
            assert (said["wrong"], said["retries"]) == (0, 0)
        elif command == "selftest":
            assert said["passed"]
        else:
            assert said["counters"]["broken"] == 0


def test_what_a_photograph_takes_that_comes_over_the_line_is_predicted(design, terminal):
    line = Line(terminal)
    client = Client(line, patience=PATIENCE)
    predicted = line_time(design.plan.program, 10 * CHUNK_BYTES * board.CLOCKS_A_BIT)
    # Neither the self-test's cycles nor all that pass.
    assert len({predicted.cycles, predicted.elapsed, design.plan.cycles}) == 3
    picture = synthetic.image(design.quantized.network).tobytes()
    for answer in client.classify((key, picture) for key in range(3)):
        assert answer.result.cycles == predicted.cycles
    line.close()


def test_a_client_may_go_away_at_any_moment_a_hundred_times(design, terminal):
    rng = random.Random(1)
    network = design.quantized.network
    picture = synthetic.image(network)
    sums = tuple(reference.run(design.quantized, picture)["sums"].tolist())
    for _ in range(100):
        line = Line(terminal)
        client = Client(line, patience=PATIENCE)
        keys = range(rng.randrange(3))
        answers = list(client.classify((key, picture.tobytes()) for key in keys))
        assert [answer.result.sums for answer in answers] == [sums] * len(keys)
        # Killed in the middle of what it sends: at any byte, of any number of frames.
        frames = [Frame(type=Request.IDENTIFY), Frame(type=Request.SELFTEST)]
        for sequence in rng.sample(range(1000), 3):
            frames += chunks(picture.tobytes(), sequence)
        rng.shuffle(frames)
        sent = b"".join(frame.line() for frame in frames)
        line.write(sent[: rng.randrange(len(sent))])
        line.close()
    line = Line(terminal)
    client = Client(line, patience=PATIENCE)
    assert client.selftest().wrong == 0
    assert client.counters().counts["resets"] == 101
    line.close()


def test_a_line_without_a_pause_loses_no_image(design):
    assert full_line.share(design, 20) > 0.9


def test_a_million_bytes_of_nonsense(design):
    session = fuzz.fuzz(design, bytes_=1_000_000, seed=1)
    assert session.bad_bytes >= 1_000_000
    assert len(session.kinds) == len(fuzz.NONSENSE)


def test_it_begins_with_the_packaged_network_whatever_it_is_to_hold(tmp_path, monkeypatch):
    path = tmp_path / "other.onnx"
    artifact.save(synthetic.quantized(tiny()), path)
    made, longest = [], []

    def build(design, **options):
        made.append(design)
        longest.append(options["longest"])
        return ["board"]

    monkeypatch.setattr(board, "build", build)
    monkeypatch.setattr(board.os, "execv", lambda *_: None)
    board.main(["--model", str(path), "--engine", "4x4"])
    board.main(["--engine", "4x4"])
    one, other = made
    assert one.identity == other.identity  # one engine, one model of it
    assert one.identity.model == digest(packaged().read_bytes())
    # Time must not stand still in a frame of what is loaded, however long that is.
    assert longest == [plan(tiny(), one.engine).cycles, one.plan.cycles]
