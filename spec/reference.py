"""The reference: every tensor of a quantized network, in NumPy, in exact integers.

Convolutions are float32 matrix products, and still exact. A product ``w·u`` is an integer, and
so is every partial sum; whatever the order of the additions, and with or without fused
multiply-add, a partial sum is bounded by ``Σ|w|·255``, which :class:`spec.quantized.QuantizedConv`
keeps below 2^24. All integers up to 2^24 are float32 numbers, so nothing is ever rounded.
"""

import numpy as np

from spec import arith
from spec.network import Fire, MaxPool
from spec.quantized import QuantizedConv, QuantizedNetwork

BEST = 5
"""How many classes an answer names at most: ImageNet has a thousand."""


def accumulate(quantized: QuantizedConv, u: np.ndarray) -> np.ndarray:
    """``b + Σ w·u`` at every position: int64, shape ``conv.o.shape``.

    ``u`` is uint8 of shape ``conv.i.shape``.
    """
    conv = quantized.conv
    if u.dtype != np.uint8 or u.shape != conv.i.shape:
        raise ValueError(
            f"{conv.name}: input must be uint8 of shape {conv.i.shape}, "
            f"not {u.dtype} of shape {u.shape}"
        )
    channels, height, width = conv.o.shape
    margin = (conv.padding, conv.padding)
    padded = np.pad(u.astype(np.float32), ((0, 0), margin, margin))
    patches = np.empty((conv.i.channels, conv.kernel, conv.kernel, height, width), np.float32)
    for row in range(conv.kernel):
        for column in range(conv.kernel):
            rows = slice(row, row + conv.stride * (height - 1) + 1, conv.stride)
            columns = slice(column, column + conv.stride * (width - 1) + 1, conv.stride)
            patches[:, row, column] = padded[:, rows, columns]
    weight = quantized.weight.reshape(channels, -1).astype(np.float32)
    products = weight @ patches.reshape(-1, height * width)
    total = products.astype(np.int64) + quantized.bias[:, None]
    return total.reshape(conv.o.shape)


def convolve(quantized: QuantizedConv, u: np.ndarray) -> np.ndarray:
    """A convolution's output: uint8, or int8 without ReLU, of shape ``conv.o.shape``."""
    relu = quantized.conv.relu
    accumulator = accumulate(quantized, u)
    result = arith.requantize(accumulator, quantized.multiplier[:, None, None], relu)
    return result.astype(np.uint8 if relu else np.int8)


def max_pool(pool: MaxPool, u: np.ndarray) -> np.ndarray:
    """The maximum over each window, cut at the map's edge: uint8, shape ``pool.o.shape``."""
    _, height, width = pool.o.shape
    # Zero never wins over an activation, so it may stand for what lies beyond the edge.
    rows = pool.stride * (height - 1) + pool.kernel
    columns = pool.stride * (width - 1) + pool.kernel
    padded = np.zeros((pool.i.channels, rows, columns), np.uint8)
    padded[:, : pool.i.height, : pool.i.width] = u[:, :rows, :columns]
    result = np.zeros(pool.o.shape, np.uint8)
    for row in range(pool.kernel):
        for column in range(pool.kernel):
            tap = padded[:, row : row + rows - pool.kernel + 1, :]
            tap = tap[:, :: pool.stride, column : column + columns - pool.kernel + 1 : pool.stride]
            np.maximum(result, tap, out=result)
    return result


def run(quantized: QuantizedNetwork, image: np.ndarray) -> dict[str, np.ndarray]:
    """Every tensor of the network for one image.

    Parameters
    ----------
    quantized
        The network.
    image
        uint8 of shape (height, width, channels): raw RGB.

    Returns
    -------
    dict
        Each name of ``network.tensors()``, in that order: (channels, height, width), uint8, or
        int8 for a last convolution without ReLU. Then ``"sums"``: int64, (classes,), the last
        tensor summed over positions.

    Raises
    ------
    ValueError
        If the image has another type or size than the network takes.
    """
    network = quantized.network
    expected = (network.image.height, network.image.width, network.image.channels)
    if image.dtype != np.uint8 or image.shape != expected:
        raise ValueError(
            f"the image must be uint8 of shape {expected} (height, width, channels), "
            f"not {image.dtype} of shape {image.shape}"
        )
    below = np.ascontiguousarray(image.transpose(2, 0, 1))
    tensors = {}
    for layer in network.layers:
        if isinstance(layer, MaxPool):
            tensors[layer.name] = max_pool(layer, below)
        elif isinstance(layer, Fire):
            squeeze, *expands = (quantized.convs[conv.name] for conv in layer.convs)
            narrow = tensors[squeeze.conv.name] = convolve(squeeze, below)
            for expand in expands:
                tensors[expand.conv.name] = convolve(expand, narrow)
            tensors[layer.name] = np.concatenate([tensors[e.conv.name] for e in expands])
        else:
            tensors[layer.name] = convolve(quantized.convs[layer.name], below)
        below = tensors[layer.name]
    tensors["sums"] = below.sum(axis=(1, 2), dtype=np.int64)
    return tensors


def probabilities(quantized: QuantizedNetwork, sums: np.ndarray) -> np.ndarray:
    """Softmax of the class means: float64, shape (classes,).

    ``sums`` is what :func:`run` or the circuit gives: integers, shape (classes,).
    """
    last = quantized.network.last
    logits = np.asarray(sums) * (2.0 ** quantized.scale_log2(last.name) / last.o.pixels)
    odds = np.exp(logits - logits.max())
    return odds / odds.sum()


def best(quantized: QuantizedNetwork, sums: np.ndarray) -> list[tuple[int, float]]:
    """The ``BEST`` likeliest classes and their probabilities, likeliest first; of equals the first.

    ``sums`` is as for :func:`probabilities`.
    """
    odds = probabilities(quantized, sums)
    order = np.argsort(-np.asarray(sums), kind="stable")[:BEST]
    return [(int(index), float(odds[index])) for index in order]
