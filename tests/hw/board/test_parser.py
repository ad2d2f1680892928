"""Network images, right and wrong ones, word by word."""

import random
import struct

from amaranth.hdl import Module, ResetInserter, Signal
from amaranth.sim import Simulator

from hw.board.parser import ImageParser
from plan.image import Image, Memory
from spec.protocol import Load

ENGINE = b"anengine"
MEMORIES = {
    "shell": Memory(number=0, bits=32, depth=3),
    "program": Memory(number=1, bits=70, depth=5),
    "params": Memory(number=2, bits=41, depth=2),
}
CONTENTS = {"shell": (1, 2), "program": (1 << 69, 5, 6), "params": (1 << 40, 7)}
DATA = Image(engine=ENGINE, contents=CONTENTS).pack(MEMORIES)
WHOLE = {
    (memory.number, at): value
    for name, memory in MEMORIES.items()
    for at, value in enumerate(CONTENTS[name])
}


def changed(place, value, data=DATA):
    """The image with another word."""
    return data[: 4 * place] + struct.pack("<I", value) + data[4 * place + 4 :]


#: Images, what becomes of each, whether memories are written.
CASES = [
    (DATA, Load.DONE, True),
    (changed(0, 1), Load.NO_IMAGE, False),
    (changed(1, 1), Load.NO_IMAGE, False),
    (changed(2, 9), Load.VERSION, False),
    (changed(4, 1), Load.ENGINE, False),
    (changed(5, 1), Load.ENGINE, False),
    (changed(6, 1), Load.DAMAGED, True),  # the SHA-256 itself
    (changed(14, 1), Load.SECTIONS, False),
    (changed(14, 2 << 16), Load.SECTIONS, False),
    (changed(15, 4), Load.LARGE, False),
    (changed(15, 0), Load.LARGE, False),
    (changed(16, 9), Load.DAMAGED, True),
    (changed(len(DATA) // 4 - 1, 9), Load.DAMAGED, True),
    (changed(3, 20), Load.SECTIONS, True),  # over within a section
    (changed(3, 19), Load.DAMAGED, True),  # over between two
    (changed(3, len(DATA) // 4 + 1) + bytes(4), Load.SECTIONS, True),
    (DATA + bytes(8), Load.DONE, True),
]
CASES += [(changed(3, words), None, None) for words in range(4, len(DATA) // 4)]


def flipped(bit):
    """The image with one wrong bit."""
    data = bytearray(DATA)
    data[bit // 8] ^= 1 << bit % 8
    return bytes(data)


def play(images):
    """For each image what was written, and the outcome, None if none came."""
    m = Module()
    parser = ImageParser(engine=ENGINE, memories=MEMORIES)
    afresh = Signal()
    m.submodules.parser = ResetInserter(afresh)(parser)
    said = []

    async def bench(ctx):
        rng = random.Random(1)
        for data in images:
            written, offered = {}, False
            words = [word for (word,) in struct.iter_unpack("<I", data)]
            for _ in range(8 * len(words) + 20):
                offered = bool(words) and (offered or rng.random() < 0.8)
                ctx.set(parser.i.valid, offered)
                ctx.set(parser.i.payload, words[0] if words else 0)
                ctx.set(parser.o.ready, rng.random() < 0.8)
                if ctx.get(parser.o.valid) and ctx.get(parser.o.ready):
                    assert ctx.get(parser.begun)
                    value = ctx.get(parser.o.p.data)
                    written[ctx.get(parser.o.p.memory), ctx.get(parser.o.p.address)] = value
                if ctx.get(parser.i.valid) and ctx.get(parser.i.ready):
                    words.pop(0)
                    offered = False
                await ctx.tick()
                if not words and ctx.get(parser.over):
                    break
            over = ctx.get(parser.over)
            assert not (over and ctx.get(parser.begun))
            said.append((written, ctx.get(parser.outcome) if over else None))
            ctx.set(parser.i.valid, 0)
            ctx.set(afresh, 1)
            await ctx.tick()
            ctx.set(afresh, 0)

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return said


def test_what_becomes_of_an_image():
    for (_, outcome, writes), (written, told) in zip(
        CASES, play([data for data, *_ in CASES]), strict=True
    ):
        if outcome is None:
            assert told not in (Load.DONE, None)
            continue
        assert told == outcome
        assert bool(written) == writes
        if outcome == Load.DONE:
            # The last memory's words are narrower than the register they came in.
            masks = {memory.number: (1 << memory.bits) - 1 for memory in MEMORIES.values()}
            assert {key: value & masks[key[0]] for key, value in written.items()} == WHOLE


def test_no_wrong_bit_is_taken():
    rng = random.Random(2)
    bits = rng.sample(range(8 * len(DATA)), 24)
    for bit, (_, told) in zip(bits, play(map(flipped, bits)), strict=True):
        assert told != Load.DONE, f"bit {bit}"


def test_an_image_that_ends_too_soon_is_not_done():
    sizes = range(4, len(DATA), 12)
    for _, told in play([DATA[:size] for size in sizes]):
        assert told is None
