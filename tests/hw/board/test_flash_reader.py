"""Words out of the flash memory, whose model is written apart."""

import random

import pytest
from amaranth.sim import Simulator

from hw.board.flash import FlashReader
from sim.spi_flash import FlashBreach, SpiFlash

ADDRESS = 0x2345


def read(memory, counts, *, half=2, pause=8, reader=FlashReader):
    """Words read in as many runs, each of so many of them."""
    part = reader(address=ADDRESS, half=half, pause=pause)
    simulator = Simulator(part)
    simulator.add_clock(1e-6)
    rng = random.Random(1)
    over = False
    found = []

    async def bench(ctx):
        nonlocal over
        for count in counts:
            words = []
            ctx.set(part.run, 1)
            while len(words) < count:
                ctx.set(part.o.ready, rng.random() < 0.3)
                if ctx.get(part.o.valid) and ctx.get(part.o.ready):
                    words.append(ctx.get(part.o.payload))
                await ctx.tick()
            ctx.set(part.run, 0)
            ctx.set(part.o.ready, 0)
            await ctx.tick()
            while not ctx.get(part.idle):
                assert not ctx.get(part.o.valid)
                await ctx.tick()
            found.append(words)
        over = True

    async def flash(ctx):
        await memory.serve(ctx, part.pins, lambda: over)

    simulator.add_testbench(bench)
    simulator.add_testbench(flash, background=True)
    simulator.run()
    return found


@pytest.mark.parametrize("half", (1, 3))
def test_words_from_the_address_on_each_time(half):
    data = random.Random(2).randbytes(4 * 9)
    memory = SpiFlash()
    memory.write(ADDRESS, data)
    words = [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]
    assert read(memory, (3, 9, 1), half=half) == [words[:3], words, words[:1]]
    assert memory.reads == 3


def test_an_erased_memory():
    assert read(SpiFlash(), (2,)) == [[0xFFFFFFFF] * 2]


class Hasty(FlashReader):
    DUMMY_BITS = 3


class Wrong(FlashReader):
    READ = 0x0B


@pytest.mark.parametrize(
    ("reader", "pause", "breach"),
    [
        (FlashReader, 1, "read while asleep"),
        (Hasty, 8, "before the clock reaches the memory"),
        (Wrong, 8, "command 0xb"),
    ],
)
def test_the_model_finds_what_is_wrong(reader, pause, breach):
    with pytest.raises(FlashBreach, match=breach):
        read(SpiFlash(wake=50), (1,), pause=pause, reader=reader)
