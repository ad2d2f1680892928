"""A bitstream read back and compared: with what was placed, with its part, with its model file."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hw.bitstream import Configuration, ConfigurationError, pack, unpack
from hw.flow import FlowError
from hw.idcodes import IDCODES

VERIFY_ID = bytes.fromhex("e2000000")
"""The command before the id of the device that a bitstream is for: Lattice FPGA-TN-02039."""
HALVES, HALF, PITCH = 16, 18, 20
"""An ``INITVAL`` parameter: sixteen halves of 18 bits, each in 20: Lattice FPGA-TN-02204."""
INITIAL = re.compile(
    r'^  cell \$meminit_v2 .*\n    parameter \\MEMID "\\\\(.+)"\n(?:.*\n)*?'
    r"    parameter \\WIDTH (\d+)\n    parameter \\WORDS (\d+)\n(?:.*\n)*?"
    r"    connect \\DATA \d+'([01]+)$",
    re.MULTILINE,
)
NARROW = 9
"""Bits of a word, at most, of an inferred memory with contents that a block RAM may hold."""
BLOCK_RAM_CELL = re.compile(r"^  cell \\DP16KD (?:.*\n)*?  end$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class ReadBack:
    """What was compared, and was equal.

    ``connections`` and ``settings`` are those of the whole device; None where there was no
    configuration to compare with. ``block_rams`` counts those of each memory, with contents or
    without; ``empty`` those beside them, which start with zeros.
    """

    part: str
    connections: int | None
    settings: int | None
    block_rams: dict[str, int]
    empty: int

    def lines(self) -> list[str]:
        """The same for people."""
        result = [f"part       {self.part}, id {IDCODES[self.part]:#010x}"]
        if self.connections is not None:
            result.append(
                f"placed     {self.connections:,} connections and {self.settings:,} other settings "
                "as nextpnr has them, and no bit beside them"
            )
        result += [f"{name:44} {count:4} block RAMs" for name, count in self.block_rams.items()]
        result.append(f"{'others, all zeros':44} {self.empty:4} block RAMs")
        return result


def read_back(
    bits: bytes, part: str, rtlil: str, tools: dict[str, str], work: Path, placed: str | None
) -> ReadBack:
    """Unpack a bitstream and compare it.

    Parameters
    ----------
    bits
        A file's bytes, packed as :mod:`hw.flow` packs.
    part
        The device it must be for.
    rtlil
        The circuit made from the model file, as Amaranth writes it: what its block RAMs hold.
    tools
        Paths of ``ecppack`` and ``ecpunpack``.
    work
        A folder for files.
    placed
        nextpnr's configuration, if it is at hand.

    Raises
    ------
    hw.flow.FlowError
        If anything differs; the message names it.
    """
    code = int.from_bytes(bits.partition(VERIFY_ID)[2][:4], "big")
    if code != IDCODES[part]:
        raise FlowError(f"the bitstream is for a device {code:#010x}, not {IDCODES[part]:#010x}")
    text = unpack(bits, tools, work)
    try:
        found = Configuration.parse(text)
        wanted = Configuration.parse(placed) if placed is not None else None
    except ConfigurationError as error:
        raise FlowError(f"read back: {error}") from error
    if found.device != part:
        raise FlowError(f"the bitstream's part is {found.device}, not {part}")
    if wanted is not None:
        same(bits, pack(placed, tools, work), "nextpnr's configuration")
        if found.block_rams != wanted.block_rams:
            numbers = wanted.block_rams.keys() | found.block_rams.keys()
            bad = [n for n in numbers if found.block_rams.get(n) != wanted.block_rams.get(n)]
            raise FlowError(f"{len(bad)} block RAMs differ from nextpnr's, the first is {min(bad)}")
    held = list(found.block_rams.values())
    memories, empty = match(contents(rtlil), held, inferred(rtlil))
    return ReadBack(
        part=part,
        connections=None if wanted is None else len(wanted.arcs),
        settings=None
        if wanted is None
        else sum(map(len, wanted.tiles.values())) - len(wanted.arcs),
        block_rams=memories,
        empty=empty,
    )


def same(bits: bytes, again: bytes, what: str) -> None:
    """Raise unless two bitstreams are the same from the id on; comments stand before it."""
    first, second = bits.partition(VERIFY_ID)[2], again.partition(VERIFY_ID)[2]
    if first != second:
        count = sum(a != b for a, b in zip(first, second, strict=False))
        raise FlowError(
            f"the bitstream is not that of {what}: {count} of {len(first)} bytes differ, "
            f"it has {len(second)} bytes"
        )


def _modules(rtlil: str) -> Iterator[tuple[str, str]]:
    """Name and text of each module."""
    for module in rtlil.split("\nmodule \\")[1:]:
        yield module.partition("\n")[0].partition("$")[0].removeprefix("top."), module


def inferred(rtlil: str) -> dict[str, int]:
    """What a block RAM would hold for each memory that yosys may put into one, or into LUTs: with
    contents, and so narrow that one word follows the other in it."""
    result = {}
    for name, module in _modules(rtlil):
        for memory, width, words, bits in INITIAL.findall(module):
            value, width = int(bits, 2), int(width)
            if value and width <= NARROW:
                mask = (1 << width) - 1
                values = (value >> width * place & mask for place in range(int(words)))
                result[f"{name}.{memory}"] = sum(
                    word << NARROW * place for place, word in enumerate(values)
                )
    return result


def contents(rtlil: str) -> dict[str, list[int]]:
    """What the block RAMs of each memory of a circuit hold, as in :class:`Configuration`."""
    result: dict[str, list[int]] = {}
    for name, module in _modules(rtlil):
        for cell in BLOCK_RAM_CELL.finditer(module):
            value = 0
            for number, bits in re.findall(
                r"^    parameter \\INITVAL_(..) 320'([01]+)$", cell[0], re.MULTILINE
            ):
                word = int(bits, 2)
                for place in range(HALVES):
                    half = word >> place * PITCH & (1 << HALF) - 1
                    value |= half << (int(number, 16) * HALVES + place) * HALF
            result.setdefault(name, []).append(value)
    return result


def match(
    wanted: dict[str, list[int]],
    found: list[int],
    possible: dict[str, int],
) -> tuple[dict[str, int], int]:
    """Find each memory's block RAMs among those of the bitstream.

    Of the ``possible`` ones each may be there once. Returns how many each memory has, and how many
    are left, all of them empty.

    Raises
    ------
    hw.flow.FlowError
        If one is missing, or one with contents is left over.
    """
    left = Counter(found)
    missing = {}
    for name, values in wanted.items():
        for value in values:
            if left[value]:
                left[value] -= 1
            else:
                missing[name] = missing.get(name, 0) + 1
    if missing:
        names = ", ".join(
            f"{count} of {len(wanted[name])} of {name}" for name, count in missing.items()
        )
        raise FlowError(f"block RAMs that do not hold what the model file says: {names}")
    memories = {name: len(values) for name, values in wanted.items()}
    for name, value in possible.items():
        if left[value]:
            left[value] -= 1
            memories[name] = 1
    extra = sum(count for value, count in left.items() if value)
    if extra:
        raise FlowError(f"{extra} block RAMs hold something that is not of the model file")
    return memories, left[0]
