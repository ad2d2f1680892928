"""A network and its plan as an image: all the memories', and what the shell says."""

import struct
from dataclasses import replace

import pytest

import plan.network_image as network_image_module
from plan.contents import contents
from plan.engine import ENGINES
from plan.image import Image
from plan.memories import fingerprint
from plan.network_image import image_memories, network_image, selftest_sums
from plan.planner import plan
from plan.schedule import PlanError
from plan.stream import Stream
from spec import synthetic
from spec.replies import NETWORK_WORDS, NetworkIdentity
from spec.squeezenet import tiny

ENGINE = ENGINES["4x4"]


def test_an_image_has_the_contents_of_every_memory():
    quantized = synthetic.quantized(tiny(image_size=16))
    made = plan(quantized.network, ENGINE)
    needs = made.needs()
    image = network_image(quantized, made, needs, b"12345678")
    memories = image_memories(ENGINE, needs)
    read = Image.unpack(image.pack(memories), fingerprint(ENGINE, needs), memories)
    held = contents(quantized, made, needs)
    for name in ("registers", "program", "params", "weights"):
        assert list(read.contents[name]) == getattr(held, name)
    words = read.contents["shell"]
    said = NetworkIdentity.of(quantized, cycles=made.cycles, model=b"12345678")
    assert struct.pack(f"<{NETWORK_WORDS}I", *words[:NETWORK_WORDS]) == said.pack_network()
    sums = struct.pack(f"<{quantized.network.classes}i", *selftest_sums(quantized))
    assert struct.pack(f"<{len(words) - NETWORK_WORDS}I", *words[NETWORK_WORDS:]) == sums


@pytest.mark.parametrize("name", ["registers", "program", "params", "weights", "stream"])
@pytest.mark.parametrize("more", [-1, 1])
def test_an_image_fills_what_the_program_reads(name, more, monkeypatch):
    quantized = synthetic.quantized(tiny(image_size=16))
    convs = [conv.name for conv in quantized.network.convs]
    stream = Stream.of_sdram(100_000_000, ENGINE.stream_bits)
    made = plan(quantized.network, ENGINE, streamed=frozenset(convs[::2]), stream=stream)
    needs = made.needs()
    network_image(quantized, made, needs, b"12345678")
    held = contents(quantized, made, needs)
    words = getattr(held, name)
    wrong = replace(held, **{name: words[:more] if more < 0 else [*words, 0]})
    monkeypatch.setattr(network_image_module, "contents", lambda *given: wrong)
    with pytest.raises(ValueError, match=f"{name}: {len(words) + more} words, where the program"):
        network_image(quantized, made, needs, b"12345678")


def test_what_does_not_fit_is_refused():
    quantized = synthetic.quantized(tiny(image_size=16))
    made = plan(quantized.network, ENGINE)
    small = replace(made.needs(), classes=2)
    with pytest.raises(PlanError, match="3 classes of 2"):
        network_image(quantized, made, small, b"12345678")
