"""Frames in the circuit are frames in the protocol's Python."""

import random
import zlib

from amaranth.sim import Simulator

from hw.board.frames import FrameReceiver, FrameSender
from spec.protocol import VERSION, Frame, Refusal, Reply, Request


def simulate(component, *benches):
    simulator = Simulator(component)
    simulator.add_clock(1e-6)
    for bench in benches:
        simulator.add_testbench(bench)
    simulator.run()


def sealed(body: bytes) -> bytes:
    return body + zlib.crc32(body).to_bytes(4, "little")


def receive(cases):
    """What the receiver makes of (bytes, whole): head, payload with CRC, refusal."""
    dut = FrameReceiver()
    made = []

    async def bench(ctx):
        for data, whole in cases:
            payload = bytearray()
            begun = 0

            async def wait(cycles, payload=payload):
                nonlocal begun
                for _ in range(cycles):
                    await ctx.tick()
                    ctx.set(dut.i.bytes.valid, 0)
                    ctx.set(dut.i.end, 0)
                    begun += ctx.get(dut.begin)
                    if ctx.get(dut.payload.valid):
                        assert begun == 1
                        payload.append(ctx.get(dut.payload.payload))
                    if ctx.get(dut.o.valid):
                        head = ctx.get(dut.o.payload.head)
                        made.append((head, bytes(payload), ctx.get(dut.o.payload.refusal)))

            for byte in data:
                ctx.set(dut.i.bytes.payload, byte)
                ctx.set(dut.i.bytes.valid, 1)
                await wait(4)
            ctx.set(dut.i.end, 1)
            ctx.set(dut.i.whole, whole)
            await wait(4)

    simulate(dut, bench)
    assert len(made) == len(cases)
    return made


def test_good_frames():
    rng = random.Random(1)
    frames = [
        Frame(
            type=rng.choice(list(Request)),
            sequence=rng.randrange(1 << 16),
            argument=rng.randrange(1 << 16),
            payload=rng.randbytes(size),
        )
        for size in (0, 0, 1, 2, 7, 300)
    ]
    made = receive([(frame.pack(), 1) for frame in frames])
    for frame, (head, payload, refusal) in zip(frames, made, strict=True):
        assert refusal == 0
        assert payload[:-4] == frame.payload
        assert (head.version, head.type, head.sequence) == (VERSION, frame.type, frame.sequence)
        assert (head.argument, head.length) == (frame.argument, len(frame.payload))


def test_bad_frames_are_refused_for_what_is_bad():
    good = Frame(type=Request.COUNTERS, sequence=5, payload=b"abc").pack()
    wrong = bytearray(good)
    wrong[9] ^= 4
    head = good[:8]
    cases = [
        ((good, 1), 0),
        ((bytes(wrong), 1), Refusal.BROKEN),
        ((good, 0), Refusal.BROKEN),
        ((b"", 1), Refusal.BROKEN),
        ((good[:7], 1), Refusal.BROKEN),
        ((sealed(b""), 1), Refusal.BROKEN),  # a right CRC of nothing
        ((sealed(b"abcd"), 1), Refusal.BROKEN),
        ((sealed(b"\1" + head[1:] + b"abc"), 1), Refusal.VERSION),
        ((sealed(head + b"ab"), 1), Refusal.LENGTH),
        ((sealed(head + b"abcd"), 1), Refusal.LENGTH),
        ((sealed(head[:6] + b"\3\1" + b"abc"), 1), Refusal.LENGTH),
        ((good, 1), 0),
    ]
    made = receive([case for case, _ in cases])
    assert [refusal for _, _, refusal in made] == [refusal for _, refusal in cases]


def test_what_is_sent():
    dut = FrameSender()
    rng = random.Random(3)
    frames = [
        Frame(type=Reply.RESULT, sequence=rng.randrange(1 << 16), payload=rng.randbytes(4 * words))
        for words in (0, 0, 1, 5, 0)
    ]
    sent = []

    async def give(ctx):
        for frame in frames:
            words = frame.pack()[:-4]
            for place in range(0, len(words), 4):
                last = place == len(words) - 4
                word = int.from_bytes(words[place : place + 4], "little")
                ctx.set(dut.i.payload, {"data": word, "last": last})
                ctx.set(dut.i.valid, 1)
                await ctx.tick().until(dut.i.ready)
                ctx.set(dut.i.valid, 0)

    async def take(ctx):
        current = bytearray()
        while len(sent) < len(frames):
            while rng.random() < 0.5:
                await ctx.tick()
            ctx.set(dut.o.ready, 1)
            (byte,) = await ctx.tick().sample(dut.o.payload).until(dut.o.valid)
            ctx.set(dut.o.ready, 0)
            current.append(byte.data)
            if byte.last:
                sent.append(bytes(current))
                current.clear()

    simulate(dut, give, take)
    assert sent == [frame.pack() for frame in frames]
