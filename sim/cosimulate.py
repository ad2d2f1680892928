"""Run images through the simulated core, and observe every tensor that it computes.

The core shows two flows of its inside, which a board leaves open: ``trace``, every requantized
word, and ``written``, every word that goes to the activation memory after max-pooling. Both come
in the program's order, so that tensors are put together from the plan alone.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from threading import Event, Thread

import numpy as np
from amaranth.lib import wiring

from hw.core import Core
from hw.engine.sums import ClassSums
from hw.streams import beat_layout, load_layout
from plan.capacities import Capacities
from plan.contents import Contents, contents
from plan.engine import Engine
from plan.memories import NETWORK
from plan.planner import Plan, plan
from plan.steps import Step
from plan.window import FIRST_PIXEL
from sim import runner
from sim.rebuild import Block, computed, rebuild, written
from spec.quantized import QuantizedNetwork

BENCH = Path(__file__).with_name("bench_core.sv")
TRACE = "trace.bin"
READ_OUT = ClassSums.READ_LATENCY + 2
"""Cycles from the sums' being complete to the first one's being offered."""
STALL_STEPS = 256
"""Stall probabilities are given to the bench in this many steps."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """What the circuit made of one image.

    Parameters
    ----------
    tensors
        As :func:`spec.reference.run` gives them: every tensor of the network and ``"sums"``.
    cycles
        The frame's clock cycles as the circuit counts them.
    elapsed
        Clock cycles from the first pixel's being taken to the first class sum's being offered, as
        the bench counts them, stalls included.
    offered
        For each pixel the cycle from which it was offered, as in :func:`plan.starved.frame_time`.
    starved, held
        Clock cycles in which the circuit wanted the frame's next pixel in vain, and in which it
        offered a result that was not taken.
    """

    tensors: dict[str, np.ndarray]
    cycles: int
    elapsed: int
    offered: np.ndarray
    starved: int
    held: int


def cosimulate(
    quantized: QuantizedNetwork,
    engine: Engine,
    images: list[np.ndarray],
    *,
    i_stall: float = 0.0,
    o_stall: float = 0.0,
    seed: int = 1,
    progress: Callable[[float], None] | None = None,
) -> list[Frame]:
    """Run images, one after the other and without a reset, through the circuit of a network.

    Parameters
    ----------
    quantized
        The network.
    engine
        The engine that computes it.
    images
        uint8, (height, width, 3), as :func:`spec.reference.run` takes them.
    i_stall, o_stall
        In each cycle, the probability that no pixel is offered, that no result is taken.
    seed
        Of the stall pattern.
    progress
        Called now and then with the share of the frames that is done, 0…1.

    Raises
    ------
    plan.planner.PlanError
        If the network does not fit the engine.
    sim.runner.SimulationError
        If a tool is missing, or the simulation fails, does not end within twice its time, or shows
        more or fewer words than the plan.
    """
    planned = plan(quantized.network, engine)
    model = build(core(quantized, planned), planned)
    return observe(
        model, planned, images, i_stall=i_stall, o_stall=o_stall, seed=seed, progress=progress
    )


def core(quantized: QuantizedNetwork, plan: Plan, capacities: Capacities | None = None) -> Core:
    """The core that begins with a network; by default one that is just large enough."""
    capacities = capacities or plan.needs()
    memories = contents(quantized, plan, capacities)
    return Core(engine=plan.engine, capacities=capacities, contents=memories)


def build(core: wiring.Component, plan: Plan, **options) -> Path:
    """The model of a component with the ports of :class:`hw.core.Core`, inside its bench.

    ``options`` are more of :func:`sim.runner.build`'s.
    """
    load = core.i_load.payload.shape()
    constants = {"WORD_BITS": beat_layout(plan.engine).size, "LOAD_BITS": load.size}
    return runner.build(core, name="core", top=BENCH, constants=constants, **options)


def loads(contents: Contents, engine: Engine, capacities: Capacities) -> list[int]:
    """The words that put a network into a core: payloads of its ``i_load``."""
    layout = load_layout(engine, capacities)
    return [
        layout.const({"memory": 1 + number, "address": address, "data": word}).as_bits()
        for number, name in enumerate(NETWORK)
        for address, word in enumerate(getattr(contents, name))
    ]


@dataclass(frozen=True, kw_only=True)
class Run:
    """Images for a network, after its words have been loaded; none if the core has it."""

    plan: Plan
    images: list[np.ndarray]
    loads: list[int] = field(default_factory=list)


def _with_cocotb(model: Path, plusargs: list[str], watchdog: int, work: Path) -> None:
    parameters = {"watchdog": watchdog}
    runner.simulate(model, "sim.bench_core", parameters=parameters, plusargs=plusargs, work=work)


def observe(
    model: Path,
    plan: Plan,
    images: list[np.ndarray],
    *,
    i_stall: float = 0.0,
    o_stall: float = 0.0,
    seed: int = 1,
    progress: Callable[[float], None] | None = None,
    settings: Mapping[str, int] | None = None,
) -> list[Frame]:
    """As :func:`cosimulate`, with a model that is built; ``settings`` are more plusargs."""
    runs = [Run(plan=plan, images=images)]
    (frames,) = observe_runs(
        model,
        runs,
        i_stall=i_stall,
        o_stall=o_stall,
        seed=seed,
        progress=progress,
        settings=settings,
    )
    return frames


def observe_runs(
    model: Path,
    runs: list[Run],
    *,
    i_stall: float = 0.0,
    o_stall: float = 0.0,
    seed: int = 1,
    progress: Callable[[float], None] | None = None,
    settings: Mapping[str, int] | None = None,
    simulate: Callable[[Path, list[str], int, Path], None] = _with_cocotb,
) -> list[list[Frame]]:
    """The frames of each run, one run after the other in one model without a reset.

    ``simulate`` is given the model, its plusargs, the cycles after which it must have ended, and
    the folder to run in.
    """
    segments, cycles = [], 0.0
    for run in runs:
        network = run.plan.network
        shape = (network.image.height, network.image.width, network.image.channels)
        for image in run.images:
            if image.dtype != np.uint8 or image.shape != shape:
                raise ValueError(f"images must be uint8 of shape {shape}, not {image.shape}")
        pixels = network.image.pixels
        segments.append(f"{len(run.loads)} {len(run.images)} {pixels}\n")
        frame = run.plan.cycles + pixels / (1 - i_stall) + network.classes / (1 - o_stall)
        cycles += len(run.images) * frame + len(run.loads)
    settings = {
        **(settings or {}),
        "i_stall": round(i_stall * STALL_STEPS),
        "o_stall": round(o_stall * STALL_STEPS),
        "seed": seed,
    }
    work = Path(tempfile.mkdtemp(prefix="frames-", dir=model.parent))
    (work / "segments.txt").write_text("".join(segments))
    (work / "loads.txt").write_text("".join(f"{word:x}\n" for run in runs for word in run.loads))
    with (work / "pixels.bin").open("wb") as file:
        for run in runs:
            np.stack(run.images).tofile(file)
    size = sum(
        len(run.images) * _words(run.plan, computed)[0] * _word_bytes(run.plan) for run in runs
    )
    with _watched(work / TRACE, size, progress):
        plusargs = [f"+{key}={value}" for key, value in settings.items()]
        simulate(model, plusargs, int(2 * cycles) + 1000, work)
    frames = _read(work, runs)
    shutil.rmtree(work)
    return frames


def _words(plan: Plan, kind: Callable[[Plan, Step], Block | None]) -> list[int]:
    """Words of a frame that are computed, or written, of each bank."""
    blocks = [block for step in plan.program.steps if (block := kind(plan, step))]
    banks = plan.engine.pixels
    return [sum(block.words(bank, banks) for block in blocks) for bank in range(banks)]


def _word_bytes(plan: Plan) -> int:
    """Bytes of what comes in a cycle in the bench's files: whole 32-bit units."""
    return 4 * ceil(beat_layout(plan.engine).size / 32)


def _banks(file: Path, plan: Plan) -> list[np.ndarray]:
    """The words of each bank in one of the bench's files."""
    beats = np.fromfile(file, np.uint8).reshape(-1, _word_bytes(plan))
    pixels, columns = plan.engine.pixels, plan.engine.columns
    words = [beats[:, pixel * columns : (pixel + 1) * columns] for pixel in range(pixels)]
    if pixels == 1:
        return words
    there = beats[:, pixels * columns]
    return [word[there >> pixel & 1 == 1] for pixel, word in enumerate(words)]


def _read(work: Path, runs: list[Run]) -> list[list[Frame]]:
    """The frames in the files of a run."""
    trace, stores = (_banks(work / name, runs[0].plan) for name in (TRACE, "written.bin"))
    results = np.loadtxt(work / "results.txt", np.int64, ndmin=2)
    results = np.split(results, np.flatnonzero(results[:, 2])[:-1] + 1)
    totals = np.loadtxt(work / "frames.txt", np.int64, ndmin=2)
    offered = np.fromfile(work / "offered.bin", np.int32)
    frames = iter(zip(results, totals, strict=True))
    found = []
    for run in runs:
        plan = run.plan
        found.append([])
        for _ in run.images:
            result, (start, starved, held) = next(frames)
            *sums, cycles = result[:, 1]
            if len(sums) != plan.network.classes:
                raise runner.SimulationError(f"{len(sums)} sums of {plan.network.classes} classes")
            parts = []
            for banks, kind in ((trace, computed), (stores, written)):
                split = [
                    np.split(bank, [count])
                    for bank, count in zip(banks, _words(plan, kind), strict=True)
                ]
                parts.append([mine for mine, _ in split])
                banks[:] = [others for _, others in split]
            offers, offered = np.split(offered, [plan.network.image.pixels])
            found[-1].append(
                Frame(
                    tensors=rebuild(plan, *parts) | {"sums": np.array(sums)},
                    cycles=int(cycles),
                    elapsed=int(result[0, 0] - start),
                    offered=offers - start + FIRST_PIXEL,
                    starved=int(starved),
                    held=int(held),
                )
            )
    if left := sum(map(len, trace + stores)):
        raise runner.SimulationError(f"{left} words more than planned")
    return found


@contextmanager
def _watched(file: Path, size: int, progress: Callable[[float], None] | None) -> Iterator[None]:
    """Report a file's growth while the body runs: no need to ask the simulator."""
    if progress is None:
        yield
        return
    done = Event()

    def watch() -> None:
        while not done.wait(0.2):
            progress(min(1.0, file.stat().st_size / size) if file.exists() else 0.0)

    thread = Thread(target=watch)
    thread.start()
    try:
        yield
        progress(1.0)
    finally:
        done.set()
        thread.join()
