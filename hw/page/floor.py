"""The floor plan: where nextpnr put what, and the critical path on it."""

import json
import re
import struct
import zlib
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from hw.page.marks import WIDTH, colours, line, svg

OTHERS = "others"
_LARGEST = 11
"""Modules that get a colour of their own."""
_BEL = re.compile(r"X(\d+)/Y(\d+)/")
_TYPES = {"TRELLIS_COMB": "lut", "TRELLIS_FF": "ff", "DP16KD": "ebr", "MULT18X18D": "dsp"}


@dataclass(frozen=True, kw_only=True)
class Floor:
    """What is where on the device.

    Parameters
    ----------
    size
        Columns and rows of tiles.
    tiles
        The module that has most cells in a tile, by column and row.
    cells
        How many cells of a kind (``lut``, ``ff``, ``ebr``, ``dsp``) a module has.
    """

    size: tuple[int, int]
    tiles: dict[tuple[int, int], str]
    cells: dict[str, Counter]


def module_of(cell: str) -> str:
    """The part of the design that a cell is of, from its hierarchical name.

    Below ``shell``, ``core`` and its ``machine`` are the parts that a reader knows.
    """
    names = cell.split(".")
    while len(names) > 1 and names[0] in ("top", "shell", "core", "machine"):
        names.pop(0)
    name = names[0] if len(names) > 1 and "__" not in names[0] else OTHERS
    return re.sub(r"(_?\d+|\[\d+\]|\$.*)$", "", name) or OTHERS


def read(file: Path) -> Floor:
    """Read the placed design that nextpnr wrote (``--write``).

    Raises
    ------
    ValueError
        If it is not that.
    """
    design = json.loads(file.read_text())
    try:
        cells = design["modules"]["top"]["cells"]
    except (KeyError, TypeError) as error:
        raise ValueError(f"{file}: not a design that nextpnr wrote") from error
    counts: dict[tuple[int, int], Counter] = {}
    kinds: dict[str, Counter] = {}
    for name, cell in cells.items():
        bel = _BEL.match(cell.get("attributes", {}).get("NEXTPNR_BEL", ""))
        kind = _TYPES.get(cell["type"])
        if bel is None or kind is None:
            continue
        module = module_of(name)
        kinds.setdefault(module, Counter())[kind] += 1
        counts.setdefault((int(bel[1]), int(bel[2])), Counter())[module] += 1
    tiles = {place: found.most_common(1)[0][0] for place, found in counts.items()}
    size = tuple(max((place[axis] for place in tiles), default=0) + 2 for axis in (0, 1))
    return Floor(size=size, tiles=tiles, cells=kinds)


def named(floor: Floor) -> list[str]:
    """The modules that get a colour, the largest first; the rest are :data:`OTHERS`."""
    sizes = {name: kinds["lut"] + kinds["ff"] for name, kinds in floor.cells.items()}
    ranked = sorted(sizes, key=lambda name: -sizes[name])
    return [name for name in ranked if name != OTHERS][:_LARGEST]


def draw(floor: Floor, path: list[tuple[int, int]]) -> str:
    """The tiles coloured by module, and a path over them."""
    columns, rows = floor.size
    palette = colours(named(floor))
    scale = WIDTH / columns
    image = _png(floor, [*palette])
    parts = [
        f'<image href="data:image/png;base64,{b64encode(image).decode()}" width="{WIDTH}" '
        f'height="{rows * scale:.1f}" preserveAspectRatio="none" '
        'style="image-rendering:pixelated"/>'
    ]
    places = [((x + 0.5) * scale, (y + 0.5) * scale) for x, y in path]
    parts.append(line(places, "#fff", 7))
    parts.append(line(places, "#000", 3))
    return svg(rows * scale, parts, "the device's tiles by module, with the critical path")


def _png(floor: Floor, modules: list[str]) -> bytes:
    """A pixel a tile; colour 0 is an empty tile, 1 what has no colour of its own."""
    columns, rows = floor.size
    palette = [(240, 240, 240), (170, 170, 170), *(_rgb(i) for i in range(len(modules)))]
    index = {name: number + 2 for number, name in enumerate(modules)}
    data = b"".join(
        b"\0"
        + bytes(
            index.get(floor.tiles[x, y], 1) if (x, y) in floor.tiles else 0 for x in range(columns)
        )
        for y in range(rows)
    )

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"PLTE", bytes(value for colour in palette for value in colour))
        + chunk(b"IDAT", zlib.compress(data, 9))
        + chunk(b"IEND", b"")
    )


def _rgb(index: int) -> tuple[int, int, int]:
    """What :func:`hw.page.marks.colours` gives the ``index``-th name, in bytes."""
    hue, light = index * 137 % 360, (0.46, 0.60)[index % 2]
    depth = 0.58 * min(light, 1 - light)

    def channel(n: int) -> int:
        k = (n + hue / 30) % 12
        return round(255 * (light - depth * max(-1, min(k - 3, 9 - k, 1))))

    return channel(0), channel(8), channel(4)
