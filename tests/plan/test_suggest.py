"""Suggestions: they fit, are fast enough, and are the largest; boards are those of hw/."""

from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from hw import build
from hw.board.boards import BOARDS
from model.settings import parse
from plan import suggest
from plan.boards import BOARD_DEVICES, WITH_SDRAM
from plan.device import DEVICES, SMALL
from plan.fit import shortages
from spec.squeezenet import squeezenet


def test_the_devices_are_those_of_the_boards():
    assert {name: tuple(board.variants) for name, board in BOARDS.items()} == BOARD_DEVICES
    assert {name for name, board in BOARDS.items() if board.sdram} == {*WITH_SDRAM}


@pytest.fixture
def few(monkeypatch):
    """A search that takes no time."""
    searched = {"image_size": (48, 32), "num_filters": (16,), "base_e": (64, 16), "incr_e": (0,)}
    monkeypatch.setattr(suggest, "SEARCHED", searched)


def test_what_is_suggested_fits_and_is_fast_enough(few):
    found = list(suggest.suggestions(SMALL, 100e6, 1000, 3))
    assert found
    for one in found:
        assert not shortages(one.plan, SMALL) and 100e6 / one.plan.cycles >= 1000
        assert one.plan.network == squeezenet(one.parameters) and one.parameters.classes == 3
    macs = [one.plan.network.macs for one in found]
    assert macs == sorted(macs, reverse=True)


def test_what_is_too_slow_or_too_large_is_not_suggested(few):
    best = next(suggest.suggestions(SMALL, 100e6, 0, 3))
    faster = 100e6 / best.plan.cycles * 1.001
    assert all(
        one.plan.cycles < best.plan.cycles for one in suggest.suggestions(SMALL, 100e6, faster, 3)
    )
    assert not list(suggest.suggestions(SMALL, 100e6, 1e9, 3))
    assert not list(suggest.suggestions(replace(SMALL, ebr=8), 100e6, 0, 3))


def test_no_network_is_suggested_twice(few, monkeypatch):
    """Where widths do not grow, it is the same how often they would."""
    searched = suggest.SEARCHED | {"freq": (1, 2, 3)}
    monkeypatch.setattr(suggest, "SEARCHED", searched)
    found = list(suggest.suggestions(SMALL, 100e6, 0, 3))
    assert len({one.plan.network for one in found}) == len(found) and found
    assert not any("--freq" in one.flags for one in found)  # the usual one is as good


def test_its_flags_are_those_of_training(few):
    for one in islice(suggest.suggestions(SMALL, 100e6, 0, 3), 4):
        settings = parse([*one.flags.split(), "--data=x", "--output=y"])
        assert settings.parameters(3) == one.parameters


def test_the_command(few, capsys):
    command = ["--plan-only", "--suggest", "--board=icepi-zero", "--frames=1000"]
    assert build.main(command) == 0
    out = capsys.readouterr().out.splitlines()
    assert "frames/s" in out[0] and len(out) > 2
    start = "train the first: python -m model.train "
    assert out[-1].startswith(start)
    assert parse(out[-1].removeprefix(start).split()).output == Path("runs/mine")
    assert all(float(line.split()[3].replace(",", "")) >= 1000 for line in out[1:-1])
    for more in (["--frames=1e9"], ["--engine=4x4"], ["--json"]):
        assert build.main([*command, *more]) == 2
    assert build.main(["--board=ulx3s", "--suggest"]) == 2
    assert capsys.readouterr().err.count("\n") == 4
    assert set(DEVICES) >= {name for names in BOARD_DEVICES.values() for name in names}
