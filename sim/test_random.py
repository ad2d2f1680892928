"""Networks and engines drawn at random: what nobody thought of.

The environment variable CARACAL_DRAWS says how many; a failing draw can be repeated by its number.
"""

import os

import pytest

from sim.compare import differences
from sim.cosimulate import build, core, observe
from sim.networks import drawn
from spec import reference, synthetic


@pytest.mark.parametrize("draw", range(int(os.environ.get("CARACAL_DRAWS", "3"))))
def test_drawn_networks(draw):
    planned = drawn(draw, pairs=bool(draw % 2))
    print(planned.network, planned.engine)
    quantized = synthetic.quantized(planned.network, draw)
    images = [synthetic.image(planned.network, seed) for seed in range(2)]
    model = build(core(quantized, planned), planned)
    for stall in (0.0, 0.5):
        frames = observe(model, planned, images, i_stall=stall, o_stall=stall, seed=draw + 1)
        for image, frame in zip(images, frames, strict=True):
            counts = differences(frame.tensors, reference.run(quantized, image))
            assert {name: count for name, count in counts.items() if count} == {}
            assert stall or frame.cycles == planned.cycles
