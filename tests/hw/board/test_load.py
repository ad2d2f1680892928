"""Network images over the link, into memories that stand in for the core's."""

import random
import struct

import pytest
from amaranth.hdl import Module
from amaranth.lib.wiring import connect
from amaranth.sim import Simulator

from hw.board.flash import FlashReader
from hw.board.link import Link
from plan.image import Image, Memory
from sim.spi_flash import SpiFlash
from spec.protocol import (
    FLASH_READING,
    Frame,
    Held,
    Load,
    Refusal,
    Reply,
    Request,
    Splitter,
    chunks,
)
from spec.replies import NETWORK_WORDS, Counters, Identity

ENGINE = b"anengine"
PATIENCE = 800
ADDRESS = 0x200000
MEMORIES = {
    "shell": Memory(number=0, bits=32, depth=NETWORK_WORDS + 4),
    "registers": Memory(number=1, bits=32, depth=3),
    "program": Memory(number=2, bits=70, depth=4),
    "params": Memory(number=3, bits=41, depth=8),
}
NUMBERS = {memory.number: name for name, memory in MEMORIES.items()}


def identity(name="first", classes=2, height=5):
    return Identity(
        height=height,
        width=7,
        classes=classes,
        none=0xFFFF,
        threshold=-5,
        cycles=99,
        model=b"\1" * 8,
        labels=b"\2" * 8,
        name=name,
        chunk_bytes=1024,
        window=8,
        rows=4,
        columns=4,
        pixels=1,
        lut_rows=0,
        tile_pixels=512,
        clock_hz=100_000_000,
        build=b"\3" * 8,
        engine=ENGINE,
        capacities=(1, 2, 3),
    )


def image(name="second", **facts):
    words = identity(name, **facts).pack_network() + struct.pack("<2i", -7, 8)
    shell = tuple(word for (word,) in struct.iter_unpack("<I", words))
    rng = random.Random(name)
    contents = {
        "shell": shell,
        "registers": (1, 2, 3),
        "program": tuple(rng.randrange(1 << 70) for _ in range(2)),
        "params": (5, (1 << 41) - 1),
    }
    return Image(engine=ENGINE, contents=contents)


class Bench:
    """A link, what it wrote into the memories, and what it said."""

    def __init__(self, held=Held.BUILT_IN, flash=None):
        self.flash = flash
        self.link = Link(
            memory=True,
            flash=flash is not None,
            identity=identity(),
            held=held,
            sums=[1, 2],
            pixels=64,
            memories=MEMORIES,
            patience=PATIENCE,
        )
        self.written = {}
        self.frames = []
        self.running = []

    def run(self, play):
        """Let ``play(send, ctx)`` send bytes; end when it does."""
        top = Module()
        top.submodules.link = self.link
        top.submodules.reader = reader = FlashReader(address=ADDRESS, half=1, pause=8)
        connect(top, reader.o, self.link.flash)
        top.d.comb += [
            reader.run.eq(self.link.flash_run),
            self.link.flash_idle.eq(reader.idle),
        ]
        simulator = Simulator(top)
        simulator.add_clock(1e-6)
        over = False

        async def memories(ctx):
            link, rng = self.link, random.Random(1)
            while not over:
                ctx.set(link.load.ready, rng.random() < 0.7)
                if ctx.get(link.load.valid) and ctx.get(link.load.ready):
                    assert not ctx.get(link.running)
                    place = (NUMBERS[ctx.get(link.load.p.memory)], ctx.get(link.load.p.address))
                    mask = (1 << MEMORIES[place[0]].bits) - 1
                    self.written[place] = ctx.get(link.load.p.data) & mask
                await ctx.tick()

        async def line(ctx):
            splitter = Splitter()
            ctx.set(self.link.o.ready, 1)
            while not over:
                if ctx.get(self.link.o.valid):
                    self.frames += splitter.feed(bytes([ctx.get(self.link.o.payload)]))
                await ctx.tick()
            assert not splitter.broken

        async def bench(ctx):
            nonlocal over

            async def send(data):
                for byte in data:
                    ctx.set(self.link.i.payload, {"data": byte, "broken": 0})
                    ctx.set(self.link.i.valid, 1)
                    await ctx.tick()
                    ctx.set(self.link.i.valid, 0)
                    await ctx.tick().repeat(3)

            await play(send, ctx)
            over = True

        async def memory(ctx):
            await self.flash.serve(ctx, reader.pins, lambda: over)

        simulator.add_testbench(bench)
        if self.flash:
            simulator.add_testbench(memory, background=True)
        simulator.add_testbench(memories, background=True)
        simulator.add_testbench(line, background=True)
        simulator.run()

    def said(self, kind):
        return [frame for frame in self.frames if frame.type == kind]


def load_frames(data, sequence=9):
    return chunks(data, sequence, Request.LOAD)


def line_of(frames):
    return b"".join(frame.line() for frame in frames)


IDENTIFY = Frame(type=Request.IDENTIFY, sequence=77).line()


def holds(bench, held, name):
    """The last identity tells this network."""
    last = bench.said(Reply.IDENTITY)[-1]
    assert last.argument == held
    if held:
        assert Identity.unpack(last.payload) == identity(**name)


def loaded(bench):
    """What the memories hold is the whole of the second image."""
    contents = image().contents
    wanted = {
        (name, at): value
        for name in MEMORIES
        if name != "shell"
        for at, value in enumerate(contents[name])
    }
    assert bench.written == wanted
    return True


def test_an_image_is_loaded_and_told():
    bench = Bench()

    async def play(send, ctx):
        await send(IDENTIFY)
        await ctx.tick().repeat(2000)
        holds(bench, Held.BUILT_IN, {"name": "first"})
        await send(line_of(load_frames(image("second", classes=1).pack(MEMORIES))))
        await ctx.tick().repeat(2000)
        await send(IDENTIFY)
        await ctx.tick().repeat(2000)

    bench.run(play)
    assert len(load_frames(image().pack(MEMORIES))) == 1
    assert [frame.argument for frame in bench.said(Reply.LOADED)] == [Load.DONE]
    assert [frame.sequence for frame in bench.said(Reply.LOADED)] == [9]
    assert loaded(bench)
    holds(bench, Held.LOADED, {"name": "second", "classes": 1})
    assert not bench.said(Reply.ERROR)


def test_without_a_network_images_and_self_tests_are_refused():
    bench = Bench(held=Held.NONE)

    async def play(send, ctx):
        await send(line_of(chunks(bytes(105), 3)))
        await send(Frame(type=Request.SELFTEST, sequence=4).line())
        await send(IDENTIFY)
        await ctx.tick().repeat(2000)

    bench.run(play)
    assert [(f.sequence, f.argument) for f in bench.said(Reply.ERROR)][-1] == (4, Refusal.NETWORK)
    holds(bench, Held.NONE, None)


@pytest.mark.parametrize("seed", range(2))
def test_a_load_that_is_cut_off_leaves_the_old_network_or_none(seed):
    rng = random.Random(seed)
    data = image().pack(MEMORIES)
    size = 4 * rng.randrange(1, len(data) // 4)
    bench = Bench()

    async def play(send, ctx):
        await send(line_of(load_frames(data[:size])))
        if seed % 2:
            await send(Frame(type=Request.RESET, sequence=5).line())
            await ctx.tick().repeat(2000)
        else:
            await ctx.tick().repeat(PATIENCE + 5 * size)
        await send(IDENTIFY)
        await ctx.tick().repeat(2000)
        # The next one succeeds.
        await send(line_of(load_frames(data, sequence=10)))
        await ctx.tick().repeat(2000)
        await send(IDENTIFY)
        await ctx.tick().repeat(2000)

    bench.run(play)
    first = bench.said(Reply.IDENTITY)[0]
    assert first.argument in ({Held.BUILT_IN} if size < 56 else {Held.NONE, Held.BUILT_IN})
    if first.argument == Held.BUILT_IN:
        assert Identity.unpack(first.payload) == identity()
    if not seed % 2:
        assert (9, Refusal.ABANDONED) in [(f.sequence, f.argument) for f in bench.said(Reply.ERROR)]
        assert first.argument == (Held.BUILT_IN if size < 56 else Held.NONE)
    assert [f.argument for f in bench.said(Reply.LOADED)] == [Load.DONE]
    holds(bench, Held.LOADED, {"name": "second"})
    assert loaded(bench)


def test_images_wait_for_the_network_and_the_network_for_no_half_image():
    bench = Bench()
    data = image().pack(MEMORIES)

    async def play(send, ctx):
        await send(line_of(load_frames(data[:100])))  # the rest does not come
        await send(line_of(chunks(bytes(105), 3)))
        await send(Frame(type=Request.SELFTEST, sequence=4).line())
        await send(line_of(load_frames(data, sequence=11)))
        await send(Frame(type=Request.COUNTERS, sequence=12).line())
        await ctx.tick().repeat(2000)

    bench.run(play)
    refused = [(frame.sequence, frame.argument) for frame in bench.said(Reply.ERROR)]
    assert (11, Refusal.ORDER) in refused or (4, Refusal.NETWORK) in refused
    assert not bench.said(Reply.LOADED)


def damaged(data, at, mask=1):
    return data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]


WHOLE = image("second", classes=1).pack(MEMORIES)
#: What is in the flash memory, and what comes of it.
FLASHED = {
    "right": (WHOLE, Load.DONE),
    "missing": (b"", Load.NO_IMAGE),
    "cut off in its header": (WHOLE[:22], Load.ENGINE),
    "cut off": (WHOLE[:-5], Load.DAMAGED),
    "a flipped bit": (damaged(WHOLE, 100), Load.DAMAGED),
    "another engine's": (damaged(WHOLE, 16), Load.ENGINE),
    "another version": (damaged(WHOLE, 8), Load.VERSION),
    "too large": (damaged(WHOLE, 60, 0x80), Load.LARGE),
}


@pytest.mark.parametrize("what", FLASHED)
def test_a_network_from_flash_memory_or_the_one_that_is_built_in(what):
    data, outcome = FLASHED[what]
    memory = SpiFlash()
    memory.write(ADDRESS, data)
    bench = Bench(flash=memory)

    async def play(send, ctx):
        await send(IDENTIFY)
        while not bench.said(Reply.IDENTITY):
            await ctx.tick()
        first = bench.said(Reply.IDENTITY)[-1]
        assert first.argument in (FLASH_READING << 8 | Held.BUILT_IN, outcome + 1 << 8 | 1)
        if outcome == Load.DONE:
            await send(Frame(type=Request.RESET, sequence=5).line())
        while ctx.get(bench.link.busy):
            await ctx.tick()
        await send(IDENTIFY)
        await send(Frame(type=Request.COUNTERS, sequence=6).line())
        while not bench.said(Reply.COUNTERS):
            await ctx.tick()

    bench.run(play)
    assert memory.reads == (2 if outcome == Load.DONE else 1)
    last = bench.said(Reply.IDENTITY)[-1]
    assert last.argument >> 8 == outcome + 1
    counts = Counters.unpack(bench.said(Reply.COUNTERS)[0].payload).counts
    assert counts["fallbacks"] == (outcome not in (Load.DONE, Load.NO_IMAGE))
    if outcome == Load.DONE:
        assert last.argument & 0xFF == Held.FLASH
        assert Identity.unpack(last.payload) == identity("second", classes=1)
        assert loaded(bench)
        assert bench.said(Reply.RESET)
    else:
        assert last.argument & 0xFF == Held.BUILT_IN
        assert Identity.unpack(last.payload) == identity()
        assert not bench.written
    assert not bench.said(Reply.LOADED)
