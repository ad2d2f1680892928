"""What is known before anything is built: printed, as a page, for programs."""

import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest

from hw import build, flow
from hw.board.boards import BOARDS
from hw.design import Design
from plan.device import DEVICES
from plan.engine import ENGINES
from spec import artifact, synthetic
from spec.squeezenet import Metaparameters, squeezenet, tiny

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "tiny.onnx"
    artifact.save(synthetic.quantized(tiny()), path)
    return path


@pytest.mark.parametrize("count", ["0", "-2", "x"])
def test_a_number_of_seeds_is_checked_before_a_plan(capsys, count):
    with pytest.raises(SystemExit, match="2"):
        build.main(["--board", "ulx3s", "--plan-only", f"--seeds={count}"])
    assert "argument --seeds: must be" in capsys.readouterr().err


def test_plan_only_needs_no_tool_and_says_what_fits(model, monkeypatch, capsys, tmp_path):
    for tool in flow.TOOLS:
        monkeypatch.setenv(tool.upper().replace("-", "_"), "no-such-tool")
    monkeypatch.chdir(tmp_path)
    line = ["--board", "ulx3s", "--model", str(model), "--engine", "4x4", "--plan-only"]
    line += ["--clock", "100"]
    assert build.main(line) == 0
    said = capsys.readouterr().out
    for variant in ("85F", "45F", "25F", "12F"):
        assert f"\n{variant}" in said
    assert "frames/s at 100 MHz" in said
    assert list(tmp_path.iterdir()) == []


def test_the_plan_says_what_else_fits_as_the_documentation_does(capsys):
    assert build.main(["--board", "ulx3s", "--plan-only"]) == 0
    said = capsys.readouterr().out.splitlines()
    told = re.findall(r"^SqueezeNet .*", (ROOT / "docs/dataflow.md").read_text(), re.MULTILINE)
    assert len(told) == 2 and set(told) <= set(said)


def test_a_network_that_only_the_sdram_holds_is_planned_as_it_is_loaded(tmp_path, capsys):
    path = tmp_path / "larger.onnx"
    larger = squeezenet(Metaparameters(image_size=160, incr_e=128))
    artifact.save(synthetic.quantized(larger), path)
    line = ["--board", "ulx3s", "--plan-only", "--model", str(path)]
    assert build.main([*line, "--engine", "16x16x2-lut17"]) == 0
    said = capsys.readouterr().out
    assert "the plan is of the packaged network's bitstream" in said
    assert re.search(r"at most; [\d,]+ if no weights from outside are late", said)
    assert build.main([*line, "--engine", "16x16x2-lut17", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["fits"] and any(phase["streamed"] for phase in found["phases"])
    assert f"chip       {found['cycles_per_frame']:,} cycles a frame" in said
    # An engine that is small for its device has no SDRAM.
    assert build.main([*line, "--engine", "16x8"]) == 2
    assert "cannot hold it" in capsys.readouterr().err


def text_phases(words: str) -> list[tuple[str, str]]:
    """The phases that the plan's text names, each with what limits it."""
    table = words.split(" limited by\n")[1].split("\n\n")[0]
    return [(row.split()[0], row.split("%")[1].split("(")[0].strip()) for row in table.splitlines()]


def test_the_plan_as_a_page_and_for_programs(model, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    line = ["--board", "ulx3s", "--model", str(model), "--engine", "4x4", "--plan-only"]
    assert build.main([*line, "--html"]) == 0
    words = capsys.readouterr().out
    assert "build/plan.html shows it" in words
    page = (tmp_path / "build" / "plan.html").read_text()
    assert "Roofline" in page and "Planned only" in page and "Floor plan" not in page
    assert build.main([*line, "--json", "--html", "here.html"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (tmp_path / "here.html").read_text() == page
    assert said["fits"] and said["needs"]["EBR"] == sum(said["block_rams"].values())
    assert said["cycles_per_frame"] > 0 and said["layers"][0]["name"] == "conv1"
    table = words.split("\nroof ")[1].split("\nthe plan ")[0].splitlines()[1:]
    roofs = {line[:20].strip(): line[20:].strip() for line in table}
    for name, frames in said["roofs"].items():
        assert float(roofs[name].replace(",", "")) == frames
    assert {"multipliers", "window", "camera", "serial line"} == set(said["roofs"])
    # What the text form says, and what a board says of itself.
    assert sum(phase["cycles"] for phase in said["phases"]) == said["cycles_per_frame"]
    assert [(phase["phase"], phase["by"]) for phase in said["phases"]] == text_phases(words)
    design = Design.load(
        model, ENGINES["4x4"], 100_000_000, device=DEVICES["85F"], sdram=BOARDS["ulx3s"].sdram
    )
    for key, right in (("most", design.capacities), ("used", design.plan.needs())):
        assert {name: both[key] for name, both in said["capacities"].items()} == asdict(right)
    assert said["capacities"]["steps"]["most"] > said["capacities"]["steps"]["used"]
    (tmp_path / "file").touch()
    assert build.main([*line, "--html", "file/page.html"]) == 2
    assert build.main([*line[:-1], "--json"]) == 2
    assert "for --plan-only" in capsys.readouterr().err
