import math
from dataclasses import replace

import numpy as np
import torch

from quant.choose import candidates
from quant.fold import fold
from quant.report import (
    MANY,
    Accuracy,
    Noise,
    accuracies,
    accuracy,
    in_words,
    layer_table,
    layers,
)
from quant.straight import StraightNetwork


def test_noise_in_decibels():
    noise = Noise()
    noise.add(torch.tensor([3.0, 4.0]), torch.tensor([3.0, 4.0]))
    assert noise.decibels == math.inf
    noise.add(torch.tensor([5.0, 0.0]), torch.tensor([5.0, 0.5]))
    assert noise.decibels == 10 * math.log10(50 / 0.25)
    silence = Noise()
    silence.add(torch.zeros(1), torch.ones(1))
    assert silence.decibels == -math.inf


def test_accuracy_counts_the_first_of_equal_scores():
    scores = torch.tensor([[1.0, 1.0], [0.0, 2.0], [3.0, 1.0]])
    found = accuracy(scores, torch.tensor([0, 1, 1]))
    assert found == Accuracy(2, 3)
    assert str(found) == "0.6667 (2 of 3)"


def test_layers_count_what_they_say(module, photographs):
    folded = fold(module)
    best = candidates(folded, photographs.labels, photographs, ("percentile",))[0]
    # A channel that is always at the top, to be counted.
    conv = best.quantized.convs["fire2.squeeze"]
    bias = conv.bias.copy()
    bias[0] = 2**23
    convs = best.quantized.convs | {"fire2.squeeze": replace(conv, bias=bias)}
    changed = replace(best.quantized, convs=convs)
    reports = layers(changed, folded, best.step, photographs.images.split(7))
    assert [r.name for r in reports] == [conv.name for conv in folded.network.convs]
    tensors = dict(StraightNetwork(changed).tensors(photographs.images))
    for report in reports:
        multiplier = changed.convs[report.name].multiplier
        expected = (multiplier.min(), int(np.median(multiplier)), multiplier.max())
        assert report.multipliers == expected
        assert report.saturated == float((tensors[report.name] == 255).double().mean())
        assert report.range == best.step[report.name] * 255
    by_name = {r.name: r for r in reports}
    assert by_name["fire2.squeeze"].saturated >= 1 / 4
    assert by_name["conv1"].sqnr_db > 30 > by_name["fire2.squeeze"].sqnr_db
    assert len(layer_table(reports).splitlines()) == len(reports) + 1


def test_the_target_may_be_among_the_best():
    scores = torch.tensor([[3.0, 1.0, 2.0], [1.0, 1.0, 1.0], [0.0, 5.0, 6.0]])
    targets = torch.tensor([2, 1, 0])
    assert [accuracy(scores, targets, best).right for best in (1, 2, 3)] == [0, 2, 3]


def test_five_of_many_classes():
    scores = torch.arange(MANY).float()[None]
    found = accuracies(scores, torch.tensor([MANY - 5]))
    assert {name: value.right for name, value in found.items()} == {"top-1": 0, "top-5": 1}
    assert in_words(found) == (
        "top-1 0.0000 (0 of 1), 95 %: 0.000 to 0.793; top-5 1.0000 (1 of 1), 95 %: 0.207 to 1.000"
    )
    few = accuracies(scores[:, 1:], torch.tensor([0]))
    assert in_words(few) == "0.0000 (0 of 1), 95 %: 0.000 to 0.793"
