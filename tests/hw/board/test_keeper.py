"""When the memory streams and when it is tested, in Amaranth's own simulator."""

import pytest
from amaranth.sim import Simulator

from hw.board.keeper import MemoryKeeper


def run(play):
    """Let ``play(keeper, ctx, events)`` drive a keeper; a memory that takes ten cycles to settle
    and five a test. ``events`` are what the keeper did, with what was asked for last."""
    keeper = MemoryKeeper()
    simulator = Simulator(keeper)
    simulator.add_clock(1e-6)
    events = []
    over = False

    async def memory(ctx):
        left, was = 0, False
        while not over:
            running = ctx.get(keeper.running)
            if running != was:
                events.append("run" if running else "rest")
                was = running
            if ctx.get(keeper.start):
                assert not running and ctx.get(keeper.settled) and ctx.get(keeper.quiet)
                events.append("test")
                left = 6
            if ctx.get(keeper.told.valid):
                events.append(("told", ctx.get(keeper.told.payload)))
            if ctx.get(keeper.selftest):
                events.append("selftest")
            await ctx.tick()
            left = max(0, left - 1)
            ctx.set(keeper.testing, 0 < left < 6)

    async def bench(ctx):
        nonlocal over
        await play(keeper, ctx, events)
        over = True

    simulator.add_testbench(bench)
    simulator.add_testbench(memory, background=True)
    simulator.run()
    return events


async def ask(keeper, ctx, number):
    ctx.set(keeper.test.payload, number)
    ctx.set(keeper.test.valid, 1)
    await ctx.tick()
    ctx.set(keeper.test.valid, 0)


async def begin(keeper, ctx):
    """A network is held; the memory settles late."""
    ctx.set(keeper.held, 1)
    ctx.set(keeper.quiet, 1)
    await ctx.tick().repeat(20)
    assert not ctx.get(keeper.running)
    ctx.set(keeper.settled, 1)
    await ctx.tick().repeat(keeper.STEADY - 1)
    assert not ctx.get(keeper.running)
    await ctx.tick().repeat(2)
    assert ctx.get(keeper.running) and not ctx.get(keeper.busy)


def test_a_test_waits_until_all_is_quiet():
    async def play(keeper, ctx, events):
        await begin(keeper, ctx)
        ctx.set(keeper.quiet, 0)
        await ask(keeper, ctx, 3)
        await ctx.tick().repeat(10)
        assert events == ["run"] and not ctx.get(keeper.busy)
        ctx.set(keeper.quiet, 1)
        assert ctx.get(keeper.busy)  # from this very cycle on
        await ctx.tick().repeat(6)
        assert ctx.get(keeper.busy)
        await ctx.tick().repeat(20)
        assert ctx.get(keeper.right) and not ctx.get(keeper.busy)

    assert run(play) == ["run", "rest", "test", ("told", 3), "run"]


@pytest.mark.parametrize("wrong", (0, 1))
def test_the_button_tests_the_memory_and_then_the_network(wrong):
    async def play(keeper, ctx, events):
        await begin(keeper, ctx)
        ctx.set(keeper.wrong, wrong)
        ctx.set(keeper.pressed, 1)
        await ctx.tick()
        ctx.set(keeper.pressed, 0)
        await ctx.tick().repeat(30)
        assert ctx.get(keeper.right) == (not wrong)

    assert run(play) == ["run", "rest", "test", "selftest", "run"]


def test_nothing_runs_without_a_network_but_the_test():
    async def play(keeper, ctx, events):
        await begin(keeper, ctx)
        ctx.set(keeper.held, 0)
        await ctx.tick().repeat(3)
        assert not ctx.get(keeper.running)
        await ask(keeper, ctx, 5)
        await ctx.tick().repeat(30)

    assert run(play) == ["run", "rest", "test", ("told", 5)]


def test_what_is_asked_during_a_test_is_another():
    async def play(keeper, ctx, events):
        await begin(keeper, ctx)
        await ask(keeper, ctx, 1)
        await ctx.tick().repeat(4)
        await ask(keeper, ctx, 2)
        await ctx.tick().repeat(30)

    events = run(play)
    assert events[:3] == ["run", "rest", "test"] and events.count("test") == 2
    assert events[-2:] == [("told", 2), "run"]


def test_a_reset_forgets_who_asked():
    async def play(keeper, ctx, events):
        await begin(keeper, ctx)
        await ask(keeper, ctx, 1)
        await ctx.tick().repeat(4)
        ctx.set(keeper.drop, 1)
        await ctx.tick()
        ctx.set(keeper.drop, 0)
        await ctx.tick().repeat(30)

    assert run(play) == ["run", "rest", "test", "run"]
