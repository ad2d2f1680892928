"""A board with a camera, simulated: what it says of frames, beside what else it is asked."""

import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from host.client import Client
from host.line import Line
from sim import board, camera, damage, fuzz
from sim.camera import frame
from sim.playing import pictures, sensor_for
from spec import artifact, live, reference, synthetic
from spec.camera import Encoding, Sensor, before, seen, taken
from spec.photograph import Framing

PATIENCE = 60.0
SIZE = fuzz.SIZE
SENSOR = sensor_for(SIZE, SIZE)


@pytest.fixture(scope="module")
def design(tmp_path_factory):
    return fuzz.make_design(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def command(design):
    return board.build(design, eye=camera.eye(SENSOR, keeps=SIZE * SIZE))


@pytest.fixture
def playing(command):
    """A simulated board with a camera, and a client of it."""
    with camera.CameraBoard(command, SENSOR, waiting=64) as simulated:
        line = Line(simulated.terminal)
        yield simulated, Client(line, patience=PATIENCE)
        line.close()


def some(design, count: int) -> list[np.ndarray]:
    return [synthetic.image(design.quantized.network, seed) for seed in range(count)]


def sums_of(design, pixels: np.ndarray, sensor: Sensor = SENSOR) -> tuple[int, ...]:
    saw = seen(taken(before(pixels, sensor), sensor), sensor, SIZE, SIZE)
    return tuple(reference.run(design.quantized, saw)["sums"].tolist())


def wait(client, count: int) -> list[live.Event]:
    events = []
    end = time.monotonic() + PATIENCE
    while len(events) < count:
        assert time.monotonic() < end, f"{len(events)} of {count} events came"
        events += client.events(1.0)
    return events


def counted(client, frames: int) -> dict[str, int]:
    """What the board has counted, once so many frames have come and been answered."""
    end = time.monotonic() + PATIENCE
    while True:
        counts = client.camera().counts
        if counts["frames"] == frames == counts["events"] + counts["skipped"]:
            return counts
        assert time.monotonic() < end, counts


def test_frame_after_frame_from_power_up(design, playing):
    simulated, client = playing
    shown = some(design, 8)
    for pixels in shown:
        simulated.play(frame(pixels, SENSOR))
    events = wait(client, len(shown))
    assert [event.result.sums for event in events] == [sums_of(design, one) for one in shown]
    assert [event.number for event in events] == list(range(1, len(shown) + 1))
    answers = [design.quantized.decision.answer(event.result.sums) for event in events]
    assert [event.result.winner for event in events] == answers
    assert not any(event.hit or event.pulled for event in events)
    state = client.camera()
    assert (state.on, state.swapped, state.keeps) == (True, False, True)
    counts = {"frames": 8, "events": 8, "damaged": 0, "skipped": 0, "setups": 0}
    assert state.counts == counts
    assert client.counters().counts["results"] == 0


def test_bytes_that_are_exchanged(design, playing):
    simulated, client = playing
    exchanged = Sensor(height=SENSOR.height, width=SENSOR.width, swapped=True)
    assert client.camera(on=True, swapped=True).swapped
    (pixels,) = some(design, 1)
    simulated.play(frame(pixels, exchanged))
    (event,) = wait(client, 1)
    assert event.result.sums == sums_of(design, pixels)


def test_images_of_the_line_and_the_self_test_between_frames(design, playing):
    simulated, client = playing
    shown = some(design, 12)
    for pixels in shown:
        simulated.play(frame(pixels, SENSOR))
    first = wait(client, 1)
    sent = [(seed, synthetic.image(design.quantized.network, 100 + seed)) for seed in range(4)]
    answers = client.classify((key, pixels.tobytes()) for key, pixels in sent)
    for (key, pixels), answer in zip(sent, answers, strict=True):
        sums = reference.run(design.quantized, pixels)["sums"].tolist()
        assert (answer.key, list(answer.result.sums)) == (key, sums)
    assert client.selftest().wrong == 0
    counts = counted(client, len(shown))
    events = first + client.events(0.5)
    # What there was no time for is told by the numbers, and nothing is mixed.
    assert len(events) == counts["events"] == len(shown) - counts["skipped"]
    for event in events:
        assert event.result.sums == sums_of(design, shown[event.number - 1])
    assert client.counters().counts["results"] == 4


def test_the_trigger_is_what_the_line_says(design, playing):
    simulated, client = playing
    shown = [some(design, 4)[place % 4] for place in range(12)]
    every = [sums_of(design, pixels) for pixels in shown]
    answers = [(design.quantized.decision.answer(sums), max(sums)) for sums in every]
    least = sorted(best for _, best in answers)[6]
    trigger = live.Trigger(
        classes=frozenset(winner for winner, _ in answers), least=least, hits=2, frames=3
    )
    wanted = live.pulled(trigger, answers)
    assert len(set(wanted)) > 2
    client.set_trigger(trigger, len(design.quantized.labels) + 1)
    for pixels in shown:
        simulated.play(frame(pixels, SENSOR))
    events = wait(client, len(shown))
    assert [(event.hit, event.pulled) for event in events] == wanted


def test_pin_and_lamps_show_what_was_seen(design, command):
    decision, classes = design.quantized.decision, len(design.quantized.labels)
    dark, bright = np.zeros((SIZE, SIZE, 3), np.uint8), some(design, 1)[0]
    other, wanted = (decision.answer(sums_of(design, pixels)) for pixels in (dark, bright))
    assert other != wanted
    trigger = live.Trigger(classes=frozenset({wanted}), least=-(2**31), hits=1, frames=1)
    environment = os.environ | {"CARACAL_TRIGGER": "1"}
    with camera.CameraBoard(
        command, SENSOR, waiting=64, env=environment, stderr=subprocess.PIPE
    ) as simulated:
        line = Line(simulated.terminal)
        client = Client(line, patience=PATIENCE)
        client.set_trigger(trigger, classes + 1)
        for pixels in (dark, bright, dark):
            simulated.play(frame(pixels, SENSOR))
        wait(client, 3)
        line.close()
        with simulated.process.stderr as said:
            told = [said.readline().split() for _ in range(2)]
    # The pin is first: when it turns, the lamps still show the frame before.
    lamp = [1 << answer if answer < classes else 0 for answer in (other, wanted)]
    shown = (1 << board.LEDS - 2) - 1  # the others are the self-test's and that of activity
    assert [int(words[1]) for words in told] == [1, 0]
    assert [int(words[-1], 16) & shown for words in told] == lamp


def test_the_picture_that_the_network_saw(design, playing):
    simulated, client = playing
    shown = some(design, 10)
    for pixels in shown[:5]:
        simulated.play(frame(pixels, SENSOR))
    wait(client, 2)
    for pixels in shown[5:]:
        simulated.play(frame(pixels, SENSOR))
    for _ in range(2):
        number, data = client.view(PATIENCE)
        saw = seen(taken(before(shown[number - 1], SENSOR), SENSOR), SENSOR, SIZE, SIZE)
        assert data == saw.tobytes()
        client.events(3.0)


def test_the_camera_off_and_on_again(design, playing):
    simulated, client = playing
    shown = some(design, 3)
    simulated.play(frame(shown[0], SENSOR))
    wait(client, 1)
    assert not client.camera(on=False).on
    simulated.play(frame(shown[1], SENSOR))
    assert client.events(3.0) == []
    assert client.camera().counts["frames"] == 1
    assert client.camera(on=True).on
    simulated.play(frame(shown[2], SENSOR))
    (event,) = wait(client, 1)
    assert event.result.sums == sums_of(design, shown[2])


def test_a_reset_drops_the_frame_under_way_and_no_other(design, playing):
    simulated, client = playing
    shown = some(design, 12)
    for pixels in shown:
        simulated.play(frame(pixels, SENSOR))
    wait(client, 1)
    for _ in range(3):
        client.reset()
    end = time.monotonic() + PATIENCE
    while client.camera().counts["frames"] < len(shown):
        assert time.monotonic() < end
    for event in client.events(1.0):
        assert event.result.sums == sums_of(design, shown[event.number - 1])


def test_the_hosts_command(design, tmp_path):
    model = tmp_path / "small.onnx"
    artifact.save(design.quantized, model)
    folder = tmp_path / "photographs"
    folder.mkdir()
    shown = some(design, 3)
    for place, pixels in enumerate(shown):
        Image.fromarray(pixels).save(folder / f"{place}.png")
    film = [Image.fromarray(pixels) for pixels in some(design, 5)[3:]]
    film[0].save(folder / "film.webp", save_all=True, append_images=film[1:], lossless=True)
    shown = [pixels for _, pixels in pictures(sorted(folder.iterdir()), Framing(SIZE), print)]
    assert len(shown) == 5
    words = [sys.executable, "-m", "host", "live", "--json", "--model", str(model)]
    words += ["--engine", "4x4", "--trigger", ",".join(design.quantized.labels)]
    done = subprocess.run(
        [*words, "--simulate", str(folder)], check=True, capture_output=True, text=True
    )
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert [tuple(one["sums"]) for one in said] == [sums_of(design, one) for one in shown]
    assert all(one["hit"] and one["trigger"] for one in said)
    assert "5 frames, 0 damaged, 0 skipped, 0 setups, 5 events" in done.stderr


def test_damaged_frames_are_dropped(tmp_path):
    """A small sibling of ``python -m sim.damage``, in RGB565."""
    assert damage.SENSOR.encoding is Encoding.RGB565
    session, counts = damage.damage(damage.make_design(tmp_path), frames=25, seed=7)
    assert set(session.told) >= {kind.name for kind in damage.WEIGHTS}
    assert counts["damaged"] >= 25
    assert counts["events"] == session.told["answered"] >= 25
