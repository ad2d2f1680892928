"""A few loads, cut off and damaged: what is held afterwards is whole."""

from plan.engine import ENGINES
from sim import board, cut_loads
from spec import artifact, synthetic
from spec.models import packaged
from spec.squeezenet import tiny


def test_a_board_holds_the_old_network_the_new_one_or_none(tmp_path):
    session = cut_loads.cut_loads(tmp_path, loads=24, seed=3)
    assert {held for _, held in session.counts} == {"old", "new", "none"}
    assert session.counts["whole", "new"]


def test_networks_of_an_engine_share_a_circuit(tmp_path):
    paths = [packaged()]
    for size in (16, 32, 64):
        paths.append(tmp_path / f"{size}.onnx")
        artifact.save(synthetic.quantized(tiny(image_size=size)), paths[-1])
    made = [board.holding(path, ENGINES["16x16"]) for path in paths]
    assert all(design.identity == made[0].identity for design in made)
    # One that needs more gets a circuit of its own, with the same network in it.
    artifact.save(synthetic.quantized(tiny(image_size=240)), paths[-1])
    large = board.holding(paths[-1], ENGINES["16x16"])
    assert large.capacities.height == 240
    assert large.identity.model == made[0].identity.model
