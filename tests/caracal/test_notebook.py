"""The notebook's cells run, in order. A notebook is JSON: no kernel is needed for that."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
NOTEBOOKS = sorted((ROOT / "docs").glob("*.ipynb"))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_runs(notebook, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    names = {"__name__": "__main__"}
    cells = json.loads(notebook.read_text())["cells"]
    for number, cell in enumerate(cells):
        if cell["cell_type"] == "code":
            assert not cell["outputs"], "stored without outputs: they would go stale"
            exec(compile("".join(cell["source"]), f"{notebook.name}, cell {number}", "exec"), names)
    said = capsys.readouterr().out
    assert "values that differ: 0" in said
    assert "CHEETAH/000.png: " in said and "TIGER/000.png: " in said


def test_there_is_one():
    assert NOTEBOOKS
