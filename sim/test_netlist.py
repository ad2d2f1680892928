"""The netlist of a whole small board, cell by cell, behind the host's side of the line."""

import pytest
from PIL import Image

from hw.board.boards import BOARDS
from hw.design import Design
from plan.engine import ENGINES
from sim import board as simulated
from sim import netlist
from spec import artifact, synthetic
from spec.squeezenet import tiny

SIZE = 16


@pytest.fixture(scope="module")
def design(tmp_path_factory):
    model = tmp_path_factory.mktemp("model") / "small.onnx"
    artifact.save(synthetic.quantized(tiny(image_size=SIZE)), model)
    return Design.load(model, ENGINES["4x4"], 100_000_000)


@pytest.fixture(scope="module")
def command(design):
    return netlist.build(BOARDS["ulx3s"], "85F", design, (simulated.CLOCKS_A_BIT,))


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photographs")
    paths = []
    for seed in range(5):
        paths.append(folder / f"{seed}.png")
        Image.fromarray(synthetic.image(tiny(image_size=SIZE), seed)).save(paths[-1])
    return paths


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_answer_is_right_whatever_starts_at_random(
    design, command, photographs, seed, capsys
):
    assert netlist.check(design, command, photographs, seed) == 0
    said = capsys.readouterr().out
    assert f"{design.plan.cycles:,} cycles of {design.plan.cycles:,}" in said
    assert said.count("sums right") == 1 + len(photographs)
