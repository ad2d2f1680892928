"""How many frames a second each part lets through at most: what limits a network on a board."""

from dataclasses import dataclass, replace
from fractions import Fraction

from plan.link import link_frames
from plan.planner import Plan
from plan.schedule import border
from plan.window import FIRST_PIXEL, WindowTiming
from spec.protocol import RATES

CAMERA_FRAMES = Fraction(25_000_000, 784 * 510 * 2)
"""An OV7670 at VGA with a pixel clock of 25 MHz: 784 pixels a line, 510 lines, two bytes each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roof:
    """A part, and the frames a second that it lets through if nothing else takes any time.

    ``chip``: it is in the engine or feeds it; else it is where images come from.
    """

    name: str
    frames: float
    chip: bool


def roofs(made: Plan, clock_hz: float) -> tuple[Roof, ...]:
    """The roofs of a plan: ``multipliers``, ``window``, ``SDRAM`` if weights come out of one, and
    the sources, ``camera`` and ``serial line``."""
    network, program = made.network, made.program
    last = network.last
    macs = network.macs - border(last) * last.weights
    cycles = {
        "multipliers": Fraction(macs, made.engine.macs_per_cycle),
        "window": _window_cycles(made),
    }
    if made.stream_rows:
        cycles["SDRAM"] = made.stream_rows * program.stream.row_cycles
    sources = {
        "camera": float(CAMERA_FRAMES),
        "serial line": link_frames(network.image, max(RATES)),
    }
    return (
        *(Roof(name=name, frames=clock_hz / float(c), chip=True) for name, c in cycles.items()),
        *(Roof(name=name, frames=frames, chip=False) for name, frames in sources.items()),
    )


def lowest(some: tuple[Roof, ...]) -> Roof:
    """The lowest one of the chip: what limits it however well all else is arranged."""
    return min((one for one in some if one.chip), key=lambda one: one.frames)


def _window_cycles(made: Plan) -> int:
    """Cycles of the window generator for a frame, if it never waits for room."""
    window = made.program.window
    timing = WindowTiming(replace(window, ring_rows=window.o_height))
    return [timing.next_row() for _ in range(window.o_height)][-1] - FIRST_PIXEL
