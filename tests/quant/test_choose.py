import numpy as np
import pytest
import torch

from quant.choose import candidate_table, candidates, sample
from quant.correct import correct_bias
from quant.fold import fold
from quant.straight import StraightNetwork
from quant.walk import walk
from spec import reference


@pytest.fixture
def found(module, photographs):
    return candidates(fold(module), photographs.labels, photographs)


def test_every_way_is_tried_and_the_best_comes_first(found):
    assert {(c.method, c.corrected) for c in found} == {
        (method, corrected)
        for method in ("minmax", "percentile", "mse")
        for corrected in (False, True)
    }
    divergences = [c.divergence for c in found]
    assert divergences == sorted(divergences)
    assert 0 < divergences[0] < 0.01
    assert max(c.sqnr_db for c in found) > 15
    assert len(candidate_table(found).splitlines()) == 7


def test_divergence_is_of_the_reference_s_probabilities_from_the_float_network_s(
    found, module, photographs
):
    pictures = photographs.images.permute(0, 2, 3, 1).numpy()
    with torch.no_grad():
        wanted = module(photographs.images / 255).double().softmax(dim=1).numpy()
    for candidate in found:
        quantized = candidate.quantized
        sums = [reference.run(quantized, picture)["sums"] for picture in pictures]
        got = np.array([reference.probabilities(quantized, own) for own in sums])
        expected = (wanted * np.log(wanted / got)).sum(axis=1).mean()
        assert candidate.divergence == pytest.approx(expected, rel=1e-3, abs=1e-6)


def test_corrected_biases_keep_every_channel_s_mean(module, photographs):
    folded = fold(module)
    images = photographs.images
    rounded = next(
        c for c in candidates(folded, photographs.labels, photographs, ("mse",)) if not c.corrected
    )
    wanted = {}

    def observe(conv, x):
        value = folded.preactivation(conv, x)
        wanted[conv.name] = value.double().mean(dim=(0, 2, 3)) / rounded.step[conv.name]
        return folded.convolve(conv, x)

    def errors(quantized):
        straight = StraightNetwork(quantized)
        largest = {}

        def convolve(conv, x):
            module = straight.conv(conv.name)
            scale = module.scale.flatten().double()
            mean = module.accumulator(x).double().mean(dim=(0, 2, 3)) * scale
            # In units of the bias's own step: rounding it leaves half a step.
            largest[conv.name] = float(((mean - wanted[conv.name]) / scale).abs().max())
            return module(x)

        for _ in walk(quantized.network, images.float(), convolve):
            pass
        return largest

    with torch.no_grad():
        for _ in walk(folded.network, images.float(), observe):
            pass
        before = errors(rounded.quantized)
        after = errors(correct_bias(rounded.quantized, folded, rounded.step, images))
    assert min(before.values()) > 2
    assert max(after.values()) <= 0.51


def test_a_sample_is_seeded_and_never_repeats(photographs):
    one = sample(photographs, 10, 1)
    assert one.names == sample(photographs, 10, 1).names
    assert one.names != sample(photographs, 10, 2).names
    assert len(set(one.names)) == 10
    assert len(sample(photographs, 1000, 1)) == len(photographs)
    assert len(sample(photographs, -1, 1)) == 0
