# amaranth: UnusedElaboratable=no
"""Every byte becomes a word of DVI's, whatever the balance; the bits of words follow each other."""

import random

import pytest
from amaranth.hdl import DomainRenamer
from amaranth.sim import Simulator

from hw.display.tmds import CLOCK, CONTROL, Encoder, Serializer


def encoded(byte: int, balance: int) -> tuple[int, int]:
    """The word of a byte, and the balance after it: DVI 1.0, figure 3-5."""
    bits = [byte >> place & 1 for place in range(8)]
    xnor = sum(bits) > 4 or (sum(bits) == 4 and not bits[0])
    mid = bits[:1]
    for bit in bits[1:]:
        mid.append(1 - (mid[-1] ^ bit) if xnor else mid[-1] ^ bit)
    ones, zeros, flag = sum(mid), 8 - sum(mid), int(not xnor)
    if balance == 0 or ones == zeros:
        turned = not flag
        balance += ones - zeros if flag else zeros - ones
    elif (balance > 0) == (ones > zeros):
        turned = True
        balance += 2 * flag + zeros - ones
    else:
        turned = False
        balance += -2 * (1 - flag) + ones - zeros
    word = sum((bit ^ turned) << place for place, bit in enumerate(mid))
    return word | flag << 8 | int(turned) << 9, balance


def test_words_are_those_of_the_standard():
    rng = random.Random(1)
    runs = [list(range(256)), [0] * 40, [255] * 40, [rng.randrange(256) for _ in range(3000)]]
    dut = Encoder()
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    got = []
    wanted = []

    async def drive(ctx):
        for run in runs:
            balance = 0
            for control in range(4):
                ctx.set(dut.picture, 0)
                ctx.set(dut.control, control)
                wanted.append(CONTROL[control])
                await ctx.tick()
                got.append(ctx.get(dut.o))
            for byte in run:
                ctx.set(dut.picture, 1)
                ctx.set(dut.data, byte)
                word, balance = encoded(byte, balance)
                wanted.append(word)
                await ctx.tick()
                got.append(ctx.get(dut.o))
        for _ in range(2):
            await ctx.tick()
            got.append(ctx.get(dut.o))

    simulator.add_testbench(drive)
    simulator.run()
    assert got[2:] == wanted


@pytest.mark.parametrize("phase", [0.1, 0.9, 2.5, 3.9, 4.7])
def test_bits_follow_each_other_at_any_phase(phase):
    rng = random.Random(2)
    words = [rng.randrange(1 << 30) for _ in range(50)]
    dut = Serializer()
    simulator = Simulator(DomainRenamer("bits")(dut))
    simulator.add_clock(8e-9, domain="bits")
    seen = [[], [], [], []]

    async def give(ctx):
        await ctx.delay(phase * 8e-9)
        for place, word in enumerate(words):
            ctx.set(dut.words, word)
            ctx.set(dut.flag, ~place & 1)
            await ctx.delay(40e-9)

    async def watch(ctx):
        while True:
            _, _, bits = await ctx.tick("bits").sample(dut.o)
            for lane in range(4):
                seen[lane] += [bits >> 2 * lane & 1, bits >> 2 * lane + 1 & 1]

    simulator.add_testbench(give)
    simulator.add_testbench(watch, background=True)
    simulator.run()
    clock = "".join(map(str, seen[3]))
    start = clock.index(f"{CLOCK:010b}"[::-1])
    for lane in range(3):
        text = "".join(map(str, seen[lane]))[start:]
        wanted = "".join(f"{word >> 10 * lane & 1023:010b}"[::-1] for word in words)
        assert text.startswith(wanted[:470])
