"""The window generator against NumPy, and against its own timing in plain Python."""

from itertools import product
from random import Random

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hw.engine.window import WindowGenerator
from sim import runner

REFERENCE = {"height": 9, "width": 224, "kernel": 3, "stride": 2, "padding": 1}


class Bank(wiring.Component):
    """Window generators side by side, so that one build serves many geometries."""

    def __init__(self, geometries: list[dict[str, int]]):
        self._generators = [WindowGenerator(**geometry) for geometry in geometries]
        super().__init__(
            {f"g{k}": In(one.signature.flip()) for k, one in enumerate(self._generators)}
        )

    def elaborate(self, platform):
        m = Module()
        for k, generator in enumerate(self._generators):
            m.submodules[f"generator_{k}"] = generator
            wiring.connect(m, wiring.flipped(getattr(self, f"g{k}")), generator)
        return m


def geometries(kernel: int, seed: int) -> list[dict[str, int]]:
    """Every stride and padding with every word size, image and ring of random small sizes."""
    rng = Random(seed)
    result = []
    for stride, padding, word_bytes in product((1, 2), range(kernel // 2 + 1), (4, 8, 16)):
        result.append(
            {
                "height": rng.randrange(max(1, kernel - 2 * padding), kernel + 6),
                "width": rng.randrange(max(5, kernel - 2 * padding), kernel + 8),
                "kernel": kernel,
                "stride": stride,
                "padding": padding,
                "word_bytes": word_bytes,
                "ring_rows": rng.randrange(1, 4),
            }
        )
    return result


@pytest.mark.parametrize("kernel", [1, 3, 5, 7])
def test_patches_and_their_timing(kernel):
    bank = geometries(kernel, seed=kernel)
    if kernel == 3:
        bank.append(REFERENCE | {"word_bytes": 16, "ring_rows": 4})
    runner.run(
        Bank(bank),
        "sim.bench_window",
        name=f"window_{kernel}",
        parameters={"seed": 1, "geometries": bank},
    )
