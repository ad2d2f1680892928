"""What a bitstream sets: Project Trellis' text, as nextpnr writes it and ``ecpunpack`` reads it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hw import flow

EBR_WORDS = 2048
EBR_BITS = 9
"""A block RAM in a configuration: 2048 words of nine bits, whatever its ports make of them."""


class ConfigurationError(Exception):
    """A file that is no configuration; the message is one line."""


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """What a bitstream sets.

    Parameters
    ----------
    device
        Such as ``LFE5U-85F``.
    tiles
        Of each tile, by name, its settings: lines such as ``arc: A1 B2`` and ``enum: A.MODE CCU2``.
    block_rams
        The contents of each block RAM that has some, by its number, as one integer: word 0 in the
        low nine bits.
    """

    device: str
    tiles: dict[str, frozenset[str]]
    block_rams: dict[int, int]

    @classmethod
    def parse(cls, text: str) -> "Configuration":
        """Read what nextpnr and ``ecpunpack`` write.

        Raises
        ------
        ConfigurationError
            If it is something else.
        """
        device = re.search(r"^\.device (\S+)$", text, re.MULTILINE)
        if not device:
            raise ConfigurationError("the configuration names no device")
        tiles: dict[str, set[str]] = {}
        block_rams: dict[int, int] = {}
        for head, lines in _sections(text):
            kind, *name = head.split()
            if kind in (".tile", ".tile_group"):
                tiles.setdefault(" ".join(name), set()).update(lines)
            elif kind == ".bram_init":
                words = [int(word, 16) for line in lines for word in line.split()]
                if len(words) != EBR_WORDS:
                    raise ConfigurationError(f"block RAM {name[0]} has {len(words)} words")
                block_rams[int(name[0])] = sum(
                    word << EBR_BITS * place for place, word in enumerate(words)
                )
        settings = {name: frozenset(lines) for name, lines in tiles.items()}
        return cls(device=device[1], tiles=settings, block_rams=block_rams)

    @property
    def arcs(self) -> set[tuple[str, str]]:
        """Every connection that is made: its tile, and its line."""
        return {
            (tile, line)
            for tile, lines in self.tiles.items()
            for line in lines
            if line.startswith("arc: ")
        }


def unpack(bits: bytes, tools: dict[str, str], work: Path) -> str:
    """The text of a bitstream, by ``ecpunpack``, which also checks its sums.

    Raises
    ------
    hw.flow.FlowError
        If the bitstream is damaged.
    """
    # The tools may see no folder but the one they run in.
    (work / "back.bit").write_bytes(bits)
    command = [tools["ecpunpack"], "--input", "back.bit", "--textcfg", "back.config"]
    flow.run("ecpunpack", command, work)
    return (work / "back.config").read_text()


def pack(text: str, tools: dict[str, str], work: Path) -> bytes:
    """The bitstream of a configuration's text, packed as a build packs it."""
    (work / "again.config").write_text(text)
    command = [tools["ecppack"], *flow.PACKING, "--input", "again.config", "--bit", "again.bit"]
    flow.run("ecppack", command, work)
    return (work / "again.bit").read_bytes()


def _sections(text: str) -> Iterator[tuple[str, list[str]]]:
    head, lines = ".start", []
    for line in text.splitlines():
        if line.startswith("."):
            yield head, lines
            head, lines = line, []
        elif line.strip():
            lines.append(line.strip())
    yield head, lines
