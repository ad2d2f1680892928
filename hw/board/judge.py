"""What becomes of a frame that has come: acted upon, or refused for a reason."""

from collections.abc import Collection

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from hw.board.layouts import ARRIVAL, PLACE
from spec.live import TRIGGER_BYTES, LiveRequest
from spec.protocol import CHUNK_BYTES, Refusal, Request


class Judge(wiring.Component):
    """Finds out whether a frame can be acted upon, two cycles after it has come.

    Parameters
    ----------
    memory : bool
        There is an SDRAM that can be tested.
    live : collection of LiveRequest
        What a board with a camera is asked besides.

    Members
    -------
    i : ``In(stream.Signature(ARRIVAL, always_ready=True))``
        At least three cycles apart.
    last_chunk : ``In(16)``, rest : ``In(16)``
        The index of an image's last chunk, and its bytes.
    held : ``In(1)``
        There is a network to compute with.
    room : ``In(1)``
        There is room for a chunk.
    drop : ``In(1)``
        What is under way is forgotten, a network image too.
    loading : ``Out(1)``
        A network image is under way: one has begun to come, and was not dropped.
    o : ``Out(stream.Signature(ARRIVAL, always_ready=True))``
        Each frame, and why it is refused (0 if it is not).
    good : ``Out(StructLayout)``
        With ``o``: a bit for each request, named after it; high if this is one and not refused.
    place : ``Out(PLACE)``
        The chunk that comes next, of the image that is or was last under way, a network's or not.
    """

    def __init__(self, *, memory: bool, live: Collection[LiveRequest] = ()):
        known = [request for request in Request if memory or request != Request.MEMTEST]
        self._known = [*known, *live]
        named = [request.name.lower() for request in (*Request, *live)]
        super().__init__(
            {
                "i": In(stream.Signature(ARRIVAL, always_ready=True)),
                "last_chunk": In(16),
                "rest": In(16),
                "held": In(1),
                "room": In(1),
                "drop": In(1),
                "loading": Out(1),
                "o": Out(stream.Signature(ARRIVAL, always_ready=True)),
                "good": Out(StructLayout(dict.fromkeys(named, 1))),
                "place": Out(PLACE),
            }
        )

    def elaborate(self, platform):
        m = Module()

        head = self.i.payload.head
        place = self.place
        is_type = Signal(self.good.shape())
        final = Signal()
        frames = Signal()  # there is a network, and none is coming
        fits = Signal()
        in_order = Signal()
        lengths = Signal(StructLayout({"empty": 1, "full": 1, "rest": 1, "words": 1}))
        whole_words = (head.length != 0) & (head.length <= CHUNK_BYTES) & (head.length[:2] == 0)
        for request in self._known:
            m.d.sync += is_type[request.name.lower()].eq(head.type == request)
        # What is known of it a cycle after, then what comes of that.
        come, came_head = Signal(), Signal.like(head)
        m.d.sync += [
            come.eq(self.i.valid),
            came_head.eq(head),
            final.eq(head.argument == self.last_chunk),
            frames.eq(self.held & ~self.loading),
            lengths.empty.eq(head.length == 0),
            lengths.full.eq(head.length == CHUNK_BYTES),
            lengths.rest.eq(head.length == self.rest),
            lengths.words.eq(whole_words),
            in_order.eq(
                (head.argument == place.index)
                & ((place.index == 0) | (head.sequence == place.sequence))
                & ((place.index == 0) | (self.loading == (head.type == Request.LOAD)))
            ),
        ]
        # The length that a frame of its type must have.
        with m.If(is_type.chunk):
            m.d.comb += fits.eq(Mux(final, lengths.rest, lengths.full))
        with m.Else():
            m.d.comb += fits.eq(Mux(is_type.load, lengths.words, lengths.empty))
        if LiveRequest.TRIGGER in self._known:
            whole = Signal()
            m.d.sync += whole.eq(head.length == TRIGGER_BYTES)
            with m.If(is_type.trigger):
                m.d.comb += fits.eq(whole)
        came = Signal.like(self.i.payload.refusal)
        m.d.sync += came.eq(self.i.payload.refusal)
        refusal = Signal.like(came)
        with m.If(came != 0):
            m.d.comb += refusal.eq(came)
        with m.Elif(~is_type.as_value().any()):
            m.d.comb += refusal.eq(Refusal.TYPE)
        with m.Elif((is_type.chunk | is_type.selftest) & ~frames):
            m.d.comb += refusal.eq(Refusal.NETWORK)
        with m.Elif(~fits):
            m.d.comb += refusal.eq(Refusal.LENGTH)
        with m.Elif((is_type.chunk | is_type.load) & ~in_order):
            m.d.comb += refusal.eq(Refusal.ORDER)
        with m.Elif((is_type.chunk | is_type.load) & (~self.room | self.drop)):
            m.d.comb += refusal.eq(Refusal.OVERRUN)
        ends = Signal()
        m.d.sync += [
            self.o.valid.eq(come),
            self.o.payload.head.eq(came_head),
            self.o.payload.refusal.eq(refusal),
            self.good.eq(Mux(come & (refusal == 0), is_type, 0)),
            ends.eq(final & is_type.chunk),
        ]

        with m.If(self.good.chunk | self.good.load):
            m.d.sync += place.sequence.eq(self.o.payload.head.sequence)
            m.d.sync += place.index.eq(Mux(ends, 0, place.index + 1))
        with m.If(self.good.load):
            m.d.sync += self.loading.eq(1)
        with m.If(self.drop):
            m.d.sync += [place.index.eq(0), self.loading.eq(0)]

        return m
