"""What a setting will be on a board, without synthesis: size, cycles, frames a second."""

from dataclasses import dataclass

from hw.board.boards import BOARDS
from plan.boards import default_clock_mhz
from plan.device import DEVICES, Device
from plan.engine import ENGINES, Engine
from plan.fit import needs, shortages
from plan.planner import plan
from plan.schedule import PlanError
from spec.squeezenet import Metaparameters, squeezenet


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A board's device with an engine and a clock on it."""

    board: str
    variant: str
    engine: Engine
    clock_mhz: float

    @classmethod
    def of(
        cls,
        board: str,
        variant: str | None = None,
        engine: str | None = None,
        clock_mhz: float | None = None,
    ) -> "Target":
        """By name; what is None is the board's or the device's own.

        Raises
        ------
        ValueError
            If there is none of that name, or the clock does not run.
        """
        if board not in BOARDS:
            raise ValueError(f"--board must be one of {', '.join(BOARDS)}, not {board}")
        variants = BOARDS[board].variants
        variant = variant or BOARDS[board].default
        if variant not in variants:
            raise ValueError(
                f"--variant must be one of {', '.join(variants)} for {board}, not {variant}"
            )
        device = DEVICES[variant]
        engine = engine or device.engine
        if engine not in ENGINES:
            raise ValueError(f"--engine must be one of {', '.join(ENGINES)}, not {engine}")
        if clock_mhz is None:
            clock_mhz = default_clock_mhz(board, variant, engine=engine)
        if not 0 < clock_mhz < float("inf"):
            raise ValueError(f"--clock must be above 0 MHz, not {clock_mhz:g}")
        return cls(board=board, variant=variant, engine=ENGINES[engine], clock_mhz=clock_mhz)

    @property
    def device(self) -> Device:
        return DEVICES[self.variant]

    def __str__(self) -> str:
        return (
            f"{BOARDS[self.board].title}, {self.variant}; "
            f"engine {self.engine}; {self.clock_mhz:g} MHz"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """Figures of a setting; None where there is nothing to say, and ``note`` says why.

    Parameters
    ----------
    weights, macs
        Of the network, biases not counted; None if the setting is no network.
    cycles, utilization, ebr, multipliers
        Of the plan; None if the engine cannot compute the network.
    frames_per_second
        Compute only; None if the design does not fit the device.
    note
        What does not fit, or nothing.
    """

    weights: int | None = None
    macs: int | None = None
    cycles: int | None = None
    utilization: float | None = None
    ebr: int | None = None
    multipliers: int | None = None
    frames_per_second: float | None = None
    note: str = ""

    @property
    def trainable(self) -> bool:
        """There is a network, whether or not it fits."""
        return self.weights is not None


def predict(parameters: Metaparameters, target: Target) -> Prediction:
    """The figures of a setting on a target. LUTs are not predicted: they take a synthesis."""
    try:
        network = squeezenet(parameters)
    except ValueError as error:
        return Prediction(note=f"no network: {error}")
    size = {"weights": network.weights, "macs": network.macs}
    try:
        made = plan(network, target.engine)
    except PlanError as error:
        return Prediction(**size, note=f"no plan: {error}")
    need = needs(made)
    missing = shortages(made, target.device)
    return Prediction(
        **size,
        cycles=made.cycles,
        utilization=made.utilization,
        ebr=need["EBR"],
        multipliers=need["multipliers"],
        frames_per_second=None if missing else target.clock_mhz * 1e6 / made.cycles,
        note=f"does not fit {target.variant}: needs {' and '.join(missing)}" if missing else "",
    )
