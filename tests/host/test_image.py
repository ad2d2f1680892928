"""What a board says of its engine is enough to plan for it."""

import pytest

from host.image import board_engine
from hw.design import Design
from plan.engine import ENGINES
from spec import artifact, synthetic
from spec.replies import Identity
from spec.squeezenet import tiny


@pytest.mark.parametrize("name", ["16x4-lut4", "16x8x2", "4x4x2-lut5"])
def test_a_board_s_engine_is_understood(name, tmp_path):
    path = tmp_path / "small.onnx"
    artifact.save(synthetic.quantized(tiny()), path)
    design = Design.load(path, ENGINES[name], 100_000_000)
    told = Identity.unpack(design.identity.pack())
    assert board_engine(told) == (ENGINES[name], design.capacities)
