"""Pixels of a camera and of the line, on one way to the core."""

from amaranth.hdl import Module, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from hw.board.layouts import TAGGED_PIXEL
from hw.camera.scaler import SEEN
from hw.stage import Skid


class PixelSource(wiring.Component):
    """Passes on what comes from either, in the same order; there are never those of two.

    Members
    -------
    i : ``In(stream.Signature(TAGGED_PIXEL))``
        The line's, as :class:`hw.board.feeder.Feeder` gives them.
    camera : ``In(stream.Signature(SEEN))``, number : ``In(16)``
        The camera's, and the number of their frame.
    drop : ``In(1)``
        Pulse: what is under way does not count. A pixel of the line that is offered is taken all
        the same, and goes nowhere.
    o : ``Out(stream.Signature(TAGGED_PIXEL))``
    own : ``Out(1)``
        The frame that is given, or was last, is the camera's.
    """

    i: In(stream.Signature(TAGGED_PIXEL))
    camera: In(stream.Signature(SEEN))
    number: In(16)
    drop: In(1)
    o: Out(stream.Signature(TAGGED_PIXEL))
    own: Out(1)

    def elaborate(self, platform):
        m = Module()

        given = StructLayout({"pixel": TAGGED_PIXEL, "own": 1})
        m.submodules.skid = skid = ResetInserter(self.drop)(Skid(given))
        stale = Signal()  # what the line offers was offered before the drop
        m.d.sync += stale.eq(self.drop & self.i.valid & ~self.i.ready)
        seen, pixel = self.camera.payload, skid.i.payload.pixel
        m.d.comb += [
            skid.i.valid.eq(self.camera.valid | (self.i.valid & ~stale)),
            skid.i.payload.own.eq(self.camera.valid),
            pixel.eq(self.i.payload),
            self.camera.ready.eq(skid.i.ready),
            self.i.ready.eq((skid.i.ready & ~self.camera.valid) | stale),
        ]
        with m.If(self.camera.valid):
            m.d.comb += [
                pixel.pixel.eq(seen.pixel),
                pixel.first.eq(seen.first),
                pixel.tag.testing.eq(0),
                pixel.tag.number.eq(self.number),
            ]
        m.d.comb += [
            self.o.valid.eq(skid.o.valid),
            self.o.payload.eq(skid.o.payload.pixel),
            skid.o.ready.eq(self.o.ready),
        ]
        with m.If(self.o.valid & self.o.ready & self.o.payload.first):
            m.d.sync += self.own.eq(skid.o.payload.own)

        return m
