"""The trigger: a pin for some of the answers of a camera's frames."""

from amaranth.hdl import Cat, Module, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from hw.board.layouts import JUDGED_RESULT
from hw.ecp5.memory import Memory
from hw.streams import greater
from spec import live

WORD = live.MASK_BITS.bit_length() - 1
"""Bits of a class's number that choose within a word of the set."""

SETTINGS = StructLayout(
    {"least": signed(32), "hits": 8, "frames": 8, "place": 16, "mask": live.MASK_BITS}
)
"""The payload of a TRIGGER request: how much, how often, and a word of the classes."""


class Trigger(wiring.Component):
    """Passes results on, and holds the last word of a frame until it is known what it does.

    The pin follows :func:`spec.live.pulled`, about 40 cycles after that word came.

    Parameters
    ----------
    answers : int
        The most different answers: classes, and one more.
    trigger : spec.live.Trigger
        What it does to begin with.

    Members
    -------
    i : ``In(stream.Signature(JUDGED_RESULT))``
    o : ``Out(stream.Signature(JUDGED_RESULT))``
        ``wrong`` of the last word has ``spec.live.HIT`` and ``PULLED``.
    settings : ``In(stream.Signature(SETTINGS, always_ready=True))``
        What to do from now on. What was is forgotten.
    forget : ``In(1)``
        What was is forgotten, and the pin low.
    pin : ``Out(1)``
    """

    def __init__(self, *, answers: int, trigger: live.Trigger):
        self._answers = answers
        self._trigger = trigger
        self._masks = trigger.masks(answers)
        super().__init__(
            {
                "i": In(stream.Signature(JUDGED_RESULT)),
                "o": Out(stream.Signature(JUDGED_RESULT)),
                "settings": In(stream.Signature(SETTINGS, always_ready=True)),
                "forget": In(1),
                "pin": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        given = self.settings.payload

        m.submodules.wanted = wanted = Memory(
            width=live.MASK_BITS, depth=max(2, len(self._masks)), init=self._masks
        )
        winner = self.i.payload.winner
        m.d.comb += [
            wanted.read_address.eq(winner.index >> WORD),
            wanted.write_address.eq(given.place),
            wanted.write_data.eq(given.mask),
            wanted.write_enable.eq(self.settings.valid & (given.place < wanted.depth)),
        ]
        least = Signal(signed(32), init=self._trigger.least)
        hits = Signal(8, init=self._trigger.hits)
        frames = Signal(8, init=self._trigger.frames)
        with m.If(self.settings.valid):
            m.d.sync += [least.eq(given.least), hits.eq(given.hits), frames.eq(given.frames)]

        history = Signal(live.MOST_FRAMES)  # the youngest one first
        rest = Signal.like(history)
        count = Signal(range(live.MOST_FRAMES + 1))
        place = Signal(range(live.MOST_FRAMES))
        settle = Signal(range(Memory.READ_LATENCY + 1))
        hit = Signal()
        enough = Signal()
        m.d.sync += enough.eq(~greater(m, least, winner.best, "missed"))
        m.d.comb += self.o.payload.eq(self.i.payload)
        with m.FSM():
            with m.State("pass"):
                m.d.sync += settle.eq(0)
                with m.If(self.i.valid & self.i.payload.result.last):
                    m.next = "read"
                with m.Else():
                    m.d.comb += [self.o.valid.eq(self.i.valid), self.i.ready.eq(self.o.ready)]
            with m.State("read"):
                m.d.sync += settle.eq(settle + 1)
                with m.If(settle == Memory.READ_LATENCY):
                    bit = wanted.read_data.bit_select(winner.index[:WORD], 1)
                    m.d.sync += [hit.eq(bit & enough), count.eq(0), place.eq(0)]
                    m.next = "note"
            with m.State("note"):
                m.d.sync += [history.eq(Cat(hit, history)), rest.eq(Cat(hit, history))]
                m.next = "count"
            with m.State("count"):
                m.d.sync += [rest.eq(rest >> 1), place.eq(place + 1)]
                with m.If(place < frames):
                    m.d.sync += count.eq(count + rest[0])
                with m.If(place == live.MOST_FRAMES - 1):
                    m.next = "pull"
            with m.State("pull"):
                m.d.sync += self.pin.eq(count >= hits)
                m.next = "give"
            with m.State("give"):
                m.d.comb += [
                    self.o.valid.eq(1),
                    self.o.payload.wrong.eq(Cat(hit, self.pin)),
                    self.i.ready.eq(self.o.ready),
                ]
                with m.If(self.o.ready):
                    m.next = "pass"
        with m.If(self.forget | self.settings.valid):
            m.d.sync += [history.eq(0), self.pin.eq(0)]

        return m
