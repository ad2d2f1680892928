"""What is said of a board before training, of time while it lasts, and then of what is next."""

from pathlib import Path

import pytest

from model.checkpoint import network_of
from model.room import left, next_command, prospect
from model.settings import parse
from spec import terminal


def settings(*more):
    return parse(["--data=x", "--output=runs/mine", *more])


def said(*more) -> tuple[str, bool]:
    made = settings(*more)
    return prospect(network_of(made.parameters(5)), made)


def test_a_network_that_fits():
    words, warning = said("--board=ulx3s", "--image=64")
    assert not warning and words.startswith("on ulx3s, 85F: 26,280 cycles a frame, 0.210 ms")


def test_a_network_that_does_not(capsys):
    words, warning = said("--board=ulx3s", "--variant=12F", "--image=64")
    assert warning and "EBR of 56" in words
    assert "caracal plan --suggest --board ulx3s --variant 12F names what fits" in words
    words, warning = said("--board=icepi-zero", "--architecture=1.1", "--image=64")
    assert warning and words.startswith("no bitstream of icepi-zero, 25F can hold")


def test_a_network_that_is_loaded_into_an_sdram():
    words, warning = said("--board=ulx3s", "--architecture=1.1", "--no-batch-norm")
    assert not warning
    assert words.startswith("on ulx3s, 85F, loaded into the SDRAM by host load: 1,04")
    words, warning = said("--board=ulx3s", "--variant=12F", "--architecture=1.1")
    assert warning and "an SDRAM that it is loaded into (ulx3s)" in words
    words, warning = said("--board=ecpix5", "--architecture=1.1")
    assert warning and words.startswith("no bitstream of ecpix5, 85F can hold")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--variant=45F"], "a --board's"),
        (["--board=icepi-zero", "--variant=85F"], "one of 25F, not 85F"),
    ],
)
def test_a_device_that_is_not_on_the_board(flags, message):
    with pytest.raises(ValueError, match=message):
        settings(*flags)


def test_a_board_does_not_change_the_run():
    assert settings("--board=ulx3s").lasting() == settings().lasting()


def test_time_left_grows_with_the_images():
    made = settings("--stages=64x2", "--image=128", "--epochs=4")
    history = [{"size": 64, "seconds": 10.0}]
    assert left(history, made) == "2 min left"
    assert left([*history, {"size": 64, "seconds": 5.0}], made) == "40 s left"
    long = settings("--epochs=1000", "--image=64", "--stages=")
    assert left([{"size": 64, "seconds": 10.0}], long) == "2 h 46 min left"


def test_what_is_next_is_named_as_the_user_types():
    best, folder = Path("runs/mine/best.pt"), Path("runs/mine")
    rest = "runs/mine/best.pt --finetune 4 --output runs/mine.onnx"
    assert next_command(best, folder) == f"next: python -m quant {rest}"
    before = terminal.CALLED.set("caracal train")
    try:
        assert next_command(best, folder) == f"next: caracal quantize {rest}"
    finally:
        terminal.CALLED.reset(before)


def test_what_is_next_can_be_pasted():
    line = next_command(Path("my runs/a/best.pt"), Path("my runs/a"))
    assert line.endswith(" 'my runs/a/best.pt' --finetune 4 --output 'my runs/a.onnx'")


@pytest.mark.parametrize(
    ("folder", "file"), [("runs/v1.2", "runs/v1.2.onnx"), ("a/..", "here.onnx"), (".", "here.onnx")]
)
def test_what_is_next_is_written_beside_the_run(tmp_path, monkeypatch, folder, file):
    (tmp_path / "here" / "a").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    made = Path(next_command(Path("best.pt"), Path(folder)).split()[-1])
    assert made == (tmp_path / file if file == "here.onnx" else Path(file))
