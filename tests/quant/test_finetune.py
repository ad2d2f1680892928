import numpy as np
import pytest
import torch

from quant.choose import candidates
from quant.finetune import FineTuning, finetune
from quant.fold import fold
from quant.straight import StraightNetwork
from spec import reference


@pytest.fixture
def start(module, photographs):
    """A folded network and its integers."""
    folded = fold(module)
    return candidates(folded, photographs.labels, photographs, ("mse",))[0].quantized, folded


def integers(quantized):
    return np.concatenate([c.weight.ravel() for c in quantized.convs.values()])


def test_it_learns_and_stays_equal_to_the_reference(start, photographs):
    quantized, folded = start
    # The float network knows nothing: labels alone teach.
    how = FineTuning(epochs=6, rate=0.5, batch=6, teacher_share=0.0)
    epochs = list(finetune(quantized, folded, photographs, photographs, how))
    assert [e.number for e in epochs] == list(range(7))
    assert np.array_equal(integers(epochs[0].quantized), integers(quantized))
    assert epochs[-1].validation_loss < 0.8 * epochs[0].validation_loss
    last = epochs[-1].quantized
    assert not np.array_equal(integers(last), integers(quantized))
    image = photographs.images[0]
    expected = reference.run(last, image.permute(1, 2, 0).numpy())
    for name, value in StraightNetwork(last).tensors(image[None]):
        assert np.array_equal(value[0].detach().numpy(), expected[name])


def test_a_teacher_brings_the_integers_closer_to_float(start, photographs):
    quantized, folded = start
    # Most bits gone: plenty to win back.
    for conv in quantized.convs.values():
        conv.weight[...] = np.sign(conv.weight) * (np.abs(conv.weight) // 16 * 16)
    how = FineTuning(epochs=8, rate=0.3, batch=6, teacher_share=1.0)
    epochs = list(finetune(quantized, folded, photographs, photographs, how))
    with torch.inference_mode():
        wanted = folded.scores(photographs.images).softmax(dim=1)
        before, after = (
            (StraightNetwork(e.quantized)(photographs.images).softmax(dim=1) - wanted).abs().mean()
            for e in (epochs[0], epochs[-1])
        )
    assert after < 0.75 * before


def test_a_seed_gives_the_same_integers(start, photographs):
    quantized, folded = start

    def trained(seed):
        how = FineTuning(epochs=1, rate=0.5, seed=seed)
        *_, last = finetune(quantized, folded, photographs, photographs, how)
        return integers(last.quantized)

    assert np.array_equal(trained(1), trained(1))
    assert not np.array_equal(trained(1), trained(2))


def test_divergence_is_named(start, photographs):
    quantized, folded = start
    how = FineTuning(epochs=3, rate=float("inf"), batch=6)
    with pytest.raises(ValueError, match="not a number in fine-tuning epoch 1; lower --rate"):
        list(finetune(quantized, folded, photographs, photographs, how))


def test_an_accumulator_out_of_bounds_is_named(start, photographs):
    quantized, folded = start
    how = FineTuning(epochs=1, rate=1e6)
    with pytest.raises(ValueError, match=r"fine-tuning epoch 1: .*accumulator.*; lower --rate"):
        list(finetune(quantized, folded, photographs, photographs, how))


@pytest.mark.parametrize(
    ("change", "message"),
    [({"epochs": 0}, "epochs must be at least 1"), ({"rate": 0.0}, "rate must be above 0")],
)
def test_bad_settings(change, message):
    with pytest.raises(ValueError, match=message):
        FineTuning(**{"epochs": 1} | change)
