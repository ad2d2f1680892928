"""The window generator against NumPy, and against its own timing in plain Python."""

from itertools import cycle
from random import Random

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hw.engine.window import WindowGenerator
from plan.window import WindowGeometry
from sim import runner
from sim.bench_window import capable

REFERENCE = {
    "height": 9,
    "width": 224,
    "kernel": 3,
    "stride": 2,
    "padding": 1,
    "word_bytes": 16,
    "ring_rows": 4,
}
"""The reference network's first rows: a pixel a cycle."""


class Bank(wiring.Component):
    """Window generators side by side, each for all geometries that it is given."""

    def __init__(self, bank: list[list[dict[str, int]]]):
        self._generators = [
            WindowGenerator(
                **capable(*(WindowGeometry(**g) for g in one)), pixels=one[0].get("pixels", 1)
            )
            for one in bank
        ]
        super().__init__(
            {f"g{k}": In(one.signature.flip()) for k, one in enumerate(self._generators)}
        )

    def elaborate(self, platform):
        m = Module()
        for k, generator in enumerate(self._generators):
            m.submodules[f"generator_{k}"] = generator
            wiring.connect(m, wiring.flipped(getattr(self, f"g{k}")), generator)
        return m


def geometries(seed: int) -> list[dict[str, int]]:
    """Every kernel, stride and padding; images, words and rings of random small sizes."""
    rng = Random(seed)
    word_bytes = cycle((4, 16, 8))
    return [
        {
            "height": rng.randrange(max(1, kernel - 2 * padding), kernel + 6),
            "width": rng.randrange(max(5, kernel - 2 * padding), kernel + 8),
            "kernel": kernel,
            "stride": stride,
            "padding": padding,
            "word_bytes": next(word_bytes),
            "ring_rows": rng.randrange(1, 4),
        }
        for kernel in (1, 3, 5, 7)
        for stride in (1, 2)
        for padding in range(kernel // 2 + 1)
    ]


def test_patches_and_their_timing():
    tried = geometries(seed=1)
    # One generator for all of a word's size, and some that are made for one geometry.
    shared = [[g for g in tried if g["word_bytes"] == size] for size in (4, 8, 16)]
    bank = [*shared, *([g] for g in tried[::5]), [REFERENCE]]
    # The same with two banks of patches.
    paired = [g | {"pixels": 2} for g in [*tried[1::2], REFERENCE]]
    bank += [[g for g in paired if g["word_bytes"] == size] for size in (4, 8, 16)]
    runner.run(Bank(bank), "sim.bench_window", name="windows", parameters={"seed": 1, "bank": bank})
