"""Planning and building from Python."""

import json
from fractions import Fraction
from os import PathLike
from pathlib import Path

from caracal.calling import Setting, call, flags
from hw import build as building
from hw.board.boards import BOARDS
from plan.device import DEVICES
from plan.engine import ENGINES
from plan.planner import Plan
from plan.planner import plan as plan_of
from spec import artifact
from spec.models import packaged


def plan(
    model: str | PathLike | None = None,
    *,
    board: str = "ulx3s",
    variant: str | None = None,
    engine: str | None = None,
) -> Plan:
    """What the circuit of a network will be: its program, its memories, its cycles.

    Parameters
    ----------
    model
        A quantized network, by default the packaged one.
    board, variant
        A board's name and a device of it, by default the largest; they choose the engine.
    engine
        Another engine's name.

    Raises
    ------
    ValueError
        If there is no such board, or the network cannot be computed.

    Examples
    --------
    >>> import caracal
    >>> made = caracal.plan()
    >>> f"{made.cycles:,} cycles, {made.utilization:.3f} of the engine used"
    '268,792 cycles, 0.951 of the engine used'
    """
    for name, known in ((board, BOARDS), (engine or "16x16", ENGINES)):
        if name not in known:
            raise ValueError(f"must be one of {', '.join(known)}, not {name}")
    variants = BOARDS[board].variants
    variant = variant or BOARDS[board].default
    if variant not in variants:
        raise ValueError(f"a variant of {board} is one of {', '.join(variants)}, not {variant}")
    network = artifact.load(Path(model or packaged())).network
    return plan_of(network, ENGINES[engine or DEVICES[variant].engine])


def build(
    board: str,
    model: str | PathLike | None = None,
    *,
    output: str | PathLike | None = None,
    clock: float | Fraction | None = None,
    quiet: bool = True,
    **settings: Setting,
) -> dict:
    """Make a bitstream; ``caracal build`` from Python. It takes up to half an hour.

    Parameters
    ----------
    board
        Its name.
    model
        A quantized network, by default the packaged one.
    output
        The folder for ``top.bit`` and the reports, by default ``build/BOARD``.
    clock
        In MHz; by default the device's.
    quiet
        Say nothing; otherwise each stage, on standard error.
    settings
        Any other flag of ``caracal build``, such as ``variant="45F"`` or ``seed=2``.

    Returns
    -------
    dict
        What ``report.json`` holds, see :doc:`docs/report.md`.

    Raises
    ------
    ValueError
        If a setting or the model cannot be used, or the network does not fit.
    hw.flow.ToolError, hw.flow.FlowError
        If a tool is missing, or ran and failed, or the clock is missed.

    Examples
    --------
    >>> import caracal
    >>> report = caracal.build("ulx3s", "small.onnx", engine="4x4", output="build/small")
    >>> report["fmax_mhz"] > report["clock_mhz"]
    True
    """
    folder = Path(output) if output else Path("build") / board
    told = {"board": board, "model": model, "output": folder, "clock": clock}
    call(building.main, flags(told | settings), quiet=quiet)
    return json.loads((folder / "report.json").read_text())
