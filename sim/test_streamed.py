"""A board with an SDRAM: a network that streams its weights, loaded, tested, and right."""

import pytest

from host.client import Client
from host.line import Line
from hw.design import Design
from plan.sdram import COLUMNS, words
from sim import board, cut_loads, fuzz
from sim.test_board import PATIENCE
from spec import reference, synthetic
from spec.protocol import Held


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The network that is built in, on the chip, and one that is streamed."""
    return cut_loads.designs(tmp_path_factory.mktemp("models"))


@pytest.fixture
def client(both):
    process, name = board.start(board.build(both[0], tick=fuzz.TICK))
    line = Line(name)
    yield Client(line, patience=PATIENCE)
    line.close()
    process.stdin.close()
    process.stdout.close()
    assert process.wait() == 0


def check(client: Client, design: Design):
    """It answers as the network does, in no more cycles than are promised, and the memory that
    the network leaves is right."""
    quantized, cycles = design.quantized, design.plan.cycles
    assert client.identity == design.identity
    found = client.memtest()
    pages = -(-max(1, design.plan.stream_rows) * words(design.engine.stream_bits) // COLUMNS)
    assert (found.wrong, found.words) == (0, COLUMNS * (board.PAGES - pages))
    pictures = [synthetic.image(quantized.network, seed) for seed in range(3)]
    for said in client.classify((n, picture.tobytes()) for n, picture in enumerate(pictures)):
        sums = reference.run(quantized, pictures[said.key])["sums"]
        assert list(said.result.sums) == sums.tolist()
        assert said.result.cycles <= cycles
    assert client.selftest().wrong == 0


def test_loaded_tested_and_right(client, both):
    first, streamed = both
    assert streamed.plan.stream_rows and not first.plan.stream_rows
    check(client, first)
    assert client.held == Held.BUILT_IN
    for design in (streamed, first, streamed):
        client.load(design.image)
        assert client.held == Held.LOADED
        check(client, design)
    assert client.retries == 0
