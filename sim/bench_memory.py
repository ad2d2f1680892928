"""Bench of the memory, cells and twin: initial contents, then writes and reads at random."""

from random import Random

import cocotb

from hw.ecp5.memory import Memory
from sim.play import play
from sim.runner import parameters, reset

OUTPUTS = ["twin_read_data", "cells_read_data"]


@cocotb.test(timeout_time=10, timeout_unit="ms")
async def reads_back(dut):
    p = parameters()
    rng = Random(p["seed"])
    width, depth, lanes = p["width"], p["depth"], p["lanes"]
    latency = Memory.READ_LATENCY + p["early"]
    contents = p["init"] + [0] * (depth - len(p["init"]))
    await reset(dut)

    # Every word as it was at the start.
    idle = {name: [0] * depth for name in ("write_address", "write_data", "write_enable")}
    got = await play(dut, idle | {"read_address": range(depth)}, OUTPUTS, after=latency)
    for name, values in got.items():
        assert values[latency:] == contents, name

    # A few words at both sides of every 512, so that writes and reads often meet.
    near = [a + k for a in range(0, depth + 512, 512) for k in range(-3, 3) if 0 <= a + k < depth]
    lane_width = width // lanes
    inputs = {"write_address": [], "write_data": [], "write_enable": [], "read_address": []}
    want = []
    history = [(0, 0, 0)] * 2
    for _ in range(p["cycles"]):
        address, value = rng.choice(near), rng.getrandbits(width)
        enable = rng.getrandbits(lanes)
        # What was written the cycle before cannot be read yet; what is being written now can, and
        # is the old word, except that this cycle's write is the next one's "cycle before".
        recent = history[-1][0] if history[-1][2] else None
        read = rng.choice([a for a in (*near[:2], rng.choice(near), history[-2][0]) if a != recent])
        for name, v in zip(inputs, (address, value, enable, read), strict=True):
            inputs[name].append(v)
        # Apply what was written two cycles before this one, then look.
        want.append(contents[read])
        old = contents[history[-1][0]]
        for lane in range(lanes):
            if history[-1][2] >> lane & 1:
                mask = (1 << lane_width) - 1 << lane * lane_width
                old = old & ~mask | history[-1][1] & mask
        contents[history[-1][0]] = old
        history = [history[-1], (address, value, enable)]
    if p["early"]:
        inputs = {
            name: [*values, 0] if name == "read_address" else [0, *values]
            for name, values in inputs.items()
        }
        want.append(contents[0])
    got = await play(dut, inputs, OUTPUTS, after=latency)
    for name, values in got.items():
        assert values[latency:] == want, name
    assert len(set(want)) > len(near)
