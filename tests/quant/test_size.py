"""The bytes that a code would take are those it takes."""

import heapq
from dataclasses import replace
from itertools import count

import numpy as np
import pytest

from quant.size import huffman_bits, main, size_of
from spec import artifact, synthetic
from spec.squeezenet import tiny


def code_lengths(counts: dict[int, int]) -> dict[int, int]:
    """The length of each symbol's word, from the tree itself."""
    order = count()
    heap = [(number, next(order), (symbol,)) for symbol, number in counts.items()]
    heapq.heapify(heap)
    lengths = dict.fromkeys(counts, 0)
    while len(heap) > 1:
        (a, _, left), (b, _, right) = heapq.heappop(heap), heapq.heappop(heap)
        for symbol in left + right:
            lengths[symbol] += 1
        heapq.heappush(heap, (a + b, next(order), left + right))
    return lengths


@pytest.mark.parametrize("seed", range(5))
def test_the_bits_are_those_of_the_words(seed):
    rng = np.random.default_rng(seed)
    text = np.rint(rng.normal(0, 3 * (seed + 1), 1000)).astype(int)
    symbols, counts = np.unique(text, return_counts=True)
    found = dict(zip(symbols.tolist(), counts.tolist(), strict=True))
    lengths = code_lengths(found)
    assert sum(2.0**-length for length in lengths.values()) == 1  # a whole prefix code
    assert huffman_bits(counts) == sum(found[symbol] * lengths[symbol] for symbol in found)


def test_corners():
    assert huffman_bits(np.array([0, 0])) == 0
    assert huffman_bits(np.array([0, 7, 0])) == 7
    assert huffman_bits(np.array([5, 9])) == 14


def test_zeros_and_entropy_of_a_layer():
    conv = synthetic.quantized(tiny()).convs["conv1"]
    weight = np.zeros_like(conv.weight)
    weight.flat[: weight.size // 4] = -127
    weight.flat[weight.size // 4 : weight.size // 2] = 127
    size = size_of(replace(conv, weight=weight))
    assert size.zeros == weight.size // 2
    assert size.entropy == 1.5 * weight.size / 8 == 40.5
    assert size.huffman == 41


def test_the_command(tmp_path, capsys):
    path = tmp_path / "tiny.onnx"
    artifact.save(synthetic.quantized(tiny()), path)
    assert main([str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    convs = [conv.name for conv in tiny().convs]
    assert [line.split()[0] for line in lines[1:-2]] == [*convs, "total"]
    totals = [int(line.split()[1].replace(",", "")) for line in lines[1:-2]]
    assert totals[-1] == sum(totals[:-1]) == tiny().weights
    assert f"int8 {tiny().weights:,}" in lines[-2]
    assert main([str(tmp_path / "no.onnx")]) == 2
    assert "no.onnx: cannot be read" in capsys.readouterr().err
