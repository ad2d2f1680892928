import pytest
import torch

from quant import calibrate
from quant.calibrate import BINS, METHODS, Histogram, histograms, range_owner
from quant.fold import FoldedConv, FoldedNetwork, fold
from spec.network import Fire


def histogram(values: torch.Tensor, levels: int = 255) -> Histogram:
    peak = float(values.abs().max())
    return Histogram(peak=peak, counts=values.abs().histc(BINS, 0, peak).double(), levels=levels)


@pytest.fixture
def heavy_tail() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(200_000, generator=generator).relu()
    values[0] = 40.0
    return values


def test_minmax_is_the_largest_value(heavy_tail):
    assert METHODS["minmax"](histogram(heavy_tail)) == 40.0


def test_percentile_leaves_the_outlier_out(heavy_tail):
    found = METHODS["percentile"](histogram(heavy_tail))
    share = (heavy_tail > found).double().mean()
    assert share <= 1e-4
    one_bin_less = found - 40.0 / BINS
    assert (heavy_tail > one_bin_less).double().mean() >= 0.9e-4


def test_percentile_of_a_constant_is_the_constant():
    assert METHODS["percentile"](histogram(torch.full((100,), 2.0))) == 2.0


def squared_error(values, largest, levels):
    step = largest / levels
    return ((values / step).round().clamp(max=levels) * step - values).square().mean()


@pytest.mark.parametrize("levels", [127, 255])
def test_mse_beats_the_others_on_the_values_themselves(heavy_tail, levels):
    h = histogram(heavy_tail, levels)
    error = {
        name: squared_error(heavy_tail.double(), method(h), levels)
        for name, method in METHODS.items()
    }
    assert error["mse"] < error["percentile"]
    assert error["mse"] < error["minmax"]


def test_histograms_have_one_range_for_both_expands(module, images):
    folded = fold(module)
    found = histograms(folded, images.split(12))
    parts = [dict(folded.tensors(part)) for part in images.split(12)]
    tensors = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
    for layer in folded.network.layers:
        if isinstance(layer, Fire):
            assert layer.expand1x1.name not in found
            assert range_owner(folded.network, layer.expand3x3.name) == layer.name
    assert set(found) == {range_owner(folded.network, c.name) for c in folded.network.convs}
    for name, h in found.items():
        assert h.peak == float(tensors[name].max())
        assert h.counts.sum() == tensors[name].numel()


def test_too_few_images_are_refused(module, images):
    few = images[: calibrate.MINIMUM_IMAGES - 1]
    with pytest.raises(ValueError, match="at least 8 images, not 7"):
        histograms(fold(module), [few])
    histograms(fold(module), [few, images[:1]])


def test_a_collapsed_network_is_named(module, images):
    folded = fold(module)
    dead = folded.convs | {
        "fire3.squeeze": FoldedConv(
            torch.zeros_like(folded.convs["fire3.squeeze"].weight),
            torch.zeros_like(folded.convs["fire3.squeeze"].bias),
        )
    }
    with pytest.raises(ValueError, match=r"fire3\.squeeze: its largest value .* is 0\.0"):
        histograms(FoldedNetwork(folded.network, dead), [images])
