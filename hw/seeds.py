"""Placements of one netlist by several seeds, side by side; the fastest one is kept."""

import math
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from hw import flow
from hw.report import Timing

INPUTS = ("top.json", "top.lpf")
OUTPUTS = (flow.PLACED, flow.TIMING, flow.FLOOR, "top.tim")
PATIENCE = 2
"""How many times as long as those that met the clock a placement may take; some never end."""
LEAST = 300.0
"""Seconds that each may take."""


@dataclass(frozen=True, kw_only=True)
class Placement:
    """What a seed came to: its timing, or in one line why there is none."""

    seed: int
    timing: Timing | None = None
    failure: str = ""

    @property
    def margin(self) -> float:
        """By what factor the clock with the least to spare exceeds what is wanted."""
        return self.timing.margin if self.timing else 0.0


@dataclass(frozen=True)
class Placements:
    """All that were tried, in the order of their seeds."""

    tried: tuple[Placement, ...]

    @property
    def best(self) -> Placement:
        """The one with the most to spare; of equals the first."""
        return max(self.tried, key=lambda one: one.margin)

    def rows(self) -> list[dict]:
        """For ``report.json``: a row a seed."""
        return [
            {
                "seed": one.seed,
                "fmax_mhz": round(one.timing.fmax_mhz, 2) if one.timing else None,
                "met": bool(one.timing and one.timing.met),
                "kept": one is self.best,
                "slowest": one.timing.path if one.timing else one.failure,
            }
            for one in self.tried
        ]

    def table(self) -> str:
        """For people; empty if there was no choice."""
        if len(self.tried) == 1:
            return ""
        lines = ["", f"{'seed':>6} {'MHz':>8}         slowest"]
        for row in self.rows():
            reached = "–" if row["fmax_mhz"] is None else f"{row['fmax_mhz']:.2f}"
            word = "kept" if row["kept"] else "" if row["met"] else "missed"
            lines.append(f"{row['seed']:6} {reached:>8} {word:7} {row['slowest']}")
        return "\n".join([*lines, ""])


def place(command: list[str], work: Path, seeds: range, clock_mhz: float) -> Placements:
    """Run nextpnr for each seed, as many at a time as there are processors.

    Once one has met the clock, another that takes much longer (:data:`PATIENCE`) is given up. The
    best one's files are then in ``work``, as if it had been the only one.

    Parameters
    ----------
    command
        nextpnr's, with a ``--seed`` that is replaced.
    work
        The folder with :data:`INPUTS`.
    seeds
        At least one.
    clock_mhz
        The core's clock that is wanted.

    Raises
    ------
    hw.flow.FlowError
        If nextpnr fails with every seed.
    """
    if len(seeds) == 1:
        flow.run("nextpnr-ecp5", command, work)
        timing = Timing.read(work / flow.TIMING, clock_mhz)
        return Placements((Placement(seed=seeds[0], timing=timing),))

    took: list[float] = []  # seconds, of those that met the clock

    def enough(seconds: float) -> bool:
        return seconds > max(LEAST, PATIENCE * max(took, default=math.inf))

    def one(seed: int) -> Placement:
        folder = work / f"seed-{seed}"
        folder.mkdir()
        for name in INPUTS:
            os.link(work / name, folder / name)
        words = list(command)
        words[words.index("--seed") + 1] = str(seed)
        start = time.monotonic()
        try:
            flow.run("nextpnr-ecp5", words, folder, enough)
        except flow.FlowError as error:
            return Placement(seed=seed, failure=str(error))
        timing = Timing.read(folder / flow.TIMING, clock_mhz)
        if timing.met:
            took.append(time.monotonic() - start)
        return Placement(seed=seed, timing=timing)

    with ThreadPoolExecutor(min(len(seeds), os.cpu_count() or 1)) as pool:
        futures = [pool.submit(one, seed) for seed in seeds]
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    placements = Placements(tuple(future.result() for future in futures))
    best = placements.best
    for name in OUTPUTS:
        if (work / f"seed-{best.seed}" / name).is_file():
            shutil.move(work / f"seed-{best.seed}" / name, work / name)
    if best.timing is None:
        raise flow.FlowError(best.failure)
    return placements
