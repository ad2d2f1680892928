"""The command for a bitstream that somebody was given: a device with a model's memories alone."""

import json

import pytest

from hw import flow, verify
from hw.bitstream import EBR_BITS, EBR_WORDS, pack
from hw.board.boards import BOARDS
from hw.board.clocks import Pll
from hw.build import prepare
from hw.design import Design
from hw.live import options
from hw.readback import contents
from plan.device import DEVICES
from plan.engine import ENGINES
from spec import artifact, synthetic
from spec.squeezenet import tiny

ENGINE = "4x2-lut4"


def configuration(block_rams: list[int]) -> str:
    """A device in which nothing is set but block RAMs."""
    mask = (1 << EBR_BITS) - 1
    sections = [".device LFE5U-12F\n\n.comment Part: LFE5U-12F-6CABGA381\n"]
    for number, value in enumerate(block_rams):
        words = (value >> EBR_BITS * place & mask for place in range(EBR_WORDS))
        sections.append(f".bram_init {number}\n" + " ".join(f"{word:03x}" for word in words) + "\n")
    return "\n".join(sections)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "tiny.onnx"
    artifact.save(synthetic.quantized(tiny()), path)
    return path


def test_a_camera_s_memories_are_as_reported_or_as_told(model, tmp_path, capsys):
    path = tmp_path / "top.bit"
    board = BOARDS["ulx3s"]
    platform = board.variants["85F"]()
    flags = ["--camera", "ov7670", "--display", "hdmi", "--trigger", artifact.load(model).labels[1]]
    arguments = verify.parser().parse_args([str(path), "--model", str(model), *flags])
    camera = options.mounted(arguments, board, artifact.load(model), 100_000_000)
    room = {"device": DEVICES["85F"], "sdram": True, "spare": camera.spare}
    design = Design.load(model, ENGINES[ENGINE], 100_000_000, **room)
    pll = Pll.of(25_000_000, 100_000_000)
    made = prepare(board, platform, design, pll, (33,), seed=1, camera=camera).files["top.il"]
    held = [value for values in contents(made).values() for value in values]
    part = configuration(held).replace("LFE5U-12F", "LFE5U-85F")
    path.write_bytes(pack(part, flow.find_tools(False), tmp_path))
    words = [str(path), "--model", str(model), "--engine", ENGINE]
    assert verify.main([*words, *flags]) == 0
    assert verify.main(words) == 1
    assert verify.main([*words, "--display", "hdmi"]) == 2
    assert "--display is for --camera" in capsys.readouterr().err
    report = {"engine_name": ENGINE, "camera": options.shown(camera, artifact.load(model).labels)}
    (tmp_path / "report.json").write_text(json.dumps(report))
    capsys.readouterr()
    assert verify.main(words[:3]) == 0
    assert f"on the engine {ENGINE}" in capsys.readouterr().out


@pytest.fixture(scope="module")
def block_rams(model):
    """The contents of the model's memories, by memory."""
    board = BOARDS["ulx3s"]
    platform = board.variants["12F"]()
    design = Design.load(model, ENGINES[ENGINE], 100_000_000, device=DEVICES["12F"], sdram=True)
    pll = Pll.of(25_000_000, 100_000_000)
    return contents(prepare(board, platform, design, pll, (33,), seed=1).files["top.il"])


@pytest.fixture
def bitstream(block_rams, tmp_path):
    """A function that makes a bitstream with these memories, and more."""

    def bitstream(*more: int) -> str:
        held = [value for values in block_rams.values() for value in values]
        path = tmp_path / "top.bit"
        path.write_bytes(pack(configuration([*held, *more]), flow.find_tools(False), tmp_path))
        return str(path)

    return bitstream


def test_a_bitstream_of_the_model(model, bitstream, block_rams, capsys):
    file = bitstream(0, 0)
    assert verify.main([file, "--model", str(model), "--engine", ENGINE]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"{file} holds {model}, on the engine {ENGINE}:"
    assert said[1].split() == ["part", "LFE5U-12F,", "id", "0x21111043"]
    counts = {line.split()[0]: int(line.split()[-3]) for line in said[2:-2]}
    assert counts == {name: len(values) for name, values in block_rams.items()}
    assert said[-2].split() == ["others,", "all", "zeros", "2", "block", "RAMs"]
    assert said[-1].startswith("not compared: the logic")


def test_another_model_and_too_much(model, bitstream, tmp_path, capsys):
    # What the engine is, the report beside the file says.
    file = bitstream(5)
    (tmp_path / "report.json").write_text(json.dumps({"engine_name": ENGINE}))
    assert verify.main([file, "--model", str(model)]) == 1
    said = capsys.readouterr().err.strip()
    assert said.endswith("1 block RAMs hold something that is not of the model file")
    other = tmp_path / "other.onnx"
    artifact.save(synthetic.quantized(tiny(), seed=2), other)
    assert verify.main([bitstream(), "--model", str(other)]) == 1
    said = capsys.readouterr().err.strip()
    assert "block RAMs that do not hold what the model file says: " in said
    assert "weights" in said and "params" in said


def test_bad_input_is_one_line(model, bitstream, tmp_path, capsys):
    text = tmp_path / "text.bit"
    text.write_text("no bitstream")
    for words, message in [
        ([str(text)], "text.bit: not an ECP5 bitstream"),
        ([str(tmp_path / "no.bit")], "no.bit: cannot be read"),
        ([bitstream(), "--model", str(tmp_path / "no.onnx")], "no.onnx: cannot be read"),
    ]:
        assert verify.main(words) == 2
        said = capsys.readouterr().err.splitlines()
        assert len(said) == 1 and message in said[0]
