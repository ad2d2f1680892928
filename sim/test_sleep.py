"""A core that stands still between frames answers as one that does not."""

import random
from itertools import pairwise

import pytest

from host.client import Client
from host.line import Line
from sim import board, camera, fuzz
from sim.toggles import FRAME, PERIOD, SENSOR
from spec import reference, synthetic
from spec.camera import before, seen, taken
from spec.live import Event
from spec.protocol import Splitter

SIZE = fuzz.SIZE


def sums_of(design, pixels) -> tuple[int, ...]:
    saw = seen(taken(before(pixels, SENSOR), SENSOR), SENSOR, SIZE, SIZE)
    return tuple(reference.run(design.quantized, saw)["sums"].tolist())


@pytest.mark.timeout(600)
def test_frames_at_a_rate(tmp_path, monkeypatch):
    file = tmp_path / "awake"
    monkeypatch.setenv("CARACAL_AWAKE", str(file))
    design = fuzz.make_design(tmp_path)
    command = board.build(design, eye=camera.eye(SENSOR, period=PERIOD))
    shown = [synthetic.image(design.quantized.network, seed) for seed in range(12)]
    with camera.CameraBoard(command, SENSOR, mode="wire", waiting=64) as simulated:
        for pixels in shown:
            simulated.play(camera.frame(pixels, SENSOR))
        simulated.end()
        simulated.process.stdin.close()
        frames = Splitter().feed(simulated.process.stdout.read())
    events = [Event.unpack(frame.sequence, frame.payload) for frame in frames]
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    every = [sums_of(design, pixels) for pixels in shown]
    places = [every.index(event.result.sums) for event in events]
    # Every two frames and a half.
    assert {after - at for at, after in pairwise(places)} == {2, 3}
    assert len(events) == 5
    awake, cycles = map(int, file.read_text().split())
    # While a frame comes, and a little more.
    assert awake < len(events) * FRAME + 10_000
    assert cycles > len(shown) * FRAME


def test_what_the_line_asks_wakes_it(tmp_path):
    design = fuzz.make_design(tmp_path)
    command = board.build(design, eye=camera.eye(SENSOR, period=PERIOD))
    rng = random.Random(1)
    with camera.CameraBoard(command, SENSOR, waiting=64) as simulated:
        line = Line(simulated.terminal)
        client = Client(line, patience=60.0)
        for seed in range(12):
            pixels = synthetic.image(design.quantized.network, seed)
            simulated.play(camera.frame(pixels, SENSOR))
        for _ in range(3):
            assert client.selftest().wrong == 0
            seed = rng.randrange(100)
            pixels = synthetic.image(design.quantized.network, seed)
            (answer,) = client.classify([(seed, pixels.tobytes())])
            sums = reference.run(design.quantized, pixels)["sums"].tolist()
            assert list(answer.result.sums) == sums
        client.load(design.image)
        assert client.selftest().wrong == 0
        line.close()
