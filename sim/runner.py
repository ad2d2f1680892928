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

import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import cocotb_tools.config
from amaranth.back import rtlil
from amaranth.hdl import Const, Value
from amaranth.lib import wiring
from cocotb_tools.check_results import get_results
from cocotb_tools.runner import get_runner

from sim.verilate import ROOT, SimulationError, failure, model, require_tools

__all__ = [
    "SimulationError",
    "build",
    "parameters",
    "require_tools",
    "reset",
    "run",
    "simulate",
]

COCOTB_MAIN = cocotb_tools.config.share_dir / "lib" / "verilator" / "verilator.cpp"
PARAMETERS = "CARACAL_BENCH_PARAMETERS"
CLOCK_NS = 10
"""The generated clock's period."""


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
    cells: Sequence[Path] = (),
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
        Files in SystemVerilog with models of what the component instantiates.
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
    cells: Sequence[Path] = (),
    top: Path | None = None,
    constants: Mapping[str, int] | None = None,
    edit: Callable[[str], str] = str,
    main: Path | None = None,
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
    edit
        What to do to the component's netlist, in RTLIL, before it is compiled.
    main
        A C++ file that drives the simulation, of class ``Vtop``; by default cocotb does.

    Raises
    ------
    SimulationError
        If a tool is missing or the build fails.
    """
    name = name or type(component).__name__.lower()
    netlist = rtlil.convert(component, name=name, ports=ports(component), emit_src=False)
    module = top.stem if top else f"bench_{name}"
    bench = top.read_text() if top else _bench(netlist, name, module)
    texts = {f"{name}.il": edit(netlist), f"{module}.sv": bench}
    for path in cells:
        texts[path.name] = path.read_text()
    libraries = cocotb_tools.config.libs_dir
    arguments = [f"-G{key}={value}" for key, value in (constants or {}).items()]
    if main:
        return model(module, texts, main=main, arguments=arguments)
    return model(
        module,
        texts,
        main=COCOTB_MAIN,
        arguments=["--vpi", *arguments],
        link=f"-Wl,-rpath,{libraries} -L{libraries} -lcocotbvpi_verilator",
    )


def simulate(
    executable: Path,
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
    folder = work or Path(
        tempfile.mkdtemp(prefix=f"{bench.rpartition('.')[2]}-", dir=executable.parent)
    )
    log = folder / "log.txt"
    results = folder / "results.xml"
    path, python = os.environ["PATH"], sys.path
    try:
        sys.path = [str(ROOT), *python]  # cocotb hands it to the simulator's Python
        get_runner("verilator").test(
            test_module=bench,
            hdl_toplevel=executable.name,
            hdl_toplevel_lang="verilog",
            build_dir=executable.parent,
            test_dir=folder,
            results_xml=str(results),
            plusargs=list(plusargs),
            extra_env={PARAMETERS: json.dumps(parameters or {})},
            seed=1,
            log_file=log,
        )
    except (SystemExit, RuntimeError):
        pass  # of the simulator: the results, or their absence, say more
    finally:
        sys.path = python
        os.environ["PATH"] = path
    try:
        count, failed = get_results(results)
    except RuntimeError:
        raise failure(f"{bench}: the simulation died", log) from None
    if failed or not count:
        raise failure(f"{bench}: {failed} of {count} tests failed", log)
    if work is None:
        shutil.rmtree(folder)


def ports(component: wiring.Component) -> dict[str, tuple[Value, None]]:
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
