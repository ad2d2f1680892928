# amaranth: UnusedElaboratable=no
"""Pixels of the camera and of the line on one way: all of them, in order, a cycle each; and what a
drop leaves of them."""

import random

import pytest

from hw.live.source import PixelSource


async def offer(ctx, port, value: int, first: bool) -> None:
    """Offer a pixel until it is taken."""
    ctx.set(port.payload.pixel.red, value & 0xFF)
    ctx.set(port.payload.first, first)
    ctx.set(port.valid, 1)
    await ctx.tick().until(port.ready)
    ctx.set(port.valid, 0)


@pytest.mark.parametrize("seed", range(3))
def test_every_pixel_comes_in_order_and_says_whose_it_is(seed, simulate):
    dut = PixelSource()
    rng = random.Random(seed)
    frames = [(rng.random() < 0.5, rng.randint(1, 9)) for _ in range(40)]
    got, wanted = [], [(k, k == 0, own) for own, size in frames for k in range(size)]

    async def give(ctx):
        for own, size in frames:
            port = dut.camera if own else dut.i
            for k in range(size):
                for _ in range(rng.choice((0, 0, 0, 3))):
                    await ctx.tick()
                await offer(ctx, port, k, k == 0)

    async def take(ctx):
        for _ in range(5000):
            ctx.set(dut.o.ready, rng.random() < 0.6)
            if ctx.get(dut.o.valid) and ctx.get(dut.o.ready):
                pixel = ctx.get(dut.o.payload)
                await ctx.tick()
                got.append((pixel.pixel.red, bool(pixel.first), bool(ctx.get(dut.own))))
            else:
                await ctx.tick()
            if len(got) == len(wanted):
                break

    simulate(dut, give, take)
    assert got == wanted


def test_a_pixel_a_cycle(simulate):
    dut = PixelSource()
    got = []

    async def give(ctx):
        ctx.set(dut.i.valid, 1)
        for k in range(50):
            ctx.set(dut.i.payload.pixel.red, k)
            assert ctx.get(dut.i.ready)
            await ctx.tick()

    async def take(ctx):
        ctx.set(dut.o.ready, 1)
        for _ in range(50):
            await ctx.tick()
            if ctx.get(dut.o.valid):
                got.append(ctx.get(dut.o.payload.pixel.red))

    simulate(dut, give, take)
    assert got == [*range(50)]


@pytest.mark.parametrize("taken", [0, 1, 2, 3])
def test_what_was_offered_before_a_drop_does_not_come_after_it(taken, simulate):
    """So many pixels are in the registers, or offered in vain, when the frame is dropped."""
    dut = PixelSource()
    got = []

    async def give(ctx):
        for k in range(taken):
            ctx.set(dut.i.payload.pixel.red, 1 + k)
            ctx.set(dut.i.payload.first, k == 0)
            ctx.set(dut.i.valid, 1)
            await ctx.tick()
        waits = taken and not ctx.get(dut.i.ready)
        ctx.set(dut.i.valid, waits)
        ctx.set(dut.drop, 1)
        await ctx.tick()
        ctx.set(dut.drop, 0)
        if waits:  # the line goes on offering it until it is taken
            await ctx.tick().until(dut.i.ready)
        await offer(ctx, dut.i, 0xAA, True)
        ctx.set(dut.o.ready, 1)
        for _ in range(5):
            if ctx.get(dut.o.valid):
                got.append(ctx.get(dut.o.payload.pixel.red))
            await ctx.tick()

    simulate(dut, give)
    assert got == [0xAA]
