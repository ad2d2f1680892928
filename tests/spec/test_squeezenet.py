import re

import pytest

from spec.squeezenet import Metaparameters, published, squeezenet, tiny


def test_the_reference_network():
    network = squeezenet()
    assert network.weights == 85_488
    assert network.macs == 65_423_232
    shapes = dict(network.tensors())
    assert [shapes[name].width for name in ("conv1", "pool1", "pool3", "pool5")] == [
        *(112, 56, 28, 14)
    ]
    assert [shapes[f"fire{n}"].channels for n in range(2, 8)] == [32, 32, 64, 64, 96, 96]
    assert shapes["conv8"].shape == (5, 14, 14)


# Weights: the paper's table 1 and https://github.com/forresti/SqueezeNet; without biases.
@pytest.mark.parametrize(
    ("version", "changes", "weights", "macs", "last"),
    [
        ("1.0", {}, 1_244_448, 818_924_576, 13),
        ("1.1", {}, 1_231_552, 349_151_936, 13),
        ("1.0", {"image_size": 227, "last_padding": 1}, 1_244_448, 861_339_936, 15),
    ],
)
def test_published_networks(version, changes, weights, macs, last):
    network = published(version, **changes)
    assert network.weights == weights
    assert network.macs == macs
    assert network.last.o.shape == (1000, last, last)


def test_metaparameters_change_what_they_say():
    network = squeezenet(
        Metaparameters(
            num_filters=20,
            blocks=2,
            base_e=16,
            incr_e=8,
            freq=1,
            pct_3x3=0.25,
            squeeze_ratio=0.125,
            classes=7,
            image_size=64,
            conv1_kernel=7,
            conv1_stride=2,
            conv1_padding=0,
            pool_kernel=2,
        )
    )
    shapes = {name: shape.shape for name, shape in network.tensors()}
    assert shapes["conv1"] == (20, 29, 29)
    assert shapes["pool1"] == (20, 15, 15)
    assert [shapes[f"fire{n}.squeeze"][0] for n in range(2, 6)] == [2, 3, 4, 5]
    assert [shapes[f"fire{n}.expand1x1"][0] for n in range(2, 6)] == [12, 18, 24, 30]
    assert [shapes[f"fire{n}.expand3x3"][0] for n in range(2, 6)] == [4, 6, 8, 10]
    assert shapes["conv6"] == (7, 8, 8)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"blocks": 0}, "blocks must be at least 1, not 0"),
        ({"incr_e": -1}, "incr_e must be at least 0, not -1"),
        ({"pct_3x3": 1.0}, "pct_3x3 must lie between 0 and 1"),
        ({"squeeze_ratio": 0.0}, "squeeze_ratio must be above 0"),
        ({"squeeze_ratio": 0.3}, "squeeze_ratio · e must be a whole number: 0.3 · 32 = 9.6"),
        ({"image_size": 4}, "pool3: a 3×3 window does not fit a map of 32×1×1"),
    ],
)
def test_metaparameters_refuse(changes, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        squeezenet(Metaparameters(**changes))


def test_an_unknown_version_is_refused():
    with pytest.raises(ValueError, match=re.escape("version must be one of 1.0, 1.1, not 2.0")):
        published("2.0")


def test_tiny_is_tiny():
    assert tiny().weights < 1000
