"""Colours out of a camera's bytes, as :func:`spec.camera.decode` has them."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from hw.camera.reader import placed_byte
from hw.streams import Pixel
from spec.camera import Encoding, Sensor


def placed_pixel(sensor: Sensor) -> StructLayout:
    """A pixel of a frame, and where it is."""
    return StructLayout(
        {"pixel": Pixel, "line": range(sensor.height), "column": range(sensor.width)}
    )


class Decoder(wiring.Component):
    """Two bytes become a pixel, or four become two, one after the other.

    Products are shifts and adds: they take no multiplier.

    Parameters
    ----------
    sensor : Sensor
        Its ``swapped`` does not count.

    Members
    -------
    swapped : ``In(1)``
        The two bytes of a pixel have changed places.
    i : ``In(stream.Signature(placed_byte(sensor), always_ready=True))``
        At most one in two cycles.
    o : ``Out(stream.Signature(placed_pixel(sensor), always_ready=True))``
    """

    def __init__(self, sensor: Sensor):
        self._sensor = sensor
        super().__init__(
            {
                "swapped": In(1),
                "i": In(stream.Signature(placed_byte(sensor), always_ready=True)),
                "o": Out(stream.Signature(placed_pixel(sensor), always_ready=True)),
            }
        )

    def elaborate(self, platform):
        m = Module()

        # The bytes of a pixel, in the order of the encoding.
        before = Signal(8)
        first, second = Signal(8), Signal(8)
        place, line = self.i.payload.place, self.i.payload.line
        pair = Signal()
        with m.If(self.i.valid):
            m.d.sync += before.eq(self.i.payload.data)
        m.d.comb += [
            Cat(first, second).eq(
                Mux(
                    self.swapped,
                    Cat(self.i.payload.data, before),
                    Cat(before, self.i.payload.data),
                )
            ),
            pair.eq(self.i.valid & place[0]),
        ]
        if self._sensor.encoding is Encoding.RGB565:
            m.d.sync += [
                self.o.valid.eq(pair),
                self.o.payload.pixel.red.eq(Cat(first[5:8], first[3:8])),
                self.o.payload.pixel.green.eq(Cat(first[1:3], second[5:8], first[0:3])),
                self.o.payload.pixel.blue.eq(Cat(second[2:5], second[0:5])),
                self.o.payload.line.eq(line),
                self.o.payload.column.eq(place >> 1),
            ]
        else:
            self._luminance(m, pair, first, second)

        return m

    def _luminance(self, m: Module, pair: Value, first: Value, second: Value) -> None:
        """Two pixels of four bytes; the first one is given five cycles after the last byte."""
        place = self.i.payload.place
        lights = Signal(8), Signal(8)
        u, v = Signal(signed(8)), Signal(signed(8))
        at = Signal.like(self.o.payload.column)
        line = Signal.like(self.o.payload.line)
        due = Signal(5)
        m.d.sync += due.eq(Cat(pair & place[1], due))
        with m.If(pair):
            difference = Cat(second[:7], ~second[7]).as_signed()  # less 128
            with m.If(~place[1]):
                m.d.sync += [lights[0].eq(first), u.eq(difference)]
            with m.Else():
                m.d.sync += [lights[1].eq(first), v.eq(difference)]
                m.d.sync += [at.eq(place >> 1), line.eq(self.i.payload.line)]

        # Each product in two parts, then the change it makes to the luminance.
        parts = {
            "red": ((v << 8) + (v << 6) + (v << 5), (v << 3) - v),
            "green": (
                -(u << 6) - (u << 4) - (u << 3) + v,
                -(v << 7) - (v << 5) - (v << 4) - (v << 3),
            ),
            "blue": ((u << 9) - (u << 6), (u << 3) - (u << 1)),
        }
        m.d.sync += [
            self.o.valid.eq(due[3] | due[4]),
            self.o.payload.line.eq(line),
            self.o.payload.column.eq(Mux(due[4], at, at & ~1)),
        ]
        for name, (large, small) in parts.items():
            sums = (
                Signal(signed(18), name=f"{name}_large"),
                Signal(signed(18), name=f"{name}_small"),
            )
            change = Signal(signed(10), name=f"{name}_change")
            light = Signal(signed(11), name=name)
            m.d.sync += [
                sums[0].eq(large),
                sums[1].eq(small),
                change.eq((sums[0] + sums[1] + 128) >> 8),
            ]
            m.d.sync += light.eq(Mux(due[3], lights[1], lights[0]) + change)
            m.d.sync += self.o.payload.pixel[name].eq(
                Mux(light < 0, 0, Mux(light > 255, 255, light[:8]))
            )
