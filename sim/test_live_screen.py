"""The simulated board's own screen: what a monitor there shows of the camera's last frame."""

from dataclasses import replace

import numpy as np
import pytest

from hw.display.screen import panel_of
from sim import board, camera, fuzz, tmds
from sim.playing import sensor_for
from spec import reference, screen, synthetic
from spec.camera import before, seen, taken
from spec.live import Event
from spec.protocol import Splitter
from spec.screen import Shown

SIZE = fuzz.SIZE
SENSOR = sensor_for(SIZE, SIZE)
SECOND = 1 << 27
"""Cycles: more than the test takes, so that the rate shown is 0."""


@pytest.mark.timeout(600)
def test_a_monitor_shows_the_last_frame(tmp_path, monkeypatch):
    file = tmp_path / "words"
    monkeypatch.setenv("CARACAL_SCREEN", str(file))
    design = fuzz.make_design(tmp_path)
    network = design.quantized.network
    panel = replace(panel_of(design.quantized, board.CLOCK_HZ), second=SECOND)
    # So long that two of the screen's frames pass before all is still.
    command = board.build(design, tick=1 << 17, eye=camera.eye(SENSOR, panel=panel))
    shown = [synthetic.image(network, seed) for seed in range(3)]
    with camera.CameraBoard(command, SENSOR, mode="wire") as simulated:
        for pixels in shown:
            simulated.play(camera.frame(pixels, SENSOR))
        simulated.end()
        simulated.process.stdin.close()  # it ends once nothing can happen any more
        frames = Splitter().feed(simulated.process.stdout.read())
    events = [Event.unpack(frame.sequence, frame.payload) for frame in frames]
    assert len(events) == len(shown)
    words = np.fromfile(file, np.uint32)
    got = tmds.picture_of(words[None] >> 10 * np.arange(3)[:, None] & 1023)
    saw = seen(taken(before(shown[-1], SENSOR), SENSOR), SENSOR, SIZE, SIZE)
    sums = tuple(reference.run(design.quantized, saw)["sums"].tolist())
    last = Shown(
        number=events[-1].number,
        winner=design.quantized.decision.answer(sums),
        sums=sums,
        best=sums[design.quantized.decision.winner(sums)],
        cycles=events[-1].result.cycles,
        rate=0,
    )
    wanted = screen.screen(screen.panel(panel.labels, last, panel.shift), saw)
    wrong = np.argwhere((got != wanted).any(axis=-1))
    assert not len(wrong), f"{len(wrong)} pixels differ, the first at {wrong[0]}"
