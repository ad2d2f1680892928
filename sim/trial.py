"""Small networks through one core: right or not, for a circuit or a plan that was made wrong."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from random import Random

import numpy as np

from plan.capacities import Capacities
from plan.contents import contents
from plan.planner import Plan, plan
from plan.schedule import PlanError
from plan.starved import frame_time
from sim import cosimulate, runner
from sim.networks import ENGINES, chosen, draw_network
from spec import reference, synthetic
from spec.quantized import QuantizedNetwork

MAIN = Path(__file__).with_name("bench_core.cpp")
ENGINE = "6x2"
NETWORKS = ("oblong", "cut windows", "wide kernel", "fire")
"""Kernels 5, 3, 7 and 1, strides 3, 1 and 2, paddings 2, 1 and 0; pools of both kernels; Fire
modules one after the other, alone, and before a pool; class sums of signed bytes."""
CORES = {
    "6x2": (*NETWORKS, "two layers", "rings", "padded", "point"),
    "8x4x2-lut9": ("oblong", "wide kernel", "rings", "cut windows", "padded", "pairs", "point"),
}
"""By engine, what a plan is tried with: besides, a border, maps of a pixel, and two pixels a cycle
with rows of odd and of even length."""
FRAMES = 2
STALLS = ((0.0, 0.0), (0.3, 0.5), (0.7, 0.0), (0.0, 0.9))
"""Probabilities that no pixel is offered, that no result is taken: a part each."""
PLAN_STALLS = (*STALLS[:3], (0.97, 0.0))
"""The same for plans: one wait for a pixel is longer than several steps, too."""


class Wrong(Exception):
    """What showed that something is wrong."""


@dataclass(frozen=True, eq=False)
class Trial:
    """Networks of :mod:`sim.networks`, loaded one after the other into one core.

    ``plans`` are theirs, in order, then those of ``drawn`` ones; ``capacities`` are the core's.
    """

    plans: tuple[Plan, ...]
    capacities: Capacities
    drawn: int = 0

    @classmethod
    def made(
        cls,
        capacities: Capacities | None = None,
        drawn: int = 0,
        *,
        engine: str = ENGINE,
        names: tuple[str, ...] = NETWORKS,
    ) -> "Trial":
        """With plans made now; by default the core is just large enough for them.

        ``drawn`` networks more are drawn at random among those that fit it, too, each stride of
        the first convolution in turn.
        """
        plans = [chosen(name, engine) for name in names]
        capacities = capacities or Capacities.covering(*(one.needs() for one in plans))
        rng = Random(1)
        while len(plans) < len(names) + drawn:
            try:
                one = plan(draw_network(rng), ENGINES[engine])
            except (PlanError, ValueError):
                continue  # a row of the image is wider than a tile, say, or a pool than a map
            stride = 1 + len(plans) % 3
            if one.network.first.stride == stride and not capacities.shortages(one.needs()):
                plans.append(one)
        return cls(tuple(plans), capacities, drawn)

    @cached_property
    def networks(self) -> list[QuantizedNetwork]:
        """Every second of those that are drawn has sums far beyond the range."""
        made = [synthetic.quantized(one.network, seed=1) for one in self.plans]
        later = range(len(made) - self.drawn, len(made), 2)
        return [synthetic.saturated(one) if k in later else one for k, one in enumerate(made)]

    @cached_property
    def images(self) -> list[list[np.ndarray]]:
        return [
            [synthetic.image(one.network, seed) for seed in range(FRAMES)] for one in self.plans
        ]

    @cached_property
    def expected(self) -> list[list[dict[str, np.ndarray]]]:
        return [
            [reference.run(one, image) for image in images]
            for one, images in zip(self.networks, self.images, strict=True)
        ]

    @cached_property
    def loads(self) -> list[list[int]]:
        return [
            cosimulate.loads(contents(one, plan, self.capacities), plan.engine, self.capacities)
            for one, plan in zip(self.networks, self.plans, strict=True)
        ]

    def build(self, **options) -> Path:
        """The core's model; it begins with the first network. ``options``: more of the runner's."""
        core = cosimulate.core(self.networks[0], self.plans[0], self.capacities)
        return cosimulate.build(core, self.plans[0], main=MAIN, **options)

    def check(
        self,
        model: Path,
        order: tuple[int, ...],
        stalls: tuple[float, float] = (0.0, 0.0),
        *,
        begins: int | None = 0,
        **settings: int,
    ) -> None:
        """Run networks by their numbers in ``order``; the core ``begins`` with that one.

        Raises
        ------
        Wrong
            If a value is not the reference's or a frame's cycles are not the plan's.
        """
        runs, holds = [], begins
        for k in order:
            loads = [] if k == holds else self.loads[k]
            runs.append(cosimulate.Run(plan=self.plans[k], images=self.images[k], loads=loads))
            holds = k
        i_stall, o_stall = stalls
        try:
            found = cosimulate.observe_runs(
                model,
                runs,
                i_stall=i_stall,
                o_stall=o_stall,
                seed=7,
                settings=settings,
                simulate=simulate,
            )
        except (runner.SimulationError, ValueError) as error:
            raise Wrong(str(error).splitlines()[0]) from error
        for k, frames in zip(order, found, strict=True):
            for frame, expected in zip(frames, self.expected[k], strict=True):
                self._compare(self.plans[k], frame, expected)

    @staticmethod
    def _compare(plan: Plan, frame: cosimulate.Frame, expected: dict[str, np.ndarray]) -> None:
        for name, values in frame.tensors.items():
            if not np.array_equal(values, expected[name]):
                raise Wrong(f"values of {name}")
        predicted = frame_time(plan.program, frame.offered.tolist())
        if frame.cycles != predicted.cycles:
            raise Wrong("the circuit's count of cycles")
        if frame.elapsed - cosimulate.READ_OUT != predicted.elapsed:
            raise Wrong("the bench's count of cycles")


def found(checks: list[Callable[[], None]]) -> str:
    """What the first of the checks says that finds something wrong; empty if none does."""
    for check in checks:
        try:
            check()
        except Wrong as wrong:
            return str(wrong)
    return ""


def circuit_checks(trial: Trial, model: Path, **settings: int) -> list[Callable[[], None]]:
    """The quickest first: one network, those chosen with each kind of stalls, those drawn with the
    first three kinds."""
    rounds = (*range(len(NETWORKS)), 0)
    checks = [partial(trial.check, model, (0,), **settings)]
    checks += [partial(trial.check, model, rounds, stalls, **settings) for stalls in STALLS]
    drawn = tuple(range(len(NETWORKS), len(trial.plans)))
    if drawn:
        checks += [partial(trial.check, model, drawn, stalls, **settings) for stalls in STALLS[:3]]
    return checks


def simulate(model: Path, plusargs: list[str], watchdog: int, work: Path) -> None:
    """Run a model of :meth:`Trial.build`, as :func:`sim.cosimulate.observe_runs` asks for it."""
    command = [str(model), *plusargs, f"+watchdog={watchdog}"]
    code = subprocess.run(command, cwd=work, stdout=subprocess.DEVNULL).returncode
    if code:
        why = {3: "no end", 4: "a result changed before it was taken"}
        raise runner.SimulationError(why.get(code, f"exit code {code}"))
