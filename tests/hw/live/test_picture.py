# amaranth: UnusedElaboratable=no
"""The picture that is kept is that of one whole frame, all of it."""

import numpy as np
import pytest

from hw.live.picture import PictureStore, picture_words


def pixels(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 3), dtype=np.uint8)


async def frame(ctx, dut, data, number: int, *, whole: bool = True, pause: int = 0) -> None:
    for place, pixel in enumerate(data):
        for color, value in zip(("red", "green", "blue"), pixel, strict=True):
            ctx.set(dut.pixel[color], int(value))
        ctx.set(dut.number, number if place == 0 else 0)
        ctx.set(dut.first, place == 0)
        ctx.set(dut.last, place == len(data) - 1)
        ctx.set(dut.valid, 1)
        await ctx.tick()
        ctx.set(dut.valid, 0)
        for _ in range(pause):
            await ctx.tick()
    await ctx.tick()
    ctx.set(dut.counts, whole)
    await ctx.tick()
    ctx.set(dut.counts, 0)


async def content(ctx, dut, count: int) -> bytes:
    words = []
    for address in range(picture_words(count)):
        ctx.set(dut.read_address, address)
        await ctx.tick().repeat(PictureStore.READ_LATENCY + 1)
        words.append(ctx.get(dut.read_data))
    return b"".join(word.to_bytes(4, "little") for word in words)[: 3 * count]


@pytest.mark.parametrize("count", [4, 5, 6, 7, 64])
def test_every_pixel_is_kept(count, simulate):
    dut = PictureStore(pixels=count)

    async def drive(ctx):
        for number in (1, 2):
            data = pixels(count, number)
            await frame(ctx, dut, data, number, pause=number - 1)
            ctx.set(dut.hold, 1)
            await ctx.tick()
            assert ctx.get(dut.held)
            assert ctx.get(dut.o_number) == number
            assert await content(ctx, dut, count) == data.tobytes()
            ctx.set(dut.hold, 0)
            await ctx.tick()

    simulate(dut, drive)


def test_what_is_held_stays_until_it_is_let_go(simulate):
    dut = PictureStore(pixels=6)
    first, second, third = (pixels(6, seed) for seed in range(3))

    async def drive(ctx):
        ctx.set(dut.hold, 1)
        await ctx.tick()
        assert not ctx.get(dut.held)
        await frame(ctx, dut, first[:3], 1, whole=False)  # it was dropped
        assert not ctx.get(dut.held)
        await frame(ctx, dut, second, 2)
        assert ctx.get(dut.held)
        await frame(ctx, dut, third, 3)
        assert (ctx.get(dut.held), ctx.get(dut.o_number)) == (1, 2)
        assert await content(ctx, dut, 6) == second.tobytes()
        ctx.set(dut.hold, 0)
        await ctx.tick()
        await frame(ctx, dut, third, 4)
        ctx.set(dut.hold, 1)
        await ctx.tick()
        assert (ctx.get(dut.held), ctx.get(dut.o_number)) == (1, 4)
        assert await content(ctx, dut, 6) == third.tobytes()

    simulate(dut, drive)


def test_a_frame_that_began_while_one_was_held_is_not_kept(simulate):
    """Nor is its end, after that one was let go."""
    dut = PictureStore(pixels=6)
    first, second = (pixels(6, seed) for seed in range(2))

    async def drive(ctx):
        await frame(ctx, dut, first, 1)
        ctx.set(dut.hold, 1)
        await ctx.tick()
        for place, pixel in enumerate(second):
            ctx.set(dut.hold, place < 3)
            ctx.set(dut.pixel.red, int(pixel[0]))
            ctx.set(dut.first, place == 0)
            ctx.set(dut.last, place == 5)
            ctx.set(dut.valid, 1)
            await ctx.tick()
        ctx.set(dut.valid, 0)
        await ctx.tick()
        assert await content(ctx, dut, 6) == first.tobytes()

    simulate(dut, drive)


def test_no_pixels_are_refused():
    with pytest.raises(ValueError, match="at least 1 pixel, not 0"):
        PictureStore(pixels=0)
