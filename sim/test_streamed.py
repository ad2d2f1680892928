"""A board whose weights come out of its SDRAM: loaded over the line, tested, and right."""

from dataclasses import replace
from pathlib import Path

import pytest

from host.client import Client
from host.line import Line
from hw.design import Design
from plan.engine import ENGINES
from plan.network_image import image_memories, network_image
from plan.planner import plan
from plan.stream import Stream
from sim import board
from sim.test_board import PATIENCE
from spec import artifact, reference, synthetic
from spec.protocol import Held
from spec.quantized import QuantizedNetwork
from spec.replies import digest
from spec.squeezenet import tiny

ENGINE = ENGINES["4x4"]
STREAM = Stream.of_sdram(board.CLOCK_HZ, ENGINE.stream_bits)


class Other:
    """A network all of whose weights are streamed, and its image for the board of a design."""

    def __init__(self, folder: Path):
        self.quantized = synthetic.quantized(tiny(image_size=16), seed=1)
        self.path = folder / "other.onnx"
        artifact.save(self.quantized, self.path)
        names = frozenset(conv.name for conv in self.quantized.network.convs)
        self.plan = plan(self.quantized.network, ENGINE, streamed=names, stream=STREAM)

    def image(self, design: Design) -> bytes:
        model = digest(self.path.read_bytes())
        made = network_image(self.quantized, self.plan, design.capacities, model)
        return made.pack(image_memories(ENGINE, design.capacities))


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    return Other(tmp_path_factory.mktemp("other"))


@pytest.fixture(scope="module")
def design(other, tmp_path_factory):
    """Its own network is on the chip."""
    path = tmp_path_factory.mktemp("model") / "first.onnx"
    artifact.save(synthetic.quantized(tiny(image_size=24)), path)
    others = replace(other.plan.needs(), stream_rows=1 << 12)
    return Design.load(path, ENGINE, board.CLOCK_HZ, others=others)


@pytest.fixture(scope="module")
def client(design):
    process, name = board.start(board.build(design, tick=1 << 11))
    line = Line(name)
    yield Client(line, patience=PATIENCE)
    line.close()
    process.stdin.close()
    process.stdout.close()
    assert process.wait() == 0


def answers(client: Client, quantized: QuantizedNetwork):
    """Its pictures have the right sums, in no more cycles than are promised."""
    pictures = [synthetic.image(quantized.network, seed) for seed in range(3)]
    for said in client.classify((n, picture.tobytes()) for n, picture in enumerate(pictures)):
        assert (
            list(said.result.sums) == reference.run(quantized, pictures[said.key])["sums"].tolist()
        )
        assert said.result.cycles <= client.identity.cycles
    assert client.selftest().wrong == 0


def free(rows: int) -> int:
    """Words that are tested beside so many rows of 32 bits."""
    return 512 * (board.PAGES - -(-2 * rows // 512))


def test_loaded_tested_and_right(client, design, other):
    answers(client, design.quantized)
    found = client.memtest()
    assert (found.wrong, found.words) == (0, free(1))
    assert client.held == Held.BUILT_IN
    for _ in range(2):
        client.load(other.image(design))
        assert client.identity.model == digest(other.path.read_bytes())
        answers(client, other.quantized)
        found = client.memtest()
        assert (found.wrong, found.words) == (0, free(other.plan.stream_rows))
        answers(client, other.quantized)
        client.load(design.image)
        answers(client, design.quantized)
    assert client.retries == 0
