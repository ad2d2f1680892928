"""``python -m quant.size FILE.onnx``: how small the weights are, layer by layer.

The integers as they are, a byte each; their entropy, which no code for single weights goes below;
and Huffman's code, one a layer. The "0.5 MB" of the SqueezeNet paper's title (Iandola et al., 2016)
are of such a code, after pruning (Han et al., "Deep Compression", 2016).
"""

import argparse
import heapq
import operator
import sys
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import numpy as np

from model.command import run
from spec import arith, artifact
from spec.arguments import Parser
from spec.models import packaged
from spec.quantized import QuantizedConv

FLOAT_BYTES = 4
LENGTH_BITS = 8
"""Of a code word's length, in the table in front of a layer: one for each integer ±127."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Weights of a layer: how many, how many of them zero, and the bytes of their codes."""

    weights: int
    zeros: int
    entropy: float
    huffman: int

    def __add__(self, other: "Size") -> "Size":
        return Size(
            weights=self.weights + other.weights,
            zeros=self.zeros + other.zeros,
            entropy=self.entropy + other.entropy,
            huffman=self.huffman + other.huffman,
        )


def huffman_bits(counts: np.ndarray) -> int:
    """Bits of all symbols in Huffman's code; ``counts`` says how often each occurs.

    A symbol alone still takes one bit each time. The sum of a Huffman tree's inner nodes is the
    length of the text.
    """
    heap = [int(count) for count in counts if count]
    if len(heap) < 2:
        return sum(heap)
    heapq.heapify(heap)
    bits = 0
    while len(heap) > 1:
        both = heapq.heappop(heap) + heapq.heappop(heap)
        bits += both
        heapq.heappush(heap, both)
    return bits


def size_of(conv: QuantizedConv) -> Size:
    """The weights of one convolution."""
    counts = np.bincount(conv.weight.ravel().astype(np.int64) + arith.WEIGHT_MAX)
    share = counts[counts > 0] / conv.weight.size
    return Size(
        weights=conv.weight.size,
        zeros=int((conv.weight == 0).sum()),
        entropy=float(-(share * np.log2(share)).sum()) * conv.weight.size / 8,
        huffman=-(-huffman_bits(counts) // 8),
    )


def line(name: str, size: Size) -> str:
    """A row of the table."""
    return (
        f"{name:<18}{size.weights:>11,}{size.zeros / size.weights:>8.1%}"
        f"{size.entropy:>13,.0f}{size.huffman:>11,}{8 * size.huffman / size.weights:>8.2f}"
    )


def measure(arguments: argparse.Namespace) -> int:
    quantized = artifact.load(arguments.model)
    sizes = {name: size_of(conv) for name, conv in quantized.convs.items()}
    total = reduce(operator.add, sizes.values())
    print(f"{'layer':<18}{'int8 bytes':>11}{'zero':>8}{'entropy':>13}{'Huffman':>11}{'bits':>8}")
    for name, size in sizes.items():
        print(line(name, size))
    print(line("total", total))
    tables = len(sizes) * (2 * arith.WEIGHT_MAX + 1) * LENGTH_BITS // 8
    others = sum(4 * 2 * conv.conv.channels for conv in quantized.convs.values())
    floats = FLOAT_BYTES * total.weights
    print(
        f"float32 {floats:,} bytes, int8 {total.weights:,}, "
        f"Huffman-coded {total.huffman:,}, 1/{floats / total.huffman:.1f} of float32"
    )
    print(
        f"beside the weights: tables of code lengths {tables:,} bytes, biases and multipliers "
        f"{others:,}; the ONNX file {arguments.model.stat().st_size:,}"
    )
    return 0


def main(argv: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m quant.size",
        description=__doc__,
        examples=(
            "",
            "mine.onnx",
        ),
    )
    parser.add_argument(
        "model", type=Path, nargs="?", default=packaged(), help="default: the packaged model"
    )
    parser.set_defaults(threads=1)
    return run("quant.size", measure, parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
