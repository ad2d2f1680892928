import hashlib
from pathlib import Path

import pytest
import torch

from quant.evaluate import Judges
from spec import artifact, synthetic
from spec.decision import NONE
from spec.models import packaged
from spec.squeezenet import Metaparameters, squeezenet


@pytest.fixture(scope="module")
def quantized():
    return artifact.load(packaged())


def test_it_is_the_reference_network_and_small(quantized):
    assert quantized.network == squeezenet(Metaparameters(classes=6))
    assert quantized.network.weights <= 90_000
    assert quantized.labels == ("CARACAL", "CHEETAH", "LION", "PUMA", "TIGER", NONE)
    assert packaged().stat().st_size <= 120_000


def test_it_tells_its_accuracy_and_where_it_comes_from(quantized):
    right = {}
    for kind in ("float", "int8"):
        for part, photographs in (("validation", 141), ("test", 25)):
            text = quantized.metadata[f"accuracy.{kind}.{part}"]
            right[kind, part] = int(text.split("(")[1].split()[0])
            assert text.endswith(f"of {photographs})")
    # At most one point below float, that is one of 141.
    assert right["int8", "validation"] >= right["float", "validation"] - 1
    for key in ("command", "versions", "seed", "checkpoint", "training"):
        assert quantized.metadata[f"provenance.{key}"]


def test_it_can_answer_none_and_tells_how_its_threshold_was_found(quantized):
    assert quantized.decision.none == 5
    assert quantized.decision.threshold > 0
    assert quantized.metadata["threshold"].startswith("recall 0.95: 134 of 141 ")


def test_its_float_checkpoint_is_kept(quantized):
    content = (Path(__file__).parents[2] / "model" / "wildcats5.pt").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    assert quantized.metadata["provenance.checkpoint"] == f"wildcats5.pt, sha256 {digest}"


def test_three_programs_agree_on_a_made_image(quantized):
    judges = Judges(packaged())
    image = torch.from_numpy(synthetic.image(quantized.network)).permute(2, 0, 1).contiguous()
    judges.sums(image)
    assert judges.agree
    assert all(agreement.values for agreement in judges.agreements.values())
