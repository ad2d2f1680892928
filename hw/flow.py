"""The open flow, stage by stage: yosys, nextpnr-ecp5, ecppack, as Amaranth's platform calls them.

The YoWASP tools, from PyPI, are the default: the same everywhere, so resources and frequencies are.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from amaranth._toolchain import tool_env_var
from amaranth.build.run import BuildPlan
from amaranth.vendor import LatticePlatform

TOOLS = ("yosys", "nextpnr-ecp5", "ecppack")
"""The stages of a build that are a program each."""
UNPACK = "ecpunpack"
"""The program that reads a bitstream back."""
LOGS = {"yosys": "top.rpt", "nextpnr-ecp5": "top.tim"}
"""Where the tools write what they do."""
TIMING = "timing.json"
"""nextpnr's own report: frequencies, critical paths, utilization."""
PLACED = "top.config"
"""What nextpnr decided, for ecppack."""
VERILOG = "top.v"
FLOOR = "placed.json"
"""Where each cell is; large, and read once for the floor plan."""
BOOT_MHZ = "38.8"
"""How fast a device reads its flash memory at power-up; ecppack's own 2.4 takes an 85F 6 s."""
TIMING_WEIGHT = 30
"""How much nextpnr's placer minds slow paths beside the sum of all wires. Its own 10 is too little
here, where single wires across the device limit: see docs/results.md."""
PACKING = ("--compress", "--freq", BOOT_MHZ)


class FlowError(Exception):
    """A stage that ran and failed; the message is one line."""


class ToolError(Exception):
    """A tool that is not there; the message says how to get it."""


def find_tools(native: bool) -> dict[str, str]:
    """The executable for each of :data:`TOOLS` and for :data:`UNPACK`.

    An environment variable (``YOSYS``, ``NEXTPNR_ECP5``, ``ECPPACK``, ``ECPUNPACK``) goes before
    all.

    Raises
    ------
    ToolError
        If one is not installed.
    """
    beside = str(Path(sys.executable).parent)
    found = {}
    for tool in (*TOOLS, UNPACK):
        variable = tool_env_var(tool)
        name = os.environ.get(variable) or (tool if native else f"yowasp-{tool}")
        path = shutil.which(name, path=os.pathsep.join([beside, os.environ.get("PATH", "")]))
        if path is None:
            if os.environ.get(variable):
                way = f"{variable} names it; correct or unset that"
            elif native:
                way = "install it, or leave out --native"
            else:
                way = "pip install -e ."
            raise ToolError(f"{name} is not installed: {way}")
        found[tool] = path
    return found


MAPPED = ("abc -lut 4:7; clean;", "synth_ecp5 -top top -run map_cells:;")
"""The LUTs, and what ``synth_ecp5`` does after them. Its own way to LUTs is ``abc9``, which in
yosys 0.70 makes a wrong netlist of this circuit: sums a few off, as :mod:`sim.netlist` shows.
Yosys 0.50 and 0.62 stop at an assertion there."""


def prepare(
    platform: LatticePlatform,
    top,
    *,
    seed: int,
    sites: Sequence[str] = (),
) -> BuildPlan:
    """Elaborate ``top`` and write every file the tools need, in memory.

    ``sites`` are commands of yosys that say where some cells stand, see
    :func:`hw.floorplan.script`.
    """
    return platform.prepare(
        top,
        "top",
        emit_src=False,  # a circuit is the same wherever its sources are
        synth_opts=["-run", "begin:map_luts"],
        script_after_synth=(*MAPPED, *sites),
        script_after_read=[
            "design -save read;",
            "proc -nomux -norom; memory_collect;",
            f"write_verilog -norename -noattr {VERILOG};",
            "design -load read",
        ],
        nextpnr_opts=[
            *("--seed", str(seed), "--timing-allow-fail"),
            *("--placer-heap-timingweight", str(TIMING_WEIGHT)),
            *("--report", TIMING, "--write", FLOOR),
        ],
        ecppack_opts=list(PACKING),
    )


def commands(plan: BuildPlan, tools: dict[str, str]) -> Iterator[tuple[str, list[str]]]:
    """The stages' names and command lines, in order."""
    for name, *arguments in json.loads(plan.files[f"{plan.script}.json"])["commands"]:
        if name in tools:
            yield name, [tools[name], *arguments]


def run(
    name: str,
    command: list[str],
    folder: Path,
    give_up: Callable[[float], bool] = lambda seconds: False,
) -> None:
    """Run one stage in ``folder``; every second it is asked whether to ``give_up`` after so many.

    Raises
    ------
    FlowError
        If it fails; the message has the tool's own last words. Or if it was given up.
    """
    output = folder / f"{name}.out"
    start = time.monotonic()
    with (
        open(output, "w") as file,
        subprocess.Popen(command, cwd=folder, stdout=file, stderr=subprocess.STDOUT) as process,
    ):
        code = None
        try:
            while code is None:
                try:
                    code = process.wait(timeout=1)
                except subprocess.TimeoutExpired:
                    seconds = time.monotonic() - start
                    if give_up(seconds):
                        raise FlowError(f"{name} given up after {seconds:.0f} s") from None
        finally:
            process.kill()
    if code:
        raise FlowError(f"{name} failed: {_last_words(folder, name, output)}")
    output.unlink()


def _last_words(folder: Path, name: str, output: Path) -> str:
    lines = output.read_text(errors="replace").splitlines()
    log = folder / LOGS.get(name, "")
    if log.is_file():
        lines = log.read_text(errors="replace").splitlines() + lines
    errors = [line for line in lines if "ERROR" in line]
    return (errors or [line for line in lines if line.strip()] or ["it said nothing"])[-1].strip()


class Stages:
    """Shows which stage it is in, and how long each took.

    Parameters
    ----------
    count
        How many stages there are.
    stream
        Where to: on a terminal a running clock, else two lines a stage.
    """

    def __init__(self, count: int, stream: TextIO):
        self._count = count
        self._stream = stream
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str, detail: Callable[[], str] = str):
        """A stage; ``detail`` tells what it is doing just now."""
        number = len(self.seconds) + 1
        head = f"[{number}/{self._count}] {name}"
        start = time.monotonic()
        over = threading.Event()
        clock = threading.Thread(target=self._tick, args=(head, start, over, detail), daemon=True)
        if self._stream.isatty():
            clock.start()
        else:
            print(f"{head} …", file=self._stream, flush=True)
        try:
            yield
        finally:
            over.set()
            if clock.is_alive():
                clock.join()
                print("\r\033[K", end="", file=self._stream)
            self.seconds[name] = round(time.monotonic() - start, 1)
        print(f"{head}: {self.seconds[name]} s", file=self._stream, flush=True)

    def _tick(self, head, start, over, detail):
        while not over.wait(1):
            text = f"{head} {time.monotonic() - start:.0f} s {detail()}"
            print(
                f"\r\033[K{text[: shutil.get_terminal_size().columns - 1]}",
                end="",
                file=self._stream,
                flush=True,
            )


def last_line(path: Path) -> str:
    """The last line of a log that is being written, without nextpnr's ``Info:``."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, path.stat().st_size - 400))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return next((line for line in reversed(lines) if line.strip()), "").removeprefix("Info: ")
