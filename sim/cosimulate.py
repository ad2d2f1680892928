"""Run images through the simulated core, and observe every tensor that it computes.

The core shows two flows of its inside, which a board leaves open: ``trace``, every requantized
word, and ``written``, every word that goes to the activation memory after max-pooling. Both come
in the program's order, so that tensors are put together from the plan alone.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from threading import Event, Thread

import numpy as np
from amaranth.lib import wiring

from hw.core import Core
from plan.contents import contents
from plan.engine import Engine
from plan.planner import Plan, plan
from plan.window import FIRST_PIXEL
from sim import runner
from sim.rebuild import computed, rebuild
from spec.quantized import QuantizedNetwork

BENCH = Path(__file__).with_name("bench_core.sv")
TRACE = "trace.bin"
READ_OUT = 4
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
    model = build(Core(planned, contents(quantized, planned)), planned)
    return observe(
        model, planned, images, i_stall=i_stall, o_stall=o_stall, seed=seed, progress=progress
    )


def build(core: wiring.Component, plan: Plan, **options) -> Path:
    """The model of a component with the ports of :class:`hw.core.Core`, inside its bench.

    ``options`` are more of :func:`sim.runner.build`'s.
    """
    constants = {"COLUMNS": plan.engine.columns}
    return runner.build(core, name="core", top=BENCH, constants=constants, **options)


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
    network = plan.network
    shape = (network.image.height, network.image.width, network.image.channels)
    for image in images:
        if image.dtype != np.uint8 or image.shape != shape:
            raise ValueError(f"images must be uint8 of shape {shape}, not {image.shape}")
    pixels = network.image.pixels
    settings = {
        **(settings or {}),
        "frames": len(images),
        "frame_pixels": pixels,
        "i_stall": round(i_stall * STALL_STEPS),
        "o_stall": round(o_stall * STALL_STEPS),
        "seed": seed,
    }
    cycles = plan.cycles + pixels / (1 - i_stall) + network.classes / (1 - o_stall)
    work = Path(tempfile.mkdtemp(prefix="frames-", dir=model.parent))
    np.stack(images).tofile(work / "pixels.bin")
    words = len(images) * sum(computed(plan, step).words for step in plan.program.steps)
    with _watched(work / TRACE, words * _word_bytes(plan), progress):
        runner.simulate(
            model,
            "sim.bench_core",
            parameters={"watchdog": int(2 * len(images) * cycles) + 1000},
            plusargs=[f"+{key}={value}" for key, value in settings.items()],
            work=work,
        )
    frames = _read(work, plan, len(images))
    shutil.rmtree(work)
    return frames


def _word_bytes(plan: Plan) -> int:
    """Bytes of a word in the bench's files: whole 32-bit units."""
    return 4 * ceil(plan.engine.columns / 4)


def _read(work: Path, plan: Plan, count: int) -> list[Frame]:
    """The frames in the files of a run."""

    def words(name: str) -> list[np.ndarray]:
        read = np.fromfile(work / name, np.uint8).reshape(-1, _word_bytes(plan))
        if len(read) % count:
            raise runner.SimulationError(f"{name} holds {len(read)} words of {count} frames")
        return np.split(read[:, : plan.engine.columns], count)

    results = np.loadtxt(work / "results.txt", np.int64, ndmin=2)
    results = np.split(results, np.flatnonzero(results[:, 2])[:-1] + 1)
    totals = np.loadtxt(work / "frames.txt", np.int64, ndmin=2)
    offered = np.split(np.fromfile(work / "offered.bin", np.int32), count)
    frames = []
    for trace, written, result, offers, (start, starved, held) in zip(
        words(TRACE), words("written.bin"), results, offered, totals, strict=True
    ):
        *sums, cycles = result[:, 1]
        if len(sums) != plan.network.classes:
            raise runner.SimulationError(f"{len(sums)} sums of {plan.network.classes} classes")
        frames.append(
            Frame(
                tensors=rebuild(plan, trace, written) | {"sums": np.array(sums)},
                cycles=int(cycles),
                elapsed=int(result[0, 0] - start),
                offered=offers - start + FIRST_PIXEL,
                starved=int(starved),
                held=int(held),
            )
        )
    return frames


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
