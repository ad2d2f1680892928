import numpy as np
import pytest

from spec import reference, synthetic
from spec.squeezenet import squeezenet, tiny


@pytest.mark.parametrize("network", [tiny(), tiny(image_size=20, blocks=2), squeezenet()])
@pytest.mark.parametrize("seed", [0, 1])
def test_no_layer_is_constant(network, seed):
    quantized = synthetic.quantized(network, seed)
    tensors = reference.run(quantized, synthetic.image(network, seed + 50))
    for name, shape in network.tensors():
        tensor = tensors[name]
        assert len(np.unique(tensor)) > min(20, shape.values // 3), name
        assert (tensor == 255).mean() < 0.5, name
        assert (tensor == 0).mean() < 0.8, name


def test_the_seed_decides():
    network = tiny()
    one, same, other = (synthetic.quantized(network, seed) for seed in (3, 3, 4))
    for name, conv in one.convs.items():
        for key in ("weight", "bias", "multiplier"):
            assert np.array_equal(getattr(conv, key), getattr(same.convs[name], key))
            assert not np.array_equal(getattr(conv, key), getattr(other.convs[name], key))
    image = synthetic.image(network, 3)
    assert image.shape == (8, 8, 3)
    assert image.dtype == np.uint8
    assert np.array_equal(image, synthetic.image(network, 3))
    assert not np.array_equal(image, synthetic.image(network, 4))


def test_ties_happen():
    # A tie is where the remainder of acc · M is exactly one half.
    network = squeezenet()
    quantized = synthetic.quantized(network)
    image = synthetic.image(network, 9).transpose(2, 0, 1)
    conv = quantized.convs["conv1"]
    product = reference.accumulate(conv, image) * conv.multiplier[:, None, None].astype(np.int64)
    result = product >> 16
    assert (((product & 0xFFFF) == 0x8000) & (result >= 0) & (result < 255)).sum() > 100


def test_saturated_sums_lie_beyond_the_range_at_either_end():
    # As far as a requantizer takes to be beyond it whatever the product: see hw/engine.
    network = tiny(image_size=20, blocks=2)
    quantized = synthetic.saturated(synthetic.quantized(network))
    tensors = reference.run(quantized, synthetic.image(network))
    below = synthetic.image(network).transpose(2, 0, 1)
    ends = set()
    for name, conv in quantized.convs.items():
        if conv.conv.i.shape == below.shape:
            sums = reference.accumulate(conv, below) + conv.bias[:, None, None]
            far = (abs(sums) >= 2**17) & (conv.multiplier >= 2**7)[:, None, None]
            ends |= set(np.sign(sums[far]))
        below = tensors.get(name, below)
    assert ends == {-1, 1}
