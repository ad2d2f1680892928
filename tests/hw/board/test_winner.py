"""The answer of a frame in the circuit is the specification's."""

import random

import pytest
from amaranth.sim import Simulator

from hw.board.winner import Winner
from spec.decision import THRESHOLD_RANGE, Decision
from spec.replies import NO_CLASS

LOW, HIGH = THRESHOLD_RANGE


def answers(decision: Decision, frames: list[list[int]], seed: int) -> list[int]:
    """What the circuit answers to the sums of each frame, with pauses on both sides."""
    winner, dice = Winner(), random.Random(seed)
    words = [(value, 0) for sums in frames for value in (*sums, None)]
    words = [(7, 1) if value is None else (value, last) for value, last in words]
    found = []

    async def give(ctx):
        ctx.set(winner.none, NO_CLASS if decision.none is None else decision.none)
        ctx.set(winner.threshold, decision.threshold)
        for value, last in words:
            while dice.random() < 0.3:
                await ctx.tick()
            ctx.set(winner.i.payload.result, {"data": value, "last": last})
            ctx.set(winner.i.valid, 1)
            await ctx.tick().until(winner.i.ready)
            ctx.set(winner.i.valid, 0)

    async def take(ctx):
        for value, last in words:
            while dice.random() < 0.3:
                await ctx.tick()
            ctx.set(winner.o.ready, 1)
            (payload,) = await ctx.tick().sample(winner.o.payload).until(winner.o.valid)
            ctx.set(winner.o.ready, 0)
            assert (payload.result.data, payload.result.last) == (value, last)
            if last:
                found.append(payload.winner.index)

    simulator = Simulator(winner)
    simulator.add_clock(1e-6)
    simulator.add_testbench(give)
    simulator.add_testbench(take)
    simulator.run()
    return found


@pytest.mark.parametrize(
    "decision",
    [
        Decision(),
        Decision(none=3),
        Decision(none=0, threshold=2),
        Decision(none=1, threshold=-2),
        Decision(threshold=1),
        Decision(none=2, threshold=LOW),
        Decision(none=2, threshold=HIGH),
    ],
)
def test_small_sums_with_many_ties(decision):
    dice = random.Random(4)
    frames = [[dice.randint(-3, 3) for _ in range(4)] for _ in range(60)]
    assert answers(decision, frames, 1) == [decision.answer(sums) for sums in frames]


@pytest.mark.parametrize("none", [None, 0, 1])
@pytest.mark.parametrize("threshold", [LOW, -1, 0, 1, HIGH])
def test_sums_at_the_ends_of_their_range(none, threshold):
    decision = Decision(none=none, threshold=threshold)
    ends = (LOW, -1, 0, HIGH)
    frames = [[one, other] for one in ends for other in ends]
    assert answers(decision, frames, 2) == [decision.answer(sums) for sums in frames]
