"""Rows loaded into the SDRAM come back in order, and the memory test finds broken lines."""

import pytest

from hw.sdram.source import SdramSource
from plan.sdram import words
from sim import runner
from sim.behind_sdram import CLOCK_HZ, START_NS, Quick
from sim.sdram_chip import CHIP, Chip, WithChip

SIZE = {"width": 36, "depth": 16, "pages": 6}


def source() -> WithChip:
    timing = Quick(clock_hz=CLOCK_HZ)
    capture = timing.capture(180)
    chip = Chip(clock_hz=CLOCK_HZ, capture=capture, start_ns=START_NS)
    return WithChip(SdramSource(timing=timing, capture=capture, **SIZE), chip)


def run(bench: str, **parameters) -> None:
    parameters |= SIZE | {"seed": 1, "clock_hz": CLOCK_HZ}
    runner.run(source(), bench, cells=[CHIP], parameters=parameters)


def test_rows_come_back():
    # Frames that end inside a burst and at its end; of one row; of more than a page.
    run("sim.bench_sdram_source", counts=[7, 1, 8, 512 // words(SIZE["width"]) + 3])


#: Address line 6 is no part of the mode register's setting.
@pytest.mark.parametrize(("stuck_address", "stuck_data"), [(0, 0), (1 << 6, 0), (0, 1 << 11)])
def test_memory_test(stuck_address, stuck_data):
    run("sim.bench_memtest", rows=200, stuck_address=stuck_address, stuck_data=stuck_data)
