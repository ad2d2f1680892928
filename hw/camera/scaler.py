"""The middle of a camera's picture at the network's size, as :func:`spec.camera.seen` has it."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from hw.camera.decoder import placed_pixel
from hw.ecp5.memory import Memory
from hw.streams import Pixel
from spec.camera import SCALES, Sensor

SEEN = StructLayout({"pixel": Pixel, "first": 1, "last": 1})
"""A pixel for the network; ``first`` and ``last`` of its frame."""


class Scaler(wiring.Component):
    """Cuts the middle out and makes each square of pixels one, by their mean.

    Sums of lines that are not the last of their squares wait in a block RAM. A frame that stops in
    its midst leaves nothing behind: every square begins afresh.

    Parameters
    ----------
    sensor : Sensor

    Members
    -------
    height, width : ``In(16)``
        Of the network's picture; steady during a frame.
    i : ``In(stream.Signature(placed_pixel(sensor), always_ready=True))``
    o : ``Out(stream.Signature(SEEN, always_ready=True))``
        Nothing if the network's picture is larger than the sensor's.
    """

    def __init__(self, sensor: Sensor):
        self._sensor = sensor
        super().__init__(
            {
                "height": In(16),
                "width": In(16),
                "i": In(stream.Signature(placed_pixel(sensor), always_ready=True)),
                "o": Out(stream.Signature(SEEN, always_ready=True)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        sensor = self._sensor
        colors = tuple(Pixel.members)

        # The crop; see spec.camera.Crop. It changes between frames only.
        shift = Signal(range(len(SCALES)))
        fits = Signal()
        tall, wide = Signal(range(sensor.height + 1)), Signal(range(sensor.width + 1))
        top, left = Signal(range(sensor.height)), Signal(range(sensor.width))
        bottom, right = Signal.like(tall), Signal.like(wide)  # beyond the last one
        m.d.sync += fits.eq(0)
        for scale in reversed(SCALES):  # the largest that fits is looked at last
            small = Signal(name=f"small_{scale}")
            m.d.sync += small.eq(
                (self.height <= sensor.height // scale) & (self.width <= sensor.width // scale)
            )
            with m.If(small):
                m.d.sync += [
                    fits.eq(1),
                    shift.eq(scale.bit_length() - 1),
                    tall.eq(self.height << scale.bit_length() - 1),
                    wide.eq(self.width << scale.bit_length() - 1),
                ]
        m.d.sync += [top.eq((sensor.height - tall) >> 1), left.eq((sensor.width - wide) >> 1)]
        m.d.sync += [bottom.eq(top + tall), right.eq(left + wide)]

        # Where in the crop a pixel is, and which of its square.
        coming = Signal(Pixel)
        down, across = Signal(range(sensor.height)), Signal(range(sensor.width))
        within = Signal()
        column, line = self.i.payload.column, self.i.payload.line
        m.d.sync += [
            coming.eq(self.i.payload.pixel),
            down.eq(line - top),
            across.eq(column - left),
            within.eq(
                self.i.valid
                & fits
                & (line >= top)
                & (line < bottom)
                & (column >= left)
                & (column < right)
            ),
        ]
        pixel, inside, at = Signal(Pixel), Signal(), Signal.like(across)
        flags = ("row_begins", "row_ends", "begins", "ends", "first", "last")
        square = Signal(StructLayout(dict.fromkeys(flags, 1)))
        side = (1 << shift) - 1
        m.d.sync += [
            pixel.eq(coming),
            inside.eq(within),
            at.eq(across >> shift),
            square.row_begins.eq((across & side) == 0),
            square.row_ends.eq((across & side) == side),
            square.begins.eq((down & side) == 0),
            square.ends.eq((down & side) == side),
            square.first.eq((down >> shift == 0) & (across >> shift == 0)),
            square.last.eq(
                (down >> shift == self.height - 1) & (across >> shift == self.width - 1)
            ),
        ]

        # Sums of lines within a square.
        area = max(SCALES) ** 2
        sums = [range(255 * area + 1)] * len(colors)
        store = StructLayout(dict(zip(colors, sums, strict=True)))
        depth = max(sensor.width // 2, 1)
        m.submodules.waiting = waiting = Memory(width=store.size, depth=depth)
        assert waiting.READ_LATENCY == 3
        above = Signal(store)
        m.d.comb += [waiting.read_address.eq(across >> shift), above.eq(waiting.read_data)]

        row = Signal(store)  # of this line of the square
        place = Signal(range(sensor.width))
        row_done, begins, ends = Signal(), Signal(), Signal()
        first, last = Signal(), Signal()
        m.d.sync += [
            row_done.eq(inside & square.row_ends),
            begins.eq(square.begins),
            ends.eq(square.ends),
            place.eq(at),
            first.eq(square.first),
            last.eq(square.last),
        ]
        with m.If(inside):
            for color in colors:
                m.d.sync += row[color].eq(Mux(square.row_begins, 0, row[color]) + pixel[color])

        # A block RAM's word comes late, and each sum that follows waits in a register.
        begun, place_then, row_then = Signal(), Signal.like(place), Signal(store)
        done, done_then = Signal(2), Signal(2)  # a square's line ends; so does its last one
        edges, edges_then = Signal(2), Signal(2)
        m.d.sync += [
            begun.eq(begins),
            place_then.eq(place),
            row_then.eq(row),
            done.eq(Cat(row_done & ~ends, row_done & ends)),
            edges.eq(Cat(first, last)),
        ]
        total = Signal(store)
        place_late = Signal.like(place)
        for color in colors:
            m.d.sync += total[color].eq(row_then[color] + Mux(begun, 0, above[color]))
        m.d.sync += [place_late.eq(place_then), done_then.eq(done), edges_then.eq(edges)]
        m.d.comb += [
            waiting.write_address.eq(place_late),
            waiting.write_data.eq(total),
            waiting.write_enable.eq(done_then[0]),
        ]
        mean = self.o.payload.pixel
        for color in colors:
            with m.Switch(shift):
                for scale in SCALES:
                    bits = 2 * (scale.bit_length() - 1)
                    with m.Case(scale.bit_length() - 1):
                        m.d.sync += mean[color].eq((total[color] + (1 << bits >> 1)) >> bits)
        m.d.sync += [
            self.o.valid.eq(done_then[1]),
            Cat(self.o.payload.first, self.o.payload.last).eq(edges_then),
        ]

        return m
