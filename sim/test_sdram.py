"""The SDRAM's controller against a chip that checks every rule, and the chip against breaches."""

import pytest

from hw.sdram.controller import Controller
from plan.sdram import Sdram
from sim import runner
from sim.sdram_chip import CHIP, Chip, WithChip

#: The slowest; a board's own; those of circuits.
CLOCKS_HZ = (3_000_000, 25_000_000, 100_000_000, 133_000_000)


def controlled(timing: Sdram) -> WithChip:
    capture = timing.capture(180)
    chip = Chip(clock_hz=timing.clock_hz, capture=capture)
    return WithChip(Controller(timing=timing, capture=capture), chip)


@pytest.mark.parametrize("clock_hz", CLOCKS_HZ)
def test_words_come_back(clock_hz):
    runner.run(
        controlled(Sdram(clock_hz=clock_hz)),
        "sim.bench_sdram",
        cells=[CHIP],
        parameters={"seed": 1, "clock_hz": clock_hz},
    )


class Hasty(Sdram):
    """Sends a command too soon after a refresh."""

    t_rfc = 6


class Lazy(Sdram):
    """Refreshes rarely."""

    interval = 3000


@pytest.mark.parametrize(("timing", "rule"), [(Hasty, "tRFC"), (Lazy, "tREFI")])
def test_a_controller_that_breaks_a_rule_is_stopped(timing, rule):
    circuit = controlled(timing(clock_hz=100_000_000))
    with pytest.raises(runner.SimulationError, match=f"SDRAM breach: {rule},"):
        runner.run(
            circuit,
            "sim.bench_sdram",
            cells=[CHIP],
            parameters={"seed": 1, "clock_hz": 100_000_000},
        )
