"""Whether a board holds a network, before it is trained; and what to do when it has been."""

import shlex
from pathlib import Path

from model.settings import Settings
from plan.boards import BOARD_DEVICES, WITH_SDRAM, default_clock_mhz
from plan.device import DEVICES
from plan.engine import ENGINES
from plan.fit import shortages
from plan.link import chip_words
from plan.planner import plan
from plan.room import loaded
from plan.schedule import PlanError
from spec import artifact, terminal
from spec.models import packaged
from spec.network import Network


def prospect(network: Network, settings: Settings) -> tuple[str, bool]:
    """In words, what the board of the settings makes of a network; and whether that is a warning.

    Raises
    ------
    KeyError
        If the settings have no board.
    """
    variant = settings.variant or BOARD_DEVICES[settings.board][0]
    device = DEVICES[variant]
    engine = ENGINES[device.engine]
    where = f"{settings.board}, {variant}"
    try:
        made = plan(network, engine)
    except PlanError as error:
        return f"the engine of {where} cannot compute this network: {error}", True
    missing, clock_hz = (
        shortages(made, device),
        int(default_clock_mhz(settings.board, variant) * 1e6),
    )
    if missing and settings.board in WITH_SDRAM:
        first = artifact.load(packaged()).network
        inside = loaded(network, first, device, engine, clock_hz=clock_hz)
        if inside is not None:
            words = chip_words(inside.cycles, clock_hz)
            return f"on {where}, loaded into the SDRAM by host load: {words}", False
    if missing:
        way = "caracal plan --suggest --board " + settings.board
        way += f" --variant {variant}" if settings.variant else ""
        return (
            f"no bitstream of {where} can hold this network: needs {' and '.join(missing)}; train "
            f"it for another board, or one with an SDRAM that it is loaded into "
            f"({', '.join(WITH_SDRAM)}); {way} names what fits",
            True,
        )
    return f"on {where}: {chip_words(made.cycles, clock_hz)}", False


def left(history: list[dict], settings: Settings) -> str:
    """How long the other epochs will take, from the seconds of the last one and their sizes."""
    done = history[-1]
    pixels = sum(
        settings.schedule.size(number) ** 2 for number in range(len(history), settings.epochs)
    )
    seconds = done["seconds"] * pixels / done["size"] ** 2
    if seconds < 90:
        return f"{seconds:.0f} s left"
    minutes = round(seconds / 60)
    return f"{minutes} min left" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min left"


def next_command(best: Path, output: Path) -> str:
    """What makes integers of a run; the data and the split come from the checkpoint."""
    program = "python -m quant" if terminal.CALLED.get() is None else "caracal quantize"
    folder = output if output.name.strip(".") else output.resolve()  # such as the one one is in
    made = folder.with_name(f"{folder.name}.onnx")
    words = [str(best), "--finetune", "4", "--output", str(made)]
    return f"next: {program} {shlex.join(words)}"
