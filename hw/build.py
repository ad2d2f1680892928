"""``python -m hw.build --board ulx3s``: from a quantized model to a bitstream and its report."""

import argparse
import hashlib
import json
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from amaranth.build.run import BuildPlan
from amaranth.vendor import LatticePlatform

from hw import flow, provenance
from hw.behind import takes
from hw.board.boards import BOARDS, Board
from hw.board.clocks import Pll
from hw.board.top import Top
from hw.board.uart import divisors
from hw.design import Design
from hw.floorplan import floorplan, script
from hw.live import options
from hw.live.options import Mounted
from hw.page.floor import read as read_floor
from hw.page.page import page
from hw.preview import refuse_unless_fits, show_plan, suggest
from hw.readback import read_back
from hw.report import build_table, report
from hw.seeds import place
from hw.workshop import BadInput, publish, workshop
from plan.boards import default_clock_mhz
from plan.device import DEVICES, Device
from plan.engine import ENGINES
from plan.schedule import PlanError
from plan.sdram import PAGES, PHASE, PHASES, Sdram
from spec import artifact, terminal
from spec.arguments import Parser, number, whole
from spec.artifact import ArtifactError
from spec.models import packaged
from spec.protocol import RATES
from spec.quantized import QuantizedNetwork

SEEDS = 2**31
"""nextpnr's placements."""

BUILDS = (
    "--board ulx3s --model mine.onnx",
    "--board ulx3s --seeds 2 --output build/mine",
    "--board ulx3s --camera ov7670 --trigger CARACAL,LION --trigger-frames 3/5",
    "--board icepi-zero --plan-only --suggest --frames 100",
)
PLANS = (
    "--board ulx3s --model mine.onnx",
    "--board ulx3s --html plan.html",
    "--board icepi-zero --suggest --frames 100",
)
"""What ends the help, of the command ``caracal plan`` and of building."""


def parser() -> Parser:
    planning = terminal.CALLED.get() == "caracal plan"
    result = Parser(
        prog="python -m hw.build",
        description=__doc__,
        examples=PLANS if planning else BUILDS,
    )
    result.add_argument("--board", required=True, choices=BOARDS)
    result.add_argument(
        "--variant", metavar="DEVICE", help="such as 45F; default the board's largest"
    )
    result.add_argument("--model", type=Path, default=packaged(), metavar="FILE.onnx")
    result.add_argument("--engine", choices=ENGINES, help="default: the device's")
    result.add_argument("--clock", type=megahertz, metavar="MHZ", help="default: the device's")
    result.add_argument(
        "--seed", type=whole(0, SEEDS - 1), default=1, help="of the placement (default %(default)s)"
    )
    result.add_argument(
        "--seeds",
        type=whole(1),
        default=1,
        metavar="N",
        help="place with so many seeds, from --seed on, side by side, and keep the fastest",
    )
    result.add_argument(
        "--sdram-phase",
        type=int,
        choices=PHASES,
        metavar="DEGREES",
        help=f"by how much the SDRAM's clock lags: {', '.join(map(str, PHASES))}; default {PHASE}",
    )
    result.add_argument("--plan-only", action="store_true", help="print the plan and what fits")
    result.add_argument(
        "--html",
        nargs="?",
        type=Path,
        const=Path("build/plan.html"),
        metavar="FILE",
        help="with --plan-only: the plan as a page of charts (%(const)s)",
    )
    result.add_argument(
        "--json", action="store_true", help="with --plan-only: the plan for programs"
    )
    result.add_argument(
        "--suggest",
        action="store_true",
        help="with --plan-only: networks of the family that the device holds",
    )
    result.add_argument(
        "--frames",
        type=number(above=0),
        metavar="F",
        help="with --suggest: at so many frames/s of the chip, or more",
    )
    result.add_argument(
        "--classes", type=whole(1), metavar="N", help="with --suggest: of the networks (5)"
    )
    result.add_argument("--output", type=Path, metavar="DIR", help="default: build/BOARD")
    options.add_arguments(result)
    result.add_argument("--native", action="store_true", help="use native tools, not YoWASP's")
    return result


def megahertz(text: str) -> Fraction:
    """A clock's frequency, such as 100, 112.5 or 625/6."""
    try:
        value = Fraction(text)
    except (ValueError, ZeroDivisionError):
        value = Fraction(0)
    if not 0 < value < 1000:
        raise argparse.ArgumentTypeError(
            f"must be a number of MHz between 0 and 1000, such as 112.5 or 625/6, not {text}"
        )
    return value


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    return terminal.run(
        "hw.build",
        lambda: build(arguments),
        bad=(BadInput, ArtifactError, PlanError, flow.ToolError),
        failed=(flow.FlowError,),
        interrupted=lambda: "interrupted; nothing was changed",
    )


def build(arguments: argparse.Namespace) -> int:
    board = BOARDS[arguments.board]
    variant = arguments.variant or board.default
    if variant not in board.variants:
        raise BadInput(
            f"--variant must be one of {', '.join(board.variants)} for {arguments.board}, "
            f"not {variant}"
        )
    device = DEVICES[variant]
    platform = board.variants[variant]()
    clock_mhz = arguments.clock or default_clock_mhz(
        arguments.board, variant, engine=arguments.engine, camera=arguments.camera is not None
    )
    clock_hz = Fraction(clock_mhz) * 10**6
    try:
        pll = Pll.of(int(platform.default_clk_frequency), clock_hz)
        rates = divisors(clock_hz, RATES)
    except ValueError as error:
        raise BadInput(f"--clock: {error}") from error
    engine_name = arguments.engine or device.engine
    engine = ENGINES[engine_name]
    output = arguments.output or Path("build") / arguments.board
    name = f"{platform.device}-{platform.speed}{platform.package}"
    quantized = artifact.load(arguments.model)
    camera, room = camera_and_room(arguments, board, device, quantized, int(clock_hz))

    if arguments.suggest and arguments.plan_only:
        return suggest(arguments, board, variant, float(clock_mhz))
    if arguments.suggest or arguments.frames or arguments.classes:
        raise BadInput("--frames and --classes are for --suggest, and that is for --plan-only")
    if arguments.plan_only:
        design = Design.load(arguments.model, engine, int(clock_hz), **room)
        return show_plan(arguments, board, variant, design, name)

    if arguments.html or arguments.json:
        raise BadInput("--html and --json are for --plan-only; a build writes both by itself")
    seeds = range(arguments.seed, arguments.seed + arguments.seeds)
    tools = flow.find_tools(arguments.native)
    stages = flow.Stages(3 + len(flow.TOOLS), terminal.progress())
    with workshop(output) as work:
        with stages.stage("plan"):
            design = Design.load(arguments.model, engine, int(clock_hz), **room)
            model = arguments.model.read_bytes()
            refuse_unless_fits(design, device, name)
            phase = sdram_phase(arguments, design)
            (work / "program.txt").write_text(design.plan.listing(), encoding="utf-8")
        with stages.stage("elaborate"):
            # The id is of the circuit without it, and then a part of the circuit.
            # It is the same for all seeds: none of them changes what the circuit is.
            settings = {"pll": pll, "rates": rates, "phase": phase, "camera": camera}
            nameless = prepare(board, board.variants[variant](), design, seed=1, **settings)
            design = replace(design, build=provenance.build_id(nameless, model))
            prepared = prepare(board, platform, design, seed=arguments.seed, **settings)
            prepared.extract(work)
        for stage, command in flow.commands(prepared, tools):
            log = work / flow.LOGS.get(stage, "")
            with stages.stage(stage, lambda log=log: flow.last_line(log)):
                if stage == "nextpnr-ecp5":
                    placements = place(command, work, seeds, float(clock_mhz))
                else:
                    flow.run(stage, command, work)
        timing = placements.best.timing
        parts = {"device": name, "plan": design.plan, "clock_mhz": float(clock_mhz)}
        table = build_table(**parts, timing=timing) + placements.table()
        (work / "report.txt").write_text(table, encoding="utf-8")
        floor = read_floor(work / flow.FLOOR)
        shown = {"timing": timing, "floor": floor, "seeds": placements.rows()}
        (work / "report.html").write_text(page(**parts, ebr=device.ebr, **shown), encoding="utf-8")
        if not timing.met:
            print(table)
            raise flow.FlowError(
                f"timing failed: {timing.fmax_mhz:.2f} MHz of {float(clock_mhz):g} MHz; "
                f"critical path {timing.path}; "
                "try a lower --clock, another --seed, or several with --seeds"
            )
        with stages.stage("read back"):
            found = read_back(
                (work / "top.bit").read_bytes(),
                platform.device,
                prepared.files["top.il"],
                tools,
                work,
                (work / flow.PLACED).read_text(),
            )
        table = "\n".join([table, "read back from the bitstream, and equal:", *found.lines(), ""])
        seconds = stages.seconds | {"total": round(sum(stages.seconds.values()), 1)}
        origin = {
            "board": arguments.board,
            "variant": variant,
            "engine_name": engine_name,
            "seed": placements.best.seed,
            "seeds": placements.rows(),
            "sdram_phase": phase if design.capacities.streamed else None,
            "camera": options.shown(camera, quantized.labels) if camera else None,
            "build": design.build.hex(),
            "model_sha256": hashlib.sha256(model).hexdigest(),
            "bitstream_sha256": hashlib.sha256((work / "top.bit").read_bytes()).hexdigest(),
            "takes": takes(design.engine, design.capacities, design.clock_hz),
            "versions": provenance.versions(tools),
            "commit": provenance.commit(),
        }
        summary = origin | report(**parts, timing=timing, found=found, seconds=seconds)
        (work / "report.txt").write_text(table, encoding="utf-8")
        (work / "report.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
        publish(work, output)
    print(table)
    file = f" --file {output / 'top.bit'}" if arguments.output else ""
    print(f"{output / 'top.bit'} is ready: python -m hw.flash --board {arguments.board}{file}")
    for hint in board.hints:
        print(f"note: {hint}")
    return 0


def prepare(
    board: Board,
    platform: LatticePlatform,
    design: Design,
    pll: Pll,
    rates: tuple[int, ...],
    seed: int,
    phase: int = PHASE,
    pages: int = PAGES,
    camera: options.Mounted | None = None,
) -> BuildPlan:
    """Every file that the tools need to make a board's bitstream of a design.

    ``rates`` are the clock cycles a bit of the line, the first one tried first; ``phase`` is that
    of the SDRAM's clock, ``pages`` as in :meth:`hw.design.Design.shell`; ``camera`` is one on the
    board, if there is one.
    """
    tick, leds = design.clock_hz // 20, len(board.leds)
    flash = board.flash is not None
    eye = camera.eye if camera else None
    shell = design.shell(
        divisors=rates, tick=tick, leds=leds, phase=phase, flash=flash, pages=pages, eye=eye
    )
    hangs = {"wiring": camera.wiring, "turned": camera.turned} if camera else {}
    top = Top(board=board, shell=shell, pll=pll, clock_hz=design.clock_hz, phase=phase, **hangs)
    size = platform.device.rpartition("-")[2]
    sites = script(floorplan(size, design.plan.engine, design.capacities))
    return flow.prepare(platform, top, seed=seed, sites=sites)


def camera_and_room(
    arguments: argparse.Namespace,
    board: Board,
    device: Device,
    quantized: QuantizedNetwork,
    clock_hz: int,
) -> tuple[Mounted | None, dict]:
    """The camera that is asked for, and what :meth:`hw.design.Design.load` is told of the board.

    Raises
    ------
    BadInput
        As :func:`hw.live.options.mounted`.
    """
    try:
        camera = options.mounted(arguments, board, quantized, clock_hz)
    except ValueError as error:
        raise BadInput(str(error)) from error
    room = {"device": device, "sdram": board.sdram is not None}
    return camera, room | ({"spare": camera.spare} if camera else {})


def sdram_phase(arguments: argparse.Namespace, design: Design) -> int:
    """The phase that is asked for, if the design has an SDRAM and its clock allows it."""
    if not design.capacities.streamed:
        if arguments.sdram_phase is not None:
            raise BadInput("--sdram-phase: this design has no SDRAM; leave it out")
        return PHASE
    phase = PHASE if arguments.sdram_phase is None else arguments.sdram_phase
    try:
        Sdram(clock_hz=design.clock_hz).capture(phase)
    except ValueError as error:
        raise BadInput(f"--clock or --sdram-phase: {error}") from error
    return phase


if __name__ == "__main__":
    sys.exit(main())
