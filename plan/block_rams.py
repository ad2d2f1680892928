"""How a memory is cut into embedded block RAMs (EBR) of 18 Kbit."""

from dataclasses import dataclass

SHAPES = ((2048, 9), (1024, 18), (512, 36))
"""Depth and width of an EBR, Lattice FPGA-TN-02204, deepest first; narrower ones waste bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bank:
    """Words ``start … start + depth − 1`` of a memory, in EBRs side by side.

    ``start`` is a multiple of ``depth``, a power of two, so the low address bits count inside.
    """

    start: int
    depth: int
    slice_width: int


def banks(width: int, depth: int) -> tuple[Bank, ...]:
    """The fewest EBRs that hold ``depth`` words of ``width`` bits, deepest banks first.

    Among equals, the fewest banks: each one is an input of the read multiplexer. So there are never
    two of a shape where one that is twice as deep would do.
    """
    if width < 1 or depth < 1:
        raise ValueError(f"a memory has at least one bit and one word, not {width} and {depth}")

    def fill(rest: int, shapes) -> list[tuple[int, ...]]:
        """How many banks of each shape: all ways without a bank to spare."""
        bank_depth = shapes[0][0]
        most = -(-rest // bank_depth)
        least = max(0, most - 1) if shapes == SHAPES else 0
        if len(shapes) == 1:
            return [(most,)]
        return [
            (count, *others)
            for count in range(least, most + 1)
            for others in fill(max(0, rest - count * bank_depth), shapes[1:])
        ]

    def cost(counts: tuple[int, ...]) -> tuple[int, int]:
        slices = (-(-width // slice_width) for _, slice_width in SHAPES)
        return sum(n * k for n, k in zip(counts, slices, strict=True)), sum(counts)

    found = []
    start = 0
    best = min(fill(depth, SHAPES), key=cost)
    for count, (bank_depth, slice_width) in zip(best, SHAPES, strict=True):
        for _ in range(count):
            found.append(Bank(start=start, depth=bank_depth, slice_width=slice_width))
            start += bank_depth
    return tuple(found)


def block_rams(width: int, depth: int, lanes: int = 1) -> int:
    """EBRs of a :class:`hw.ecp5.memory.Memory` of this size; lanes do not share one."""
    lane_width, rest = divmod(width, lanes)
    if rest:
        raise ValueError(f"{lanes} lanes must divide the width {width}")
    return lanes * sum(-(-lane_width // bank.slice_width) for bank in banks(lane_width, depth))
