"""Predictions are the plan's; what does not fit says why, and keeps what is known."""

import pytest

from explore.prediction import Target, predict
from hw.board.boards import BOARDS
from plan.boards import default_clock_mhz
from plan.device import DEVICES
from plan.engine import ENGINES
from plan.planner import plan
from spec.squeezenet import Metaparameters, squeezenet

TARGET = Target.of("ulx3s")


def test_the_reference_on_the_default_board():
    parameters = Metaparameters()
    made = plan(squeezenet(parameters), ENGINES[DEVICES["85F"].engine])
    found = predict(parameters, TARGET)
    assert (found.weights, found.macs) == (made.network.weights, made.network.macs)
    assert (found.cycles, found.utilization) == (made.cycles, made.utilization)
    assert found.frames_per_second == default_clock_mhz("ulx3s", "85F") * 1e6 / made.cycles
    assert found.ebr > sum(made.block_rams.values())
    assert found.note == ""


def test_half_the_clock_is_half_the_frames():
    fast, slow = (predict(Metaparameters(), Target.of("ulx3s", clock_mhz=f)) for f in (120, 60))
    assert fast.frames_per_second == 2 * slow.frames_per_second


def test_what_does_not_fit_keeps_its_size():
    found = predict(Metaparameters(), Target.of("ulx3s", "25F"))
    assert found.trainable
    assert found.frames_per_second is None
    assert found.cycles is not None
    assert found.note.startswith("does not fit 25F: needs ")
    assert found.note.endswith(f" EBR of {DEVICES['25F'].ebr}")


def test_an_engine_with_too_many_multipliers():
    found = predict(Metaparameters(image_size=32), Target.of("ulx3s", "25F", "16x16"))
    assert "144 multipliers of 28" in found.note


def test_no_plan():
    found = predict(Metaparameters(image_size=2048), TARGET)
    assert found.macs is not None
    assert found.cycles is None
    assert "no plan: a row of 1024 pixels does not fit" in found.note


def test_no_network():
    found = predict(Metaparameters(pct_3x3=0.3), TARGET)
    assert not found.trainable
    assert "no network: pct_3x3 · e must be a whole number" in found.note


@pytest.mark.parametrize("board", BOARDS)
def test_every_board_has_a_default(board):
    target = Target.of(board)
    assert target.variant == BOARDS[board].default
    assert target.engine == ENGINES[target.device.engine]
    small = Metaparameters(image_size=32, incr_e=0)
    assert predict(small, target).frames_per_second is not None


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("arty",), "--board must be one of ulx3s, .*, not arty"),
        (("ulx3s", "10F"), "--variant must be one of 85F, 45F, 25F, 12F for ulx3s, not 10F"),
        (("ulx3s", None, "1x1"), "--engine must be one of 16x16, .*, not 1x1"),
        (("ulx3s", None, None, 0.0), "--clock must be above 0 MHz, not 0"),
        (("ulx3s", None, None, float("nan")), "--clock must be above 0 MHz, not nan"),
    ],
)
def test_bad_targets(names, message):
    with pytest.raises(ValueError, match=message):
        Target.of(*names)
