"""The floors of the house: an import may go down, never up. The rule is this test."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = {
    "spec": set(),
    "photo": {"spec"},
    "model": {"spec", "photo", "plan"},
    "plan": {"spec"},
    "hw": {"spec", "plan"},
    "host": {"spec", "photo", "plan"},
    "quant": {"spec", "photo", "model", "host"},
    "sim": {"spec", "photo", "plan", "model", "hw", "quant", "host"},
    "explore": {"spec", "photo", "plan", "model", "hw", "quant", "host", "sim"},
    "caracal": {"spec", "photo", "plan", "model", "hw", "quant", "host", "sim", "explore"},
}
#: Third-party packages that only some rooms may import.
KEPT_TO = {
    "torch": {"model", "quant", "explore"},
    "amaranth": {"hw", "sim"},
    "amaranth_boards": {"hw"},
    "cocotb": {"sim"},
    "serial": {"host"},
    "PIL": {"photo", "model", "quant", "host", "sim", "explore", "caracal"},
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


#: Rooms that any user's machine can load, and what they must not bring with them.
PLAIN = {"spec": ("amaranth", "torch"), "plan": ("amaranth", "torch")}


@pytest.mark.parametrize("room", PLAIN)
def test_a_plain_room_loads_where_the_heavy_packages_are_missing(room):
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in sorted((ROOT / room).rglob("*.py"))
    ]
    blocked = "".join(f"sys.modules[{name!r}] = None; " for name in PLAIN[room])
    script = f"import importlib, sys; {blocked}[importlib.import_module(n) for n in {names}]"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
