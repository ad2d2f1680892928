"""The netlist of a whole small board, cell by cell, behind the host's side of the line."""

import pytest
from PIL import Image

from host.client import Client
from host.line import Line
from hw.board.boards import BOARDS
from plan.sdram import COLUMNS
from sim import board as simulated
from sim import cut_loads, netlist
from spec import reference, synthetic
from spec.protocol import Held


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The network that is built in, and one whose weights come out of the SDRAM."""
    return cut_loads.designs(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def command(both):
    return netlist.build(BOARDS["ulx3s"], "85F", both[0], (simulated.CLOCKS_A_BIT,))


@pytest.fixture(scope="module")
def photographs(both, tmp_path_factory):
    folder = tmp_path_factory.mktemp("photographs")
    paths = []
    for seed in range(5):
        paths.append(folder / f"{seed}.png")
        Image.fromarray(synthetic.image(both[0].quantized.network, seed)).save(paths[-1])
    return paths


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_answer_is_right_whatever_starts_at_random(both, command, photographs, seed, capsys):
    design = both[0]
    assert netlist.check(design, command, photographs, seed) == 0
    said = capsys.readouterr().out
    assert f"{design.plan.cycles:,} cycles of {design.plan.cycles:,}" in said
    assert said.count("sums right") == 1 + len(photographs)


def test_weights_that_are_loaded_come_out_of_the_sdram(both, command):
    design = both[1]
    assert design.plan.stream_rows
    process, name = simulated.start(command, 1)
    line = Line(name)
    try:
        client = Client(line, patience=netlist.PATIENCE)
        client.load(design.image)
        assert client.held == Held.LOADED
        said = client.selftest()
        assert (list(said.sums), said.wrong) == (design.sums, 0)
        assert said.cycles <= design.plan.cycles
        picture = synthetic.image(design.quantized.network, 1)
        (answer,) = client.classify([(0, picture.tobytes())])
        want = reference.run(design.quantized, picture)["sums"].tolist()
        assert list(answer.result.sums) == want
        found = client.memtest()
        assert found.wrong == 0 and found.words % COLUMNS == 0 < found.words
    finally:
        line.close()
        process.stdin.close()
        process.stdout.close()
        process.wait()
