"""COBS in the circuit is COBS in the protocol's Python."""

import random

import pytest
from amaranth.sim import Simulator

from hw.board.cobs import Stuffer, Unstuffer
from spec.protocol import stuff, unstuff

FRAMES = [
    *(b"\0", b"\0\0", b"a", b"a\0", b"\0a", b"ab\0\0c"),
    *(bytes([1]) * size for size in (253, 254, 255, 508, 509)),
    *(bytes([1]) * size + b"\0" for size in (253, 254, 255)),
    *(bytes([1]) * 254 + b"\0x", bytes([1]) * 254 + b"xyz" + bytes(5)),
]


def some_frames(count: int) -> list[bytes]:
    rng = random.Random(1)
    alphabets = (range(256), (0, 1), range(1, 256))
    return FRAMES + [
        bytes(rng.choices(rng.choice(alphabets), k=rng.randrange(1, 600))) for _ in range(count)
    ]


def simulate(component, *benches):
    simulator = Simulator(component)
    simulator.add_clock(1e-6)
    for bench in benches:
        simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize("stall", [0.0, 0.5])
def test_stuffing(stall):
    dut = Stuffer()
    frames = some_frames(8)
    rng = random.Random(2)

    async def give(ctx):
        for frame in frames:
            for place, byte in enumerate(frame):
                while rng.random() < stall:
                    await ctx.tick()
                ctx.set(dut.i.payload, {"data": byte, "last": place == len(frame) - 1})
                ctx.set(dut.i.valid, 1)
                await ctx.tick().until(dut.i.ready)
                ctx.set(dut.i.valid, 0)

    async def take(ctx):
        got = bytearray()
        while got.count(0) < 2 * len(frames):
            while rng.random() < stall:
                await ctx.tick()
            ctx.set(dut.o.ready, 1)
            (byte,) = await ctx.tick().sample(dut.o.payload).until(dut.o.valid)
            ctx.set(dut.o.ready, 0)
            got.append(byte)
        zero, *parts = got.split(b"\0\0")
        parts = [zero[1:], *parts]
        parts[-1] = parts[-1][:-1]
        assert [unstuff(bytes(part)) for part in parts] == frames
        # Python, unlike the circuit, puts an empty run after a last one of 254 bytes.
        assert all(
            stuff(frame) in (part, part + b"\x01")
            for frame, part in zip(frames, parts, strict=True)
        )

    simulate(dut, give, take)


def test_unstuffing():
    dut = Unstuffer()
    frames = some_frames(12)
    line = b"".join(b"\0" + stuff(frame) + b"\0" for frame in frames)
    found, current = [], bytearray()

    async def give(ctx):
        for byte in line + b"\0\0":
            ctx.set(dut.i.payload, {"data": byte, "broken": 0})
            ctx.set(dut.i.valid, 1)
            await ctx.tick()
            if ctx.get(dut.o.bytes.valid):
                current.append(ctx.get(dut.o.bytes.payload))
                assert not ctx.get(dut.o.end)
            if ctx.get(dut.o.end):
                found.append((bytes(current), ctx.get(dut.o.whole)))
                current.clear()

    simulate(dut, give)
    assert found == [(frame, 1) for frame in frames]


@pytest.mark.parametrize(
    ("line", "ends"),
    [
        ([0, 3, 1, 0], [0]),  # cut off in a run
        ([5, 1, 2, (7, "broken"), 0, 2, 9, 0], [0, 1]),  # a broken byte ends the frame
        ([(0, "broken"), 2, 9, 0], [0, 1]),
        ([0, 0, 0, 0], []),
        ([1, 0, 1, 1, 0], [1, 1]),
    ],
)
def test_what_is_not_whole_is_told(line, ends):
    dut = Unstuffer()
    found = []

    async def give(ctx):
        for item in line:
            byte, broken = item if isinstance(item, tuple) else (item, None)
            ctx.set(dut.i.payload, {"data": byte, "broken": broken is not None})
            ctx.set(dut.i.valid, 1)
            await ctx.tick()
            if ctx.get(dut.o.end):
                found.append(ctx.get(dut.o.whole))

    simulate(dut, give)
    assert found == ends
