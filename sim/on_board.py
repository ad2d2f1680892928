"""The core as it is built for a board, with a network loaded into it, its streamed weights in the
board's SDRAM: every value of a network that no board holds on its chip.

The engine has the device's capacities and begins with the packaged network, as ``hw.build`` makes
it, so that its model is compiled once for all networks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from plan.contents import contents
from plan.engine import Engine
from plan.planner import Plan
from plan.schedule import PlanError
from plan.search import plan_within
from sim import behind_sdram, cosimulate
from sim.cosimulate import Frame, Run
from sim.sdram_chip import CHIP
from spec.quantized import QuantizedNetwork


@dataclass(frozen=True, kw_only=True, eq=False)
class BoardCore:
    """An engine of given capacities that begins with a network, as the board's design has them.

    Parameters
    ----------
    engine, clock_hz
        What computes, and how fast its clock and the SDRAM's is.
    first
        The network that is built in.
    built_in
        Its plan, with the engine's capacities as its ``room``.
    """

    engine: Engine
    clock_hz: int
    first: QuantizedNetwork
    built_in: Plan

    def plan(self, quantized: QuantizedNetwork) -> Plan:
        """The plan of a network within the engine, as a host that loads it makes it.

        Raises
        ------
        plan.schedule.PlanError
            If it does not fit, with both numbers.
        """
        room = self.built_in.room
        made = plan_within(quantized.network, self.engine, room, clock_hz=self.clock_hz)
        if missing := room.shortages(made.needs()):
            raise PlanError(f"{quantized.network.name} needs {', '.join(missing)}")
        return made

    def model(self) -> Path:
        """The compiled model, and with it that of an SDRAM if the engine takes weights from one."""
        room = self.built_in.room
        held = contents(self.first, self.built_in, room)
        if room.streamed:
            core = behind_sdram.streamed_core(self.engine, room, held, self.clock_hz)
            return cosimulate.build(core, self.built_in, cells=[CHIP])
        return cosimulate.build(cosimulate.core(self.first, self.built_in, room), self.built_in)

    def observe(
        self,
        model: Path,
        quantized: QuantizedNetwork,
        made: Plan,
        images: list[np.ndarray],
        progress: Callable[[float], None] | None = None,
    ) -> list[Frame]:
        """Load a network with its plan, and run images through it, see :func:`sim.cosimulate`."""
        room = self.built_in.room
        held = contents(quantized, made, room)
        settings = {}
        if made.stream_rows:
            file = model.parent / f"{quantized.network.name}.rows.hex"
            behind_sdram.write(held.stream, self.engine.stream_bits, file)
            settings = {"sdram": file}
        run = Run(plan=made, images=images, loads=cosimulate.loads(held, self.engine, room))
        (frames,) = cosimulate.observe_runs(model, [run], settings=settings, progress=progress)
        return frames
