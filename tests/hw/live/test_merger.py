# amaranth: UnusedElaboratable=no
"""Two sources of frames: each frame is whole, in order, and neither source waits for ever."""

import random

import pytest

from hw.live.merger import FrameMerger


@pytest.mark.parametrize("seed", range(3))
def test_frames_stay_whole_and_take_turns(seed, simulate):
    dut = FrameMerger()
    rng = random.Random(seed)
    frames = {
        name: [[n << 8 | base | k for k in range(rng.randint(1, 5))] for n in range(20)]
        for name, base in (("i", 0x10), ("i_second", 0x80))
    }
    got: list[list[int]] = [[]]

    def source(name):
        port = getattr(dut, name)

        async def give(ctx):
            for words in frames[name]:
                for _ in range(rng.choice((0, 0, 0, 9))):
                    await ctx.tick()
                for place, word in enumerate(words):
                    ctx.set(port.payload.data, word)
                    ctx.set(port.payload.last, place == len(words) - 1)
                    ctx.set(port.valid, 1)
                    await ctx.tick().until(port.ready)
                    ctx.set(port.valid, 0)

        return give

    async def take(ctx):
        for _ in range(5000):
            if sum(map(len, got)) == sum(len(f) for one in frames.values() for f in one):
                break
            ctx.set(dut.o.ready, rng.random() < 0.7)
            if ctx.get(dut.o.valid) and ctx.get(dut.o.ready):
                got[-1].append(ctx.get(dut.o.payload.data))
                if ctx.get(dut.o.payload.last):
                    got.append([])
            await ctx.tick()
        else:
            raise AssertionError("words are missing")

    simulate(dut, source("i"), source("i_second"), take)
    assert got.pop() == []
    for name, base in (("i", 0x10), ("i_second", 0x80)):
        own = [frame for frame in got if frame[0] & 0xF0 == base]
        assert own == frames[name]
    turns = [frame[0] & 0xF0 for frame in got]
    assert all(len(set(turns[at : at + 8])) == 2 for at in range(len(turns) - 16))
