"""Lamps and the button, in Amaranth's own simulator."""

from itertools import pairwise

import pytest
from amaranth.sim import Simulator

from hw.board.panel import Button, Lamps

TICK = 100


def simulate(component, bench):
    simulator = Simulator(component)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize(
    ("leds", "classes", "shown"),
    [
        (8, 5, [0, 0, 0, 1, 0, 0, 1, 0]),  # one lamp a class, one left over
        (7, 5, [0, 0, 0, 1, 0, 1, 0]),
        (5, 5, [1, 1, 0, 1, 0]),  # 3 in binary
        (6, 10, [1, 1, 0, 0, 1, 0]),
        (2, 5, [1, 0]),
        (1, 5, [0]),
        (0, 5, []),
    ],
)
def test_lamps_show_the_class_and_the_self_test(leds, classes, shown):
    lamps = Lamps(leds=leds, classes=classes, tick=TICK)

    async def bench(ctx):
        async def tell(**said):
            told = {"result": {"data": 0, "last": 1}, "winner": {"index": 0, "best": 0}, **said}
            ctx.set(lamps.told.payload, told)
            ctx.set(lamps.told.valid, 1)
            await ctx.tick()
            ctx.set(lamps.told.valid, 0)
            await ctx.tick()

        ctx.set(lamps.classes, classes)
        await tell(tag={"testing": 1, "number": 1}, wrong=1)
        assert not ctx.get(lamps.o)  # there was no image yet
        await tell(tag={"testing": 0, "number": 2}, winner={"index": 3, "best": 9}, wrong=0)
        await tell(tag={"testing": 1, "number": 3}, wrong=0)
        assert [ctx.get(led) for led in lamps.o] == shown

    simulate(lamps, bench)


@pytest.mark.parametrize(("leds", "shown"), [(7, [0, 0, 0, 0, 0, 0, 0]), (5, [1, 0, 1, 0, 0])])
def test_none_that_is_no_class_lights_no_class(leds, shown):
    lamps = Lamps(leds=leds, classes=5, tick=TICK)

    async def bench(ctx):
        ctx.set(lamps.classes, 5)
        tag = {"testing": 0, "number": 1}
        told = {"result": {"data": 0, "last": 1}, "winner": {"index": 5, "best": 9}, "tag": tag}
        ctx.set(lamps.told.payload, told)
        ctx.set(lamps.told.valid, 1)
        await ctx.tick()
        ctx.set(lamps.told.valid, 0)
        await ctx.tick().repeat(2)
        assert [ctx.get(led) for led in lamps.o] == shown

    simulate(lamps, bench)


def test_another_network_leaves_nothing_of_the_old_answer():
    lamps = Lamps(leds=8, classes=5, tick=TICK)

    async def bench(ctx):
        ctx.set(lamps.classes, 5)
        told = {"result": {"data": 0, "last": 1}, "winner": {"index": 3, "best": 9}, "wrong": 0}
        for testing in (0, 1):
            tag = {"testing": testing, "number": 1}
            ctx.set(lamps.told.payload, told | {"tag": tag})
            ctx.set(lamps.told.valid, 1)
            await ctx.tick()
        ctx.set(lamps.told.valid, 0)
        await ctx.tick()
        assert [ctx.get(led) for led in lamps.o] == [0, 0, 0, 1, 0, 0, 1, 0]
        ctx.set(lamps.forget, 1)
        await ctx.tick()
        ctx.set(lamps.forget, 0)
        await ctx.tick().repeat(2)
        assert ctx.get(lamps.o) == 0

    simulate(lamps, bench)


def test_a_memory_that_is_wrong_is_a_self_test_that_failed():
    lamps = Lamps(leds=2, classes=5, tick=TICK)

    async def bench(ctx):
        tag = {"testing": 1, "number": 1}
        ctx.set(lamps.told.payload, {"result": {"data": 0, "last": 1}, "tag": tag, "wrong": 0})
        ctx.set(lamps.told.valid, 1)
        await ctx.tick().repeat(2)
        assert ctx.get(lamps.o) == 1
        ctx.set(lamps.memory_right, 0)
        await ctx.tick()
        assert ctx.get(lamps.o) == 0

    simulate(lamps, bench)


def test_a_network_that_was_refused_in_flash_memory_can_be_seen():
    lamps = Lamps(leds=1, classes=5, tick=TICK)

    async def bench(ctx):
        async def lit():
            seen = []
            for _ in range(2 * lamps.FLASH * TICK):
                await ctx.tick()
                seen.append(ctx.get(lamps.o))
            return seen

        assert sum(await lit()) == 0
        ctx.set(lamps.fallen, 1)
        await ctx.tick()
        ctx.set(lamps.fallen, 0)
        seen = await lit()
        assert sum(seen) in (2 * TICK, 2 * TICK - 1)
        assert sum(now > before for before, now in pairwise(seen)) in (1, 2)

    simulate(lamps, bench)


def test_activity_can_be_seen():
    lamps = Lamps(leds=1, classes=5, tick=TICK)

    async def bench(ctx):
        ctx.set(lamps.busy, 1)
        await ctx.tick()
        ctx.set(lamps.busy, 0)
        for _ in range(TICK - 1):
            await ctx.tick()
            assert ctx.get(lamps.o)
        await ctx.tick()
        assert not ctx.get(lamps.o)

    simulate(lamps, bench)


def test_a_button_counts_once_and_only_after_a_rest():
    button = Button(tick=TICK)
    pressed = []

    async def bench(ctx):
        async def hold(level, cycles):
            ctx.set(button.pin, level)
            for _ in range(cycles):
                await ctx.tick()
                pressed.extend([True] * ctx.get(button.o))

        await hold(1, 5)  # at power-up: not armed yet
        assert len(pressed) == 0
        await hold(0, TICK + 5)
        for level in (1, 0, 1, 0, 1):  # it bounces
            await hold(level, 7)
        assert len(pressed) == 1
        await hold(1, 2 * TICK)
        await hold(0, TICK - 5)  # too short a rest
        await hold(1, 20)
        assert len(pressed) == 1
        await hold(0, TICK + 5)
        await hold(1, 20)
        assert len(pressed) == 2

    simulate(button, bench)
