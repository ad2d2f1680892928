"""Frames of :mod:`spec.protocol` from bytes, and into bytes."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.wiring import In, Out

from hw.board.layouts import ARRIVAL, HEAD, LAST_BYTE, LAST_WORD, body
from spec.protocol import CRC, HEADER, VERSION, Refusal


class FrameReceiver(wiring.Component):
    """Checks frames; hands their payload on while it comes, and their header when all is known.

    Between two input bytes, and between a byte and ``end``, must lie at least three cycles.

    Members
    -------
    i : ``In(body())``
        From :class:`hw.board.cobs.Unstuffer`.
    head : ``Out(HEAD)``
        The header, complete with the first byte of payload; to be trusted only with ``o``.
    payload : ``Out(stream.Signature(8, always_ready=True))``
        Payload, then CRC: how many bytes are payload only ``head.length`` tells.
    begin : ``Out(1)``
        High for one cycle when the header is complete, before any payload.
    o : ``Out(stream.Signature(ARRIVAL, always_ready=True))``
        A frame is over. ``refusal`` is ``BROKEN``, ``VERSION``, ``LENGTH`` or 0.
    """

    i: In(body())
    head: Out(HEAD)
    payload: Out(stream.Signature(8, always_ready=True))
    begin: Out(1)
    o: Out(stream.Signature(ARRIVAL, always_ready=True))

    def elaborate(self, platform):
        m = Module()

        m.submodules.crc = crc = CRC32_ISO_HDLC().create()
        m.d.comb += [crc.data.eq(self.i.bytes.payload), crc.valid.eq(self.i.bytes.valid)]

        head = Signal(8 * HEADER.size)
        m.d.comb += self.head.as_value().eq(head)
        count = Signal(range(HEADER.size + 1))
        body = Signal(17)  # bytes after the header, up to 2^16, which no frame has
        m.d.sync += [self.begin.eq(0), self.payload.valid.eq(0)]
        with m.If(self.i.bytes.valid):
            with m.If(count != HEADER.size):
                m.d.sync += [head.eq(Cat(head[8:], self.i.bytes.payload)), count.eq(count + 1)]
                m.d.sync += self.begin.eq(count == HEADER.size - 1)
            with m.Else():
                m.d.sync += [
                    self.payload.valid.eq(1),
                    self.payload.payload.eq(self.i.bytes.payload),
                ]
                m.d.sync += body.eq(Mux(body[-1], body, body + 1))

        announced = Signal(17)
        complete = Signal()
        fits = Signal()
        m.d.sync += [
            announced.eq(self.head.length + CRC.size),
            complete.eq((body >= CRC.size) & crc.match_detected),
            fits.eq(body == announced),
        ]

        ended = Signal()
        whole = Signal()
        m.d.sync += [ended.eq(self.i.end), whole.eq(self.i.whole), self.o.valid.eq(ended)]
        with m.If(ended):
            arrival = self.o.payload
            m.d.sync += [arrival.head.eq(self.head), count.eq(0), body.eq(0)]
            m.d.comb += crc.start.eq(1)
            with m.If(~(whole & complete)):
                m.d.sync += arrival.refusal.eq(Refusal.BROKEN)
            with m.Elif(self.head.version != VERSION):
                m.d.sync += arrival.refusal.eq(Refusal.VERSION)
            with m.Elif(~fits):
                m.d.sync += arrival.refusal.eq(Refusal.LENGTH)
            with m.Else():
                m.d.sync += arrival.refusal.eq(0)

        return m


class FrameSender(wiring.Component):
    """Cuts words into bytes and adds the CRC.

    Members
    -------
    i : ``In(stream.Signature(LAST_WORD))``
        A frame: header and payload.
    o : ``Out(stream.Signature(LAST_BYTE))``
        The same, and four bytes of CRC.
    """

    i: In(stream.Signature(LAST_WORD))
    o: Out(stream.Signature(LAST_BYTE))

    def elaborate(self, platform):
        m = Module()

        m.submodules.crc = crc = CRC32_ISO_HDLC().create()
        word = Signal(32)
        count = Signal(2)
        final = Signal()
        trailer = Signal()
        m.d.comb += [
            self.o.payload.data.eq(word[:8]),
            self.o.payload.last.eq(trailer & (count == 3)),
            crc.data.eq(word[:8]),
        ]

        with m.FSM():
            with m.State("take"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += [word.eq(self.i.payload.data), final.eq(self.i.payload.last)]
                m.d.sync += count.eq(0)
                with m.If(self.i.valid):
                    m.next = "give"
            with m.State("give"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.d.comb += crc.valid.eq(1)
                    m.d.sync += [word.eq(word >> 8), count.eq(count + 1)]
                    with m.If(count == 3):
                        with m.If(trailer):
                            m.next = "finish"
                        with m.Elif(final):
                            m.next = "seal"
                        with m.Else():
                            m.next = "take"
            with m.State("seal"):
                m.d.sync += [word.eq(crc.crc), trailer.eq(1)]
                m.next = "give"
            with m.State("finish"):
                m.d.comb += crc.start.eq(1)
                m.d.sync += trailer.eq(0)
                m.next = "take"

        return m
