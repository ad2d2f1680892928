"""Bench of the logic cells' models; every expected value is typed in, none computed as they do."""

from itertools import product

import cocotb
from cocotb.triggers import RisingEdge

from sim.play import play

LUTS = (
    # INIT, and the inputs DCBA, highest first, at which the output is 1: FPGA Libraries Reference
    # Guide, LUT4: INIT's bit number is the inputs read as DCBA.
    (0x0001, {"0000"}),
    (0x0002, {"0001"}),
    (0x0010, {"0100"}),
    (0x0100, {"1000"}),
    (0x8000, {"1111"}),
    (0x6000, {"1101", "1110"}),
    (0xAAAA, {"0001", "0011", "0101", "0111", "1001", "1011", "1101", "1111"}),
    (0xF000, {"1100", "1101", "1110", "1111"}),
)

FLIP_FLOPS = (
    # Parameters; then Q at the start, and after each (LSR, CE, D) of SEQUENCE. FPGA-DS-02012, slice
    # registers: local set/reset over clock enable or at once, clock enable as it is or inverted.
    (
        {"REGSET": "RESET", "CEMUX": "CE", "LSRMUX": "LSR", "SRMODE": "LSR_OVER_CE"},
        (0, 1, 1, 0, 0, 0, 1, 0),
    ),
    (
        {"REGSET": "SET", "CEMUX": "CE", "LSRMUX": "LSR", "SRMODE": "LSR_OVER_CE"},
        (1, 1, 1, 0, 1, 1, 1, 1),
    ),
    (
        {"REGSET": "RESET", "CEMUX": "INV", "LSRMUX": "LSR", "SRMODE": "LSR_OVER_CE"},
        (0, 0, 0, 0, 0, 0, 0, 0),
    ),
    (
        {"REGSET": "RESET", "CEMUX": "1", "LSRMUX": "LSR", "SRMODE": "LSR_OVER_CE"},
        (0, 1, 0, 0, 0, 0, 1, 0),
    ),
    (
        {"REGSET": "RESET", "CEMUX": "CE", "LSRMUX": "LSR", "SRMODE": "ASYNC"},
        (0, 1, 1, 0, 0, 0, 0, 0),
    ),
)
SEQUENCE = ((0, 1, 1), (0, 0, 0), (0, 1, 0), (1, 1, 1), (1, 0, 0), (0, 1, 1), (1, 0, 1))

WORDS = (3, 14, 0, 7, 9, 1, 12, 5, 15, 2, 8, 10, 6, 13, 4, 11)
"""First contents of the distributed memory, word 0 first."""


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def remember(dut):
    await RisingEdge(dut.clk)
    names = [f"ff_{number}" for number in range(len(FLIP_FLOPS))]
    sets, enables, data = zip(*SEQUENCE, strict=True)
    got = await play(dut, {"set": sets, "enable": enables, "pins": data}, names, after=1)
    for number, (_, want) in enumerate(FLIP_FLOPS):
        assert got[f"ff_{number}"] == list(want), number


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def store(dut):
    got = await play(dut, {"read_address": range(16)}, ["word"])
    assert got["word"] == list(WORDS)
    # A write is seen after the clock edge, not before; nothing is written while WRE is 0.
    inputs = {
        "write_address": (5, 5, 5, 6),
        "pins": (9, 4, 2, 2),
        "write": (1, 1, 0, 0),
        "read_address": (5, 5, 5, 6),
    }
    got = await play(dut, inputs, ["word"])
    assert got["word"] == [1, 9, 4, 12]


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def look_up(dut):
    count = 16
    inputs = {"pins": range(count)}
    names = [f"lut_{number}" for number in range(len(LUTS))] + ["mux5", "mux6"]
    got = await play(dut, inputs, names)
    for number, (_, ones) in enumerate(LUTS):
        want = [int(f"{pins:04b}" in ones) for pins in range(count)]
        assert got[f"lut_{number}"] == want, number
    for c, b, a in product((0, 1), repeat=3):
        pins = 4 * c + 2 * b + a
        # PFUMX: C0 = 1 chooses ALUT. L6MUX21: SD = 1 chooses D1.
        assert got["mux5"][pins] == (a if c else b)
        assert got["mux6"][pins] == (b if c else a)
