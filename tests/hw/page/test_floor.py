import json
import zlib

import pytest

from hw.page import floor

CELLS = {
    "shell.core.machine.array.pe_0.sum": ("TRELLIS_COMB", "X1/Y0/SLICEA.LUT0"),
    "shell.core.array.pe_1.sum": ("TRELLIS_FF", "X1/Y0/SLICEA.FF0"),
    "shell.core.weights_3.q": ("DP16KD", "X2/Y1/EBR0"),
    "shell.core.i__payload.q": ("TRELLIS_IO", "X1/Y1/PIOB"),
    "shell.link.rx": ("TRELLIS_COMB", "X1/Y0/SLICEB.LUT0"),
    "plain": ("MULT18X18D", "X0/Y1/MULT18_0"),
    "pad": ("TRELLIS_IO", "X0/Y0/PIOA"),
    "unplaced": ("TRELLIS_FF", ""),
}


@pytest.fixture
def placed(tmp_path):
    cells = {
        name: {"type": kind, "attributes": {"NEXTPNR_BEL": bel}}
        for name, (kind, bel) in CELLS.items()
    }
    file = tmp_path / "placed.json"
    file.write_text(json.dumps({"modules": {"top": {"cells": cells}}}))
    return floor.read(file)


def test_read(placed):
    assert placed.tiles == {(1, 0): "array", (2, 1): "weights", (0, 1): "others"}
    assert {name: dict(kinds) for name, kinds in placed.cells.items()} == {
        "array": {"lut": 1, "ff": 1},
        "weights": {"ebr": 1},
        "link": {"lut": 1},
        "others": {"dsp": 1},
    }
    assert floor.named(placed) == ["array", "link", "weights"]


def test_the_picture_has_a_pixel_a_tile(placed):
    image = floor._png(placed, ["array", "weights"])
    columns, rows = placed.size
    begin = image.index(b"IDAT") + 4
    data = zlib.decompress(image[begin : image.index(b"IEND")])
    lines = [data[y * (columns + 1) + 1 :][:columns] for y in range(rows)]
    assert {(x, y): lines[y][x] for x, y in placed.tiles} == {(1, 0): 2, (2, 1): 3, (0, 1): 1}
    assert sum(map(bool, b"".join(lines))) == 3


def test_what_nextpnr_did_not_write(tmp_path):
    file = tmp_path / "placed.json"
    file.write_text("{}")
    with pytest.raises(ValueError, match="not a design that nextpnr wrote"):
        floor.read(file)
