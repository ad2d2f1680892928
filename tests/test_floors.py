"""The floors of the house: an import may go down, never up. The rule is this test."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = {
    "spec": set(),
    "model": {"spec"},
    "hw": {"spec"},
    "quant": {"spec", "model"},
    "host": {"spec"},
    "sim": {"spec", "model", "hw", "quant", "host"},
    "explore": {"spec", "model", "hw", "quant", "host", "sim"},
}
#: Third-party packages that only some rooms may import.
KEPT_TO = {
    "torch": {"model", "quant", "explore"},
    "amaranth": {"hw", "sim"},
    "amaranth_boards": {"hw"},
    "cocotb": {"sim"},
    "serial": {"host"},
    "PIL": {"model", "quant", "host", "sim", "explore"},
}


def imports(path: Path) -> set[str]:
    """Top-level names of everything a file imports, wherever in it the import stands."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("room", ROOMS)
def test_no_import_climbs(room):
    files = list((ROOT / room).rglob("*.py"))
    assert files
    for path in files:
        for name in imports(path) - {room}:
            assert name not in ROOMS or name in ROOMS[room], f"{path}: {room} imports {name}"
            assert room in KEPT_TO.get(name, {room}), f"{path}: only {KEPT_TO[name]} use {name}"
