"""A network image's words, on their way into the memories: see :mod:`plan.image`."""

import struct
from collections.abc import Mapping

from amaranth.hdl import Array, Const, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from plan.image import HEADER_WORDS, MAGIC, VERSION, Memory
from spec.protocol import Load


def write_layout(memories: Mapping[str, Memory]) -> StructLayout:
    """A word for one of these memories: its number, the address, the word in the low bits."""
    return StructLayout(
        {
            "memory": range(max(memory.number for memory in memories.values()) + 1),
            "address": range(max(memory.depth for memory in memories.values())),
            "data": 32 * max(memory.file_words for memory in memories.values()),
        }
    )


class ImageParser(wiring.Component):
    """Writes an image's words where they belong, and tells what became of it. Reset begins afresh.

    Nothing is written before the header has been found to be that of an image for this engine.
    What is written counts only if the outcome is ``DONE``: then every memory has had its section,
    and the CRC was right.

    Parameters
    ----------
    engine : bytes
        Fingerprint of the engine, eight bytes.
    memories : mapping of str to Memory
        In the order of their sections; numbered from 0 on.

    Members
    -------
    i : ``In(stream.Signature(32))``
        Its words, each ready a cycle after it is valid; up to 4 cycles and those of the write for
        each. Passes over what comes when the outcome is known.
    o : ``Out(stream.Signature(write_layout(memories)))``
        Words for the memories.
    begun : ``Out(1)``
        The header was right: the memories are being written, until ``over``.
    over : ``Out(1)``, outcome : ``Out(range(len(Load)))``
        What became of it, one of :class:`spec.protocol.Load`.
    """

    def __init__(self, *, engine: bytes, memories: Mapping[str, Memory]):
        if len(engine) != 8:
            raise ValueError(f"a fingerprint must have 8 bytes, not {len(engine)}")
        self._engine = engine
        self._memories = [*memories.values()]
        if [memory.number for memory in self._memories] != [*range(len(memories))]:
            raise ValueError("memories must be numbered from 0 on, in their order")
        super().__init__(
            {
                "i": In(stream.Signature(32)),
                "o": Out(stream.Signature(write_layout(memories))),
                "begun": Out(1),
                "over": Out(1),
                "outcome": Out(range(len(Load))),
            }
        )

    def elaborate(self, platform):
        m = Module()

        word = self.i.payload
        m.submodules.crc = crc = CRC32_ISO_HDLC(data_width=32).create()
        m.d.comb += [crc.data.eq(word), crc.valid.eq(self.i.valid & self.i.ready)]

        known = {0: MAGIC[:4], 1: MAGIC[4:], 4: self._engine[:4], 5: self._engine[4:]}
        known = {at: struct.unpack("<I", data)[0] for at, data in known.items()} | {2: VERSION}
        header = Array(Const(known.get(at, 0), 32) for at in range(HEADER_WORDS))
        checked = Array(Const(at in known, 1) for at in range(HEADER_WORDS))
        why = Array(
            Const(Load.ENGINE if at in (4, 5) else Load.VERSION if at == 2 else Load.NO_IMAGE, 4)
            for at in range(HEADER_WORDS)
        )

        # A word is looked at in its first cycle, and taken in the next.
        asking, seen = Signal(), Signal()
        m.d.comb += self.i.ready.eq(asking & seen)
        m.d.sync += seen.eq(asking & self.i.valid & ~seen)
        at = Signal(range(HEADER_WORDS))
        # What the header's word must be, if anything, and what it is if it is not that.
        expected, matters = Signal(32, init=known[0]), Signal(init=1)
        cause = Signal(range(len(Load)), init=Load.NO_IMAGE)
        m.d.sync += [expected.eq(header[at]), matters.eq(checked[at]), cause.eq(why[at])]
        left = Signal(32)  # words of the file, this one included
        section = Signal(range(len(self._memories) + 1))
        # What is known of the section, a cycle after its number.
        heading, depth, last_piece = Signal(32), Signal(32), Signal(8)
        with m.Switch(section):
            for memory in self._memories:
                with m.Case(memory.number):
                    m.d.sync += [
                        heading.eq(memory.number | memory.file_words << 16),
                        depth.eq(memory.depth),
                        last_piece.eq(memory.file_words - 1),
                    ]
        count = Signal(32)  # words of the section that are to come
        piece = Signal(8)
        write = Signal.like(self.o.payload, reset_less=True)
        m.d.comb += self.o.payload.eq(write)
        alien, unnamed, unfit, final, whole = (Signal() for _ in range(5))
        right = Signal()
        m.d.sync += [
            alien.eq(matters & (word != expected)),
            unnamed.eq((section == len(self._memories)) | (word != heading)),
            unfit.eq((word == 0) | (word > depth)),
            final.eq(left == 1),
            whole.eq(piece == last_piece),
            right.eq(crc.match_detected),
        ]

        def fail(outcome):
            m.d.sync += [self.over.eq(1), self.outcome.eq(outcome), self.begun.eq(0)]
            m.next = "over"

        with m.FSM():
            with m.State("header"):
                m.d.comb += asking.eq(1)
                with m.If(seen):
                    m.d.sync += at.eq(at + 1)
                    m.d.sync += left.eq(left - 1)
                    with m.If(at == 3):
                        m.d.sync += left.eq(word - 4)
                    with m.If(alien):
                        fail(cause)
                    with m.Elif(at == HEADER_WORDS - 1):
                        m.d.sync += self.begun.eq(1)
                        m.next = "section"
                    with m.Else():
                        m.next = "turn"
            with m.State("turn"):  # while the next one is looked up
                m.next = "header"
            with m.State("look up"):
                m.next = "section"
            with m.State("section"):
                m.d.comb += asking.eq(1)
                m.d.sync += write.memory.eq(section)
                with m.If(seen):
                    m.d.sync += left.eq(left - 1)
                    with m.If(final):
                        m.next = "sum"
                    with m.Elif(unnamed):
                        fail(Load.SECTIONS)
                    with m.Else():
                        m.next = "count"
            with m.State("count"):
                m.d.comb += asking.eq(1)
                m.d.sync += [write.address.eq(0), piece.eq(0), count.eq(word)]
                with m.If(seen):
                    m.d.sync += left.eq(left - 1)
                    with m.If(unfit):
                        fail(Load.LARGE)
                    with m.Else():
                        m.next = "data"
            with m.State("data"):
                m.d.comb += asking.eq(1)
                with m.Switch(piece):  # what is there before the word is written over by it
                    for index in range(len(write.data) // 32):
                        with m.Case(index):
                            m.d.sync += write.data[32 * index : 32 * (index + 1)].eq(word)
                with m.If(seen):
                    m.d.sync += [left.eq(left - 1), piece.eq(piece + 1)]
                    with m.If(final):
                        fail(Load.SECTIONS)
                    with m.Elif(whole):
                        m.next = "write"
            with m.State("write"):
                m.d.comb += self.o.valid.eq(1)
                m.d.sync += piece.eq(0)
                with m.If(self.o.ready):
                    m.d.sync += [write.address.eq(write.address + 1), count.eq(count - 1)]
                    with m.If(count == 1):
                        m.d.sync += section.eq(section + 1)
                        m.next = "look up"
                    with m.Else():
                        m.next = "data"
            with m.State("sum"):  # while the last word enters it
                m.next = "judge"
            with m.State("judge"):
                with m.If(~right):
                    fail(Load.DAMAGED)
                with m.Elif(section != len(self._memories)):
                    fail(Load.SECTIONS)
                with m.Else():
                    fail(Load.DONE)
            with m.State("over"):
                m.d.comb += asking.eq(1)

        return m
