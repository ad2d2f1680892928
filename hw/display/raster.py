"""The picture and the panel, pixel by pixel, as words for a monitor."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from hw.display.tmds import BITS, LANES, Encoder
from spec import font, screen

COLOR_BITS = 3
"""Of each colour, see :func:`spec.screen.dithered`."""
PIXEL_BITS = 3 * COLOR_BITS
"""Red the lowest."""
STRIDE = 32
"""Cells of a row in their memory."""


class Raster(wiring.Component):
    """Runs with the pixels' clock, for ever. It reads the cells and the picture a cycle after their
    addresses.

    Parameters
    ----------
    height, width : int
        Of the picture.

    Members
    -------
    cell_address : ``Out``, cell : ``In(8)``
        Of the panel, rows of :data:`STRIDE`.
    pixel_address : ``Out``, pixel : ``In(9)``
        Of the picture.
    words : ``Out(30)``, flag : ``Out(1)``
        See :class:`hw.display.tmds.Serializer`.
    """

    def __init__(self, *, height: int, width: int):
        if not (1 <= height <= screen.LARGEST and 1 <= width <= screen.LARGEST):
            raise ValueError(
                f"a screen shows pictures of at most {screen.LARGEST} × {screen.LARGEST}, "
                f"not {width} × {height}"
            )
        self._height, self._width = height, width
        super().__init__(
            {
                "cell_address": Out(range(screen.ROWS * STRIDE)),
                "cell": In(8),
                "pixel_address": Out(range(height * width)),
                "pixel": In(PIXEL_BITS),
                "words": Out(LANES * BITS),
                "flag": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()

        # Where the beam is, and the pulses.
        across_all = screen.WIDTH + screen.FRONT[0] + screen.SYNC[0] + screen.BACK[0]
        down_all = screen.HEIGHT + screen.FRONT[1] + screen.SYNC[1] + screen.BACK[1]
        x, y = Signal(range(across_all)), Signal(range(down_all))
        m.d.sync += x.eq(x + 1)
        with m.If(x == across_all - 1):
            m.d.sync += [x.eq(0), y.eq(Mux(y == down_all - 1, 0, y + 1))]
        pulses = [
            (at >= size + front) & (at < size + front + sync)
            for at, size, front, sync in zip(
                (x, y), (screen.WIDTH, screen.HEIGHT), screen.FRONT, screen.SYNC, strict=True
            )
        ]
        shown = (x < screen.WIDTH) & (y < screen.HEIGHT)

        # Addresses: a cell's, and a pixel's, by a line's first one.
        line = Signal.like(self.pixel_address)
        tall, wide = screen.ZOOM * self._height, screen.ZOOM * self._width
        top, left = screen.PICTURE_TOP, screen.PICTURE_LEFT
        within_lines = (y >= top) & (y < top + tall)
        within = within_lines & (x >= left) & (x < left + wide)
        with m.If(x == across_all - 1):
            with m.If(~within_lines):
                m.d.sync += line.eq(0)
            with m.Elif((y - top)[0] == screen.ZOOM - 1):
                m.d.sync += line.eq(line + self._width)
        column = Signal(range(screen.COLUMNS))
        m.d.comb += [
            column.eq((x - screen.PANEL_LEFT) >> 3),
            self.cell_address.eq(Cat(column, y >> 4)),
            self.pixel_address.eq(line + ((x - left) >> 1)),
        ]

        # One cycle later there are a cell and a pixel, two later a row of dots.
        glyphs = font.glyphs().reshape(-1, font.WIDTH)
        rows = [sum(int(dot) << place for place, dot in enumerate(row)) for row in glyphs]
        m.submodules.font = dots = memory.Memory(shape=font.WIDTH, depth=len(rows), init=rows)
        read = dots.read_port()
        row, place = Signal(4), Signal(3)
        m.d.sync += [row.eq(y[:4]), place.eq(x[:3])]
        m.d.comb += read.addr.eq(Cat(row, self.cell[:7]))
        kind = Signal(5)
        m.d.sync += kind.eq(Cat(shown, within, x >= screen.PANEL_LEFT, *pulses))
        later, marked = Signal.like(kind), Signal()
        bit = Signal(3)
        pixel = Signal(PIXEL_BITS)
        m.d.sync += [later.eq(kind), marked.eq(self.cell[7]), bit.eq(place), pixel.eq(self.pixel)]

        # Three cycles later, a colour.
        paper = Const(0, 24)
        ink = {
            name: Const(sum(value << 8 * at for at, value in enumerate(color)), 24)
            for name, color in (("ink", screen.INK), ("marked", screen.MARKED))
        }
        levels = [pixel.word_select(at, COLOR_BITS) for at in range(3)]
        color = Signal(24)
        final = Signal.like(kind)
        m.d.sync += final.eq(later)
        with m.If(later[2] & read.data.bit_select(bit, 1)):
            m.d.sync += color.eq(Mux(marked, ink["marked"], ink["ink"]))
        with m.Elif(later[1]):
            m.d.sync += color.eq(Cat(Cat(level[1:], level, level) for level in levels))
        with m.Else():
            m.d.sync += color.eq(paper)

        # Words: the pulses go with blue, and are low.
        words = []
        for lane in range(LANES):
            encoder = Encoder()
            m.submodules[f"encoder_{lane}"] = encoder
            m.d.comb += [
                encoder.picture.eq(final[0]),
                encoder.data.eq(color.word_select(LANES - 1 - lane, 8)),
                encoder.control.eq(~final[3:5] if lane == 0 else 0),
            ]
            words.append(encoder.o)
        m.d.sync += [self.words.eq(Cat(words)), self.flag.eq(~self.flag)]

        return m
