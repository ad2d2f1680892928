"""The whole core on small networks: every value the reference's, every cycle the plan's."""

from functools import cache
from pathlib import Path

import pytest

from plan.planner import Plan
from plan.starved import frame_time
from sim.compare import Comparison, compare
from sim.cosimulate import READ_OUT, Frame, build, core, observe
from sim.networks import CASES, OF_TWO_PIXELS, UNSTALLED, chosen
from sim.trial import Trial
from spec import synthetic
from spec.quantized import QuantizedNetwork


@cache
def built(network: str, engine: str) -> tuple[QuantizedNetwork, Plan, Path]:
    planned = chosen(network, engine)
    quantized = synthetic.quantized(planned.network, seed=1)
    return quantized, planned, build(core(quantized, planned), planned)


def differing(quantized: QuantizedNetwork, images: list, frames: list[Frame]) -> list[Comparison]:
    """The lines of all frames in which a value is not the reference's, or not ONNX Runtime's."""
    pairs = zip(images, frames, strict=True)
    lines = [line for image, frame in pairs for line in compare(frame, quantized, image)]
    assert lines
    return [line for line in lines if line.differs]


@pytest.mark.parametrize(("network", "engine"), CASES + OF_TWO_PIXELS + UNSTALLED)
def test_frames_are_the_reference_s_and_as_long_as_planned(network, engine):
    quantized, planned, model = built(network, engine)
    images = [synthetic.image(quantized.network, seed) for seed in range(3)]
    frames = observe(model, planned, images)
    assert differing(quantized, images, frames) == []
    for frame in frames:
        # The circuit's count is the plan's, and the bench's own.
        assert frame.cycles == planned.cycles == frame.elapsed - READ_OUT
        assert frame.starved == 0


@pytest.mark.parametrize(("i_stall", "o_stall"), [(0.6, 0.0), (0.0, 0.8), (0.3, 0.5)])
@pytest.mark.parametrize(("network", "engine"), CASES + OF_TWO_PIXELS)
def test_stalls_change_no_value(network, engine, i_stall, o_stall):
    quantized, planned, model = built(network, engine)
    images = [synthetic.image(quantized.network, seed) for seed in range(3)]
    frames = observe(model, planned, images, i_stall=i_stall, o_stall=o_stall, seed=7)
    assert differing(quantized, images, frames) == []
    assert any(frame.starved for frame in frames) == bool(i_stall)
    assert any(frame.held for frame in frames) == bool(o_stall)
    for frame in frames:
        predicted = frame_time(planned.program, frame.offered.tolist())
        assert (frame.elapsed - READ_OUT, frame.cycles) == (predicted.elapsed, predicted.cycles)
        assert bool(predicted.starved) == bool(i_stall)


def test_a_frame_is_not_counted_from_the_last_pixels_of_the_one_before():
    trial = Trial.made(drawn=5)
    number = len(trial.plans) - 1
    window = trial.plans[number].program.window
    used = window.stride * (window.o_height - 1) + window.kernel - window.padding
    assert used < window.height  # no patch needs the last row
    # It is still to come when the results have been taken.
    trial.check(trial.build(), (number,), (0.97, 0.0))
