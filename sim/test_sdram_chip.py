"""The model of the SDRAM chip: what keeps the rules passes, and each rule is broken once."""

import subprocess
from functools import cache
from pathlib import Path

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Cat, Instance, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.sdram.bus import ALL_BANKS, MODE, Command
from sim.sdram_chip import CHIP
from sim.verilate import model

PERIOD_NS = 9
"""Fast enough for a CAS latency of 3, too fast for 2."""
START = 100
"""Cycles after power-up."""


class Pins(wiring.Component):
    """The chip's pins, and its clock as a port."""

    clk: In(1)
    enable: In(1)
    command: In(3)
    bank: In(2)
    address: In(13)
    mask: In(1)
    i: In(16)
    drive: In(1)
    o: Out(16)
    driving: Out(1)

    def __init__(self, **parameters: int):
        self._parameters = {f"p_{name}": value for name, value in parameters.items()}
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.chip = Instance(
            "sdram_chip",
            p_PERIOD_PS=1000 * PERIOD_NS,
            p_START_PS=1000 * PERIOD_NS * START,
            **self._parameters,
            i_clk=self.clk,
            i_cke=self.enable,
            i_cs_n=0,
            i_ras_n=~self.command[2],
            i_cas_n=~self.command[1],
            i_we_n=~self.command[0],
            i_ba=self.bank,
            i_a=self.address,
            i_dqm=Cat(self.mask, self.mask),
            i_dq_i=self.i,
            i_dq_driven=self.drive,
            o_dq_o=self.o,
            o_dq_oe=self.driving,
        )
        return m


@cache
def pins(**parameters: int) -> Path:
    netlist = rtlil.convert(Pins(**parameters), name="pins", emit_src=False)
    texts = {"pins.il": netlist, CHIP.name: CHIP.read_text()}
    return model("pins", texts, main=CHIP.with_name("sdram_pins.cpp"), prefix="Vpins")


def command(which: Command, bank=0, address=0, *, enable=1, mask=0, data=0, drive=0) -> str:
    return f"1 {enable} {which.value} {bank} {address} {mask} {data} {drive}"


def nothing(cycles: int) -> str:
    return f"{cycles} 1 0 0 0 0 0 0"


def play(script: list[str], **parameters: int) -> subprocess.CompletedProcess:
    return subprocess.run(
        [pins(**parameters)], input="\n".join(script), capture_output=True, text=True
    )


def activate(bank=0, row=5) -> str:
    return command(Command.ACTIVATE, bank, row)


def write(bank=0, column=0, data=1) -> str:
    return command(Command.WRITE, bank, column, data=data, drive=1)


PRECHARGE = command(Command.PRECHARGE)
READ = command(Command.READ)
REFRESH = command(Command.REFRESH)
PRECHARGE_ALL = command(Command.PRECHARGE, address=ALL_BANKS)
SET_MODE = command(Command.MODE, address=MODE)

CLOSED = [nothing(START), PRECHARGE_ALL, nothing(2)]
REFRESHED = [*CLOSED, *[REFRESH, nothing(7)] * 8]
READY = [*REFRESHED, SET_MODE, nothing(1)]

#: A rule, commands, and the fewest cycles from the last but one to the last.
SHORTEST = [
    ("tRCD", [activate(), READ], 3),
    ("tRP", [activate(), nothing(4), PRECHARGE, activate()], 3),
    ("tRP", [activate(), nothing(4), PRECHARGE, REFRESH], 3),
    ("tRAS", [activate(), PRECHARGE], 5),
    ("tRFC", [REFRESH, activate()], 8),
    ("tRFC", [REFRESH, REFRESH], 8),
    ("tRRD", [activate(), activate(1)], 2),
    ("tWR", [activate(), nothing(4), write(), PRECHARGE_ALL], 2),
    ("tMRD", [SET_MODE, activate()], 2),
    ("turn-round", [activate(), nothing(2), READ, write()], 12),
]

#: What ends the run, and the commands from power-up that do it.
FORBIDDEN = [
    ("initialization: a command too soon", [nothing(START - 2), PRECHARGE_ALL]),
    ("initialization: a command while CKE is low", [*CLOSED, command(Command.REFRESH, enable=0)]),
    ("initialization: the first command", [nothing(START), PRECHARGE]),
    ("initialization: refreshed before", [nothing(START), REFRESH]),
    ("initialization: mode register before", [nothing(START), SET_MODE]),
    ("initialization: used before", [*REFRESHED[:-2], SET_MODE, nothing(1), activate()]),
    ("initialization: used before", [*REFRESHED, activate()]),
    ("bank state: activated while open", [*READY, activate(), nothing(9), activate()]),
    ("bank state: read or written while closed", [*READY, READ]),
    ("bank state: read or written while closed", [*READY, activate(1), nothing(9), write()]),
    ("bank state: refreshed while", [*READY, activate(), nothing(9), REFRESH]),
    ("bank state: mode register set while", [*READY, activate(), nothing(9), SET_MODE]),
    ("mode register: reserved", [*REFRESHED, command(Command.MODE, address=MODE | 1 << 7)]),
    ("mode register: CAS", [*REFRESHED, command(Command.MODE, address=MODE & ~0x70 | 0x10)]),
    ("tCK", [*REFRESHED, command(Command.MODE, address=MODE & ~0x70 | 0x20)]),
    ("address: a column", [*READY, activate(), nothing(2), write(column=512)]),
    ("write data", [*READY, activate(), nothing(2), command(Command.WRITE)]),
    ("tREFI", [*READY, nothing(1737)]),
]


@pytest.mark.parametrize(("rule", "commands", "cycles"), SHORTEST)
def test_a_rule_is_kept_to_the_cycle(rule, commands, cycles):
    *before, last = commands
    kept = play([*READY, *before, nothing(cycles - 1), last])
    assert kept.returncode == 0, kept.stdout
    broken = play([*READY, *before, nothing(cycles - 2), last])
    assert broken.returncode and f"SDRAM breach: {rule}" in broken.stdout


@pytest.mark.parametrize(("rule", "script"), FORBIDDEN)
def test_what_is_forbidden_ends_the_run(rule, script):
    end = play(script)
    assert end.returncode and f"SDRAM breach: {rule}" in end.stdout


def test_the_row_cycle():
    # At a clock that the chip allows, the sum of two other rules is as long; so a slower chip.
    script = [*READY, activate(), nothing(4), PRECHARGE, nothing(2), activate()]
    assert play(script).returncode == 0
    assert "SDRAM breach: tRC," in play(script, T_RC=72_001).stdout


def test_refreshes_in_time_and_what_is_read():
    refresh = [PRECHARGE_ALL, nothing(2), REFRESH, nothing(7)]
    fill = [write(column=8 + place, data=100 + place) for place in range(8)]
    words = [activate(row=7), nothing(2), *fill, nothing(1), *refresh]
    for _ in range(5):
        words += [nothing(700), *refresh]
    words += [activate(row=7), nothing(2)]
    read = play([*READY, *words, command(Command.READ, address=10), nothing(20)])
    assert read.returncode == 0, read.stdout
    issued = sum(int(line.split()[0]) for line in [*READY, *words])
    # CAS latency 3, a burst of eight that wraps.
    want = [(issued + 3 + place, 100 + (2 + place) % 8) for place in range(8)]
    assert [tuple(map(int, line.split())) for line in read.stdout.splitlines()] == want
