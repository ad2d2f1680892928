# amaranth: UnusedElaboratable=no
"""The trigger pin follows the specification, whatever it is set to, and when."""

import random

import pytest

from hw.live.trigger import SETTINGS, Trigger
from spec import live

ANSWERS = 40


class Bench:
    """Gives frames of two sums and a last word; notes the flags of each, and the pin then."""

    def __init__(self, dut):
        self.dut = dut
        self.words = []

    async def frame(self, ctx, winner: int, best: int) -> tuple[bool, bool]:
        dut = self.dut
        for place in range(3):
            last = place == 2
            ctx.set(dut.i.valid, 1)
            ctx.set(dut.i.payload.result.data, 100 + place)
            ctx.set(dut.i.payload.result.last, last)
            ctx.set(dut.i.payload.winner.index, winner if last else 99)
            ctx.set(dut.i.payload.winner.best, best if last else -99)
            ctx.set(dut.o.ready, 0)
            for _ in range(100):
                if ctx.get(dut.o.valid):
                    break
                await ctx.tick()
            else:
                raise AssertionError("no word came")
            ctx.set(dut.o.ready, 1)
            assert ctx.get(dut.i.ready)
            payload = ctx.get(dut.o.payload)
            assert (payload.result.data, payload.result.last) == (100 + place, last)
            flags = payload.wrong
            await ctx.tick()
            ctx.set(dut.i.valid, 0)
        assert ctx.get(dut.pin) == bool(flags & live.PULLED)
        return bool(flags & live.HIT), bool(flags & live.PULLED)

    async def tell(self, ctx, trigger: live.Trigger) -> None:
        for payload in trigger.payloads(ANSWERS):
            ctx.set(self.dut.settings.payload.as_value(), int.from_bytes(payload, "little"))
            ctx.set(self.dut.settings.valid, 1)
            await ctx.tick()
        ctx.set(self.dut.settings.valid, 0)


def some(rng, trigger: live.Trigger, count: int = 20) -> list[tuple[int, int]]:
    wanted = [*trigger.classes, rng.randrange(ANSWERS)]
    return [(rng.choice(wanted), trigger.least + rng.randint(-2, 4)) for _ in range(count)]


def test_a_payload_is_the_settings():
    (payload,) = live.Trigger(classes=frozenset({2}), least=-3, hits=4, frames=5).payloads(9)
    said = SETTINGS.from_bits(int.from_bytes(payload, "little"))
    assert 8 * len(payload) == SETTINGS.size
    assert (said.least, said.hits, said.frames, said.place, said.mask) == (-3, 4, 5, 0, 4)


@pytest.mark.parametrize("seed", range(4))
def test_what_it_was_built_with_and_what_it_is_told(seed, simulate):
    rng = random.Random(seed)

    def any_trigger() -> live.Trigger:
        frames = rng.choice((1, 3, 32))
        classes = frozenset(rng.sample(range(ANSWERS), 4))
        least = rng.choice((-1000, 0, 5000))
        return live.Trigger(
            classes=classes, least=least, hits=rng.randint(1, min(frames, 5)), frames=frames
        )

    built, told = any_trigger(), any_trigger()
    bench = Bench(Trigger(answers=ANSWERS, trigger=built))
    seen = []

    async def drive(ctx):
        for trigger in (built, told):
            if trigger is told:
                await bench.tell(ctx, told)
            answers = some(rng, trigger)
            got = [await bench.frame(ctx, *answer) for answer in answers]
            assert got == live.pulled(trigger, answers)
            seen.extend(got)

    simulate(bench.dut, drive)
    assert {hit for hit, _ in seen} == {True, False}


def test_what_was_is_forgotten(simulate):
    trigger = live.Trigger(classes=frozenset({1}), hits=2, frames=3)
    bench = Bench(Trigger(answers=ANSWERS, trigger=trigger))

    async def drive(ctx):
        await bench.frame(ctx, 1, 0)
        assert await bench.frame(ctx, 1, 0) == (True, True)
        ctx.set(bench.dut.forget, 1)
        await ctx.tick()
        ctx.set(bench.dut.forget, 0)
        await ctx.tick()
        assert not ctx.get(bench.dut.pin)
        assert await bench.frame(ctx, 1, 0) == (True, False)
        assert await bench.frame(ctx, 1, 0) == (True, True)
        await bench.tell(ctx, trigger)
        assert not ctx.get(bench.dut.pin)
        assert await bench.frame(ctx, 1, 0) == (True, False)

    simulate(bench.dut, drive)
