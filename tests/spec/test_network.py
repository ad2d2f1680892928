import re

import pytest

from spec.network import Conv, FeatureMap, Fire, MaxPool, Network

MAP = FeatureMap(3, 8, 9)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FeatureMap(0, 1, 1), "channels must be at least 1, not 0"),
        (lambda: FeatureMap(1, 1.5, 1), "height must be an integer, not 1.5"),
        (lambda: Conv(name="c", i=MAP, channels=0), "c: channels must be at least 1"),
        (lambda: Conv(name="c", i=MAP, channels=1, padding=2), "c: padding must be from 0 to"),
        (lambda: Conv(name="c", i=MAP, channels=1, kernel=9), "c: a 9×9 kernel does not fit"),
        (lambda: MaxPool(name="p", i=MAP, kernel=2, stride=3), "p: stride must be at most"),
        (
            lambda: MaxPool(name="p", i=FeatureMap(3, 1, 9)),
            "p: a 3×3 window does not fit a map of 3×1×9",
        ),
        (
            lambda: Fire(
                name="f", i=MAP, squeeze_channels=1, expand1x1_channels=0, expand3x3_channels=1
            ),
            "f: expand1x1_channels must be at least 1",
        ),
    ],
)
def test_layers_refuse(make, message):
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        make()


FIRST = Conv(name="conv1", i=MAP, channels=4)
LAST = Conv(name="conv2", i=FIRST.o, channels=2)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ((), "the first layer must be a convolution"),
        ((MaxPool(name="p", i=MAP),), "the first layer must be a convolution"),
        ((FIRST,), "the last layer must be a convolution of its own"),
        ((FIRST, MaxPool(name="p", i=FIRST.o)), "the last layer must be a convolution"),
        ((FIRST, FIRST), "conv1: its input is 3×8×9, but 4×8×9 comes before"),
        (
            (FIRST, Conv(name="conv2", i=FIRST.o, channels=2, kernel=3)),
            "the last convolution must be 1×1 with stride 1",
        ),
        (
            (FIRST, Conv(name="a", i=FIRST.o, channels=4), LAST),
            "a: only the first and last layers are convolutions",
        ),
        (
            (Conv(name="conv1", i=MAP, channels=4, relu=False), LAST),
            "conv1: only the last convolution may go without ReLU",
        ),
        ((FIRST, Conv(name="conv1", i=FIRST.o, channels=2)), "two layers are named conv1"),
    ],
)
def test_network_refuses(layers, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Network("net", MAP, layers)


def test_sizes_follow_pytorch():
    # torch.nn.Conv2d and torch.nn.MaxPool2d(ceil_mode=True) on 8 and 9.
    conv = Conv(name="c", i=MAP, channels=4, kernel=3, stride=2, padding=1)
    assert conv.o.shape == (4, 4, 5)
    assert Conv(name="c", i=MAP, channels=4, kernel=3, stride=2).o.shape == (4, 3, 4)
    assert MaxPool(name="p", i=MAP).o.shape == (3, 4, 4)
    assert MaxPool(name="p", i=MAP, kernel=2).o.shape == (3, 4, 5)
    assert MaxPool(name="p", i=FeatureMap(3, 2, 2)).o.shape == (3, 1, 1)


def test_a_fire_gives_four_tensors():
    fire = Fire(name="f", i=FIRST.o, squeeze_channels=2, expand1x1_channels=3, expand3x3_channels=5)
    network = Network("net", MAP, (FIRST, fire, Conv(name="conv2", i=fire.o, channels=2)))
    assert [(name, shape.channels) for name, shape in network.tensors()] == [
        ("conv1", 4),
        ("f.squeeze", 2),
        ("f.expand1x1", 3),
        ("f.expand3x3", 5),
        ("f", 8),
        ("conv2", 2),
    ]
    assert [conv.name for conv in network.convs] == [
        *("conv1", "f.squeeze", "f.expand1x1", "f.expand3x3", "conv2")
    ]
    assert fire.expand3x3.macs == 5 * 2 * 9 * 72
