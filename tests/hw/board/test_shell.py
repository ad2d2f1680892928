"""Lamps and the button, in Amaranth's own simulator."""

import pytest
from amaranth.sim import Simulator


@pytest.mark.parametrize(
    ("leds", "classes", "shown"),
    [
        (8, 5, [0, 0, 0, 1, 0, 0, 1, 0]),  # one lamp a class, one left over
        (7, 5, [0, 0, 0, 1, 0, 1, 0]),
        (5, 5, [1, 1, 0, 1, 0]),  # 3 in binary
        (2, 5, [1, 0]),
        (1, 5, [0]),
        (0, 5, []),
    ],
)
def test_lamps_show_the_class_and_the_self_test(make_shell, leds, classes, shown):
    shell = make_shell(leds, classes)
    seen = []

    async def bench(ctx):
        link = shell._link._responder
        await ctx.tick()
        ctx.set(link.winner, 3)
        ctx.set(link.known, 1)
        ctx.set(link.tested, 1)
        ctx.set(link.passed, 1)
        await ctx.tick()
        await ctx.tick()
        seen[:] = [ctx.get(led) for led in shell.leds]

    simulator = Simulator(shell)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert seen == shown


def test_a_button_counts_once_and_only_after_a_rest(make_shell):
    shell = make_shell(1)
    pressed = []

    async def watch(ctx):
        async for _, _, selftest in ctx.tick().sample(shell._link.selftest):
            if selftest:
                pressed.append(True)

    async def bench(ctx):
        async def hold(level, cycles):
            ctx.set(shell.button, level)
            await ctx.tick().repeat(cycles)

        await hold(1, 5)  # at power-up: not armed yet
        assert not pressed
        await hold(0, 1100)
        for level in (1, 0, 1, 0, 1):  # it bounces
            await hold(level, 7)
        assert len(pressed) == 1
        await hold(1, 2000)
        await hold(0, 900)  # too short a rest
        await hold(1, 20)
        assert len(pressed) == 1
        await hold(0, 1100)
        await hold(1, 20)
        assert len(pressed) == 2

    simulator = Simulator(shell)
    simulator.add_clock(1e-6)
    simulator.add_process(watch)
    simulator.add_testbench(bench)
    simulator.run()
