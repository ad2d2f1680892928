"""``host live`` against a board in Python: what it asks, shows and saves."""

import json
import os
import struct

import numpy as np
import pytest
from PIL import Image

from host import command, connection, live
from spec.live import (
    COUNTED,
    HIT,
    KEEPS,
    ON,
    PULLED,
    RELEASE,
    SETS,
    SWAPPED,
    Event,
    LiveReply,
    LiveRequest,
)
from spec.protocol import CHUNK_BYTES, Frame, Refusal
from spec.replies import Result


class Camera:
    """Gives a :class:`FakeBoard` a camera: what it is asked, and the events it tells."""

    def __init__(self, board, *, keeps: bool = True):
        self.board = board
        self.keeps = keeps
        self.argument = ON
        self.asked = []
        self.triggers = []
        self.events = []
        self.numbers = [7]
        self.picture = np.random.default_rng(1).integers(0, 256, (24, 24, 3), np.uint8)
        board.faults = self.hear

    def hear(self, frame):
        send, sequence = self.board._send, frame.sequence
        if frame.type == LiveRequest.CAMERA:
            self.asked.append(frame.argument)
            if frame.argument & SETS:
                self.argument = frame.argument & ~SETS
            words = struct.pack(f"<{len(COUNTED)}I", *range(len(COUNTED)))
            argument = self.argument | (KEEPS if self.keeps else 0)
            send(type=LiveReply.CAMERA, sequence=sequence, argument=argument, payload=words)
            for number, result in self.events if len(self.asked) == 1 else ():
                send(type=LiveReply.EVENT, sequence=number, payload=result.pack())
        elif frame.type == LiveRequest.TRIGGER:
            self.triggers.append(frame.payload)
            send(type=LiveReply.TRIGGER, sequence=sequence)
        elif frame.type == LiveRequest.VIEW:
            start = frame.argument * CHUNK_BYTES
            self.asked.append(frame.argument)
            part = self.picture.tobytes()[start : start + CHUNK_BYTES]
            number = self.numbers[min(frame.argument, len(self.numbers) - 1)]
            payload = struct.pack("<HH", number, 0) + part
            send(type=LiveReply.VIEW, sequence=sequence, argument=frame.argument, payload=payload)
        else:
            return frame
        return None


@pytest.fixture
def run(board, model, capsys, monkeypatch):
    """A function that runs ``live`` on the board: exit code, lines, lines of complaint."""
    monkeypatch.setitem(connection.PATIENCE, False, 0.4)
    monkeypatch.setattr(live, "TURN", 0.05)

    def run(*words):
        capsys.readouterr()
        line = ["live", "--port", board.device, "--model", str(model), *map(str, words)]
        code = command.main(line)
        said = capsys.readouterr()
        return code, said.out.splitlines(), said.err.splitlines()

    return run


def some(count: int) -> list[tuple[int, Result]]:
    return [
        (
            number,
            Result(
                sums=(number, 50, -7), cycles=1000, winner=1, wrong=(0, HIT, PULLED)[number % 3]
            ),
        )
        for number in range(1, count + 1)
    ]


def test_events_as_lines_for_programs(run, board):
    camera = Camera(board)
    camera.events = some(12)
    code, lines, complaints = run("--json", "--frames", 12)
    said = [json.loads(line) for line in lines]
    assert code == 0
    assert [(one["frame"], one["sums"]) for one in said] == [
        (number, list(result.sums)) for number, result in camera.events
    ]
    assert [one["hit"] for one in said] == [number % 3 == 1 for number in range(1, 13)]
    assert [one["trigger"] for one in said] == [number % 3 == 2 for number in range(1, 13)]
    assert said[0]["cycles"] == 1000 and said[0]["chip_ms"] == 0.01
    assert said[0]["class"] == 1 and 0 < said[0]["probability"] < 1
    assert camera.asked[0] == SETS | ON
    assert complaints[-1].endswith("0 frames, 0 damaged, 0 skipped, 0 setups, 0 events")


def test_a_table_that_keeps_up(run, board, quantized):
    camera = Camera(board)
    camera.events = some(30)
    code, lines, _ = run("--frames", 30)
    assert code == 0
    assert lines[0] == live.head()
    assert lines[-1].split()[0] == "30" and quantized.labels[1] in lines[-1]
    shown = [line for line in lines[1:] if "more" not in line]
    left_out = sum(int(line.split()[1]) for line in lines if "more" in line)
    assert len(shown) + left_out == 30


def test_of_many_events_at_once_the_last_ones_are_shown(quantized):
    events = [Event(number=n, result=result, hit=False, pulled=False) for n, result in some(20)]
    rows = list(live.lines(events, quantized, 100_000_000, as_json=False))
    assert len(rows) == live.MOST_ROWS + 1
    assert rows[0].split() == ["…", str(20 - live.MOST_ROWS), "more"]
    assert [int(row.split()[0]) for row in rows[1:]] == list(range(13, 21))
    assert len(list(live.lines(events, quantized, 100_000_000, as_json=True))) == 20


def test_a_trigger_is_told_before_the_first_event(run, board, quantized):
    camera = Camera(board)
    camera.events = some(1)
    words = ("--trigger", quantized.labels[2], "--trigger-least", -5, "--trigger-frames", "2/3")
    assert run("--frames", 1, *words)[0] == 0
    assert camera.triggers == [struct.pack("<iBBHI", -5, 2, 3, 0, 0b100)]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--trigger", "dog"), "host: --trigger dog: no such answer; there are "),
        (("--trigger-least", "3"), "host: --trigger-least and --trigger-frames are for --trigger"),
    ],
)
def test_a_trigger_that_is_none(run, board, words, message):
    Camera(board)
    code, _, complaints = run(*words)
    assert code == 2
    assert complaints[-1].startswith(message)


def test_the_camera_off(run, board):
    camera = Camera(board)
    code, _, complaints = run("--off")
    assert (code, camera.asked) == (0, [SETS])
    assert complaints[-1].endswith("the line is the only source now")


def test_bytes_exchanged(run, board):
    camera = Camera(board)
    camera.events = some(1)
    run("--swapped", "--frames", 1)
    assert camera.asked[0] == SETS | ON | SWAPPED


def test_the_picture_is_saved(run, board, tmp_path):
    camera = Camera(board)
    file = tmp_path / "saw.png"
    code, _, complaints = run("--picture", file)
    assert code == 0
    assert np.array_equal(np.asarray(Image.open(file)), camera.picture)
    assert camera.asked[1:] == [0, 1, RELEASE]
    assert complaints[-1].endswith("is what the network saw of frame 7")
    assert run("--picture", tmp_path / "no" / "saw.png")[0] == 2


def test_a_picture_of_two_frames_is_none(run, board, tmp_path):
    camera = Camera(board)
    camera.numbers = [7, 8]
    code, _, complaints = run("--picture", tmp_path / "saw.png")
    assert code == 1
    assert "picture is not whole" in complaints[-1]
    assert not (tmp_path / "saw.png").exists()


def test_a_board_that_keeps_no_picture(run, board, tmp_path):
    Camera(board, keeps=False)
    code, _, complaints = run("--picture", tmp_path / "saw.png")
    assert code == 2
    assert "build it with --camera-picture" in complaints[-1]


def test_a_board_without_a_camera(run, board):
    def hear(frame):
        if frame.type in set(LiveRequest):
            board._refuse(frame.sequence, Refusal.TYPE)
            return None
        return frame

    board.faults = hear
    code, lines, complaints = run()
    assert (code, lines) == (1, [])
    assert "the board has no camera" in complaints[-1] and "--camera" in complaints[-1]


def test_events_do_not_disturb_images_of_the_line(board, model, photographs, capsys, monkeypatch):
    monkeypatch.setitem(connection.PATIENCE, False, 0.4)
    number, result = some(1)[0]
    event = Frame(type=LiveReply.EVENT, sequence=number, payload=result.pack()).line()

    def reply(frame):
        os.write(board.master, event)
        return frame

    board.replies = reply
    code = command.main(
        ["classify", "--port", board.device, "--model", str(model), "--json", str(photographs)]
    )
    assert code == 0
    assert len(capsys.readouterr().out.splitlines()) == 6
