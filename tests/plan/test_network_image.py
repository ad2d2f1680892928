"""A network and its plan as an image: all the memories', and what the shell says."""

import struct
from dataclasses import replace

import pytest

from plan.contents import contents
from plan.engine import ENGINES
from plan.image import Image
from plan.memories import fingerprint
from plan.network_image import image_memories, network_image, selftest_sums
from plan.planner import plan
from plan.schedule import PlanError
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


def test_what_does_not_fit_is_refused():
    quantized = synthetic.quantized(tiny(image_size=16))
    made = plan(quantized.network, ENGINE)
    small = replace(made.needs(), classes=2)
    with pytest.raises(PlanError, match="3 classes of 2"):
        network_image(quantized, made, small, b"12345678")
