"""Frames out of a camera's lines: whole ones, and those that are not."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from spec.camera import Sensor


def placed_byte(sensor: Sensor) -> StructLayout:
    """A byte of a frame, and where it is."""
    return StructLayout(
        {"data": 8, "line": range(sensor.height), "place": range(sensor.line_bytes)}
    )


class FrameReader(wiring.Component):
    """Gives a frame's bytes with their places, and tells whether all of it came.

    A frame is whole when as many lines as the sensor has, of as many bytes, have come since VSYNC.
    It is damaged as soon as a line is too short or too long, or when the next VSYNC, or ``gone``,
    comes before its last line's end. Nothing more of a damaged frame is given. Lines that follow a
    whole frame without a VSYNC are another, damaged one.

    Parameters
    ----------
    sensor : Sensor

    Members
    -------
    i, line_end, frame_end
        See :class:`hw.camera.sampler.Sampler`.
    wanted : ``In(1)``
        Frames that begin now are to be read; others are passed over, and not counted.
    gone : ``In(1)``
        The camera is not there.
    o : ``Out(stream.Signature(placed_byte(sensor), always_ready=True))``
    begun, whole, damaged : ``Out(1)``
        Pulses. Each frame that has begun becomes whole or damaged before the next one begins, or
        with it.
    """

    def __init__(self, sensor: Sensor):
        self._sensor = sensor
        super().__init__(
            {
                "i": In(stream.Signature(8, always_ready=True)),
                "line_end": In(1),
                "frame_end": In(1),
                "wanted": In(1),
                "gone": In(1),
                "o": Out(stream.Signature(placed_byte(sensor), always_ready=True)),
                "begun": Out(1),
                "whole": Out(1),
                "damaged": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        sensor = self._sensor

        open_ = Signal()  # a frame is being read, and is right so far
        over = Signal()  # it was, and no VSYNC has come since
        line = Signal(range(sensor.height + 1))
        place = Signal(range(sensor.line_bytes + 2))  # one more stands for all beyond
        count = Signal.like(place)
        m.d.comb += count.eq(Mux(self.i.valid & (place <= sensor.line_bytes), place + 1, place))
        m.d.sync += place.eq(Mux(self.line_end | self.frame_end, 0, count))

        right = count == sensor.line_bytes
        last = line == sensor.height - 1
        m.d.sync += [
            self.o.valid.eq(self.i.valid & open_ & (place < sensor.line_bytes)),
            self.o.payload.data.eq(self.i.payload),
            self.o.payload.line.eq(line),
            self.o.payload.place.eq(place),
            self.begun.eq(0),
            self.whole.eq(0),
            self.damaged.eq(0),
        ]
        with m.If(open_ & self.line_end):
            m.d.sync += line.eq(line + 1)
            with m.If(~right):
                m.d.sync += [open_.eq(0), self.damaged.eq(1)]
            with m.Elif(last):
                m.d.sync += [open_.eq(0), over.eq(1), self.whole.eq(1)]
        with m.If(over & self.i.valid):
            m.d.sync += [over.eq(0), self.damaged.eq(1)]
        with m.If(self.frame_end | self.gone):
            with m.If(open_ & ~(self.line_end & right & last)):
                m.d.sync += self.damaged.eq(1)
            m.d.sync += [over.eq(0), line.eq(0), open_.eq(self.wanted & ~self.gone)]
            m.d.sync += self.begun.eq(self.wanted & ~self.gone)

        return m
