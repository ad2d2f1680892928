# amaranth: UnusedElaboratable=no

"""The UART: how long a bit lasts, bytes both ways at every rate, and what is not a byte."""

import random

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import Out
from amaranth.sim import Simulator

from hw.board.uart import Receiver, Transmitter, divisors
from spec.protocol import RATES

BREAK = 100
"""Cycles."""


class Loop(wiring.Component):
    """A transmitter and a receiver, back to back, each at its own rates."""

    def __init__(self, sends: list[int], hears: list[int]):
        self.transmitter = Transmitter(divisors=sends)
        self.receiver = Receiver(divisors=hears, break_cycles=BREAK)
        super().__init__({"tx": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules += [self.transmitter, self.receiver]
        m.d.comb += [self.tx.eq(self.transmitter.tx), self.receiver.rx.eq(self.transmitter.tx)]
        return m


def simulate(component, bench):
    simulator = Simulator(component)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize("clock_mhz", [80, 100, 112.5, 125, 137.5, 140, 150, 200])
def test_every_rate_is_met_to_two_percent(clock_mhz):
    for rate, divisor in zip(RATES, divisors(clock_mhz * 1e6, RATES), strict=True):
        assert abs(clock_mhz * 1e6 / divisor / rate - 1) <= 0.02


def test_a_clock_that_misses_a_rate_is_refused():
    with pytest.raises(ValueError, match="3000000 bit/s must divide the clock of 40 MHz to 2 %"):
        divisors(40e6, RATES)
    with pytest.raises(ValueError, match="must divide the clock of 3 MHz"):
        divisors(3e6, RATES)


def test_a_bit_of_one_cycle_is_refused():
    with pytest.raises(ValueError, match="at least 2 cycles, not 1"):
        Receiver(divisors=[4, 1], break_cycles=100)


@pytest.mark.parametrize(
    ("sends", "hears"),
    [
        ([2, 5, 16], [2, 5, 16]),
        ([47, 100, 33], [48, 102, 34]),  # 2 to 3 % apart, and the other way round
        ([48, 102, 34], [47, 100, 33]),
    ],
)
def test_bytes_without_a_pause_at_every_rate(sends, hears):
    loop = Loop(sends, hears)
    sent = random.Random(1).randbytes(8) + b"\0\xff\0\0\xff\x55\xaa"

    async def bench(ctx):
        for rate in range(len(sends)):
            ctx.set(loop.transmitter.rate, rate)
            ctx.set(loop.receiver.rate, rate)
            await ctx.tick().repeat(3)
            got = bytearray()
            left = list(sent)
            while len(got) < len(sent):
                ctx.set(loop.transmitter.i.valid, bool(left))
                ctx.set(loop.transmitter.i.payload, left[0] if left else 0)
                if left and ctx.get(loop.transmitter.i.ready):
                    left.pop(0)
                await ctx.tick()
                if ctx.get(loop.receiver.o.valid):
                    assert not ctx.get(loop.receiver.o.payload.broken)
                    got.append(ctx.get(loop.receiver.o.payload.data))
                assert not ctx.get(loop.receiver.cut)
            assert bytes(got) == sent

    simulate(loop, bench)


def test_what_is_not_a_byte():
    receiver = Receiver(divisors=[4], break_cycles=BREAK)
    events = []

    async def bench(ctx):
        async def hold(level, cycles):
            ctx.set(receiver.rx, level)
            for _ in range(cycles):
                await ctx.tick()
                if ctx.get(receiver.o.valid):
                    broken = ctx.get(receiver.o.payload.broken)
                    events.append("broken" if broken else ctx.get(receiver.o.payload.data))
                if ctx.get(receiver.cut):
                    events.append("cut")

        async def send(levels):
            for level in levels:
                await hold(level, 4)

        await hold(1, 20)
        await hold(0, 1)  # a glitch, over before the middle of a bit
        await hold(1, 60)
        await send([0, 1, 0, 0, 0, 0, 0, 0, 0, 1])
        await send([0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1])  # no stop bit
        await send([0, 1, 1, 0, 0, 0, 0, 0, 0, 1])
        await hold(0, 40 + BREAK - 10)  # low for long, but no break
        await hold(1, 20)
        await hold(0, 40 + BREAK * 5)  # a break, told once
        await hold(1, 4)
        await send([0, 0, 0, 1, 0, 0, 0, 0, 0, 1])
        await hold(1, 10)

    simulate(receiver, bench)
    assert events == [1, "broken", 3, "broken", "broken", "cut", 4]
