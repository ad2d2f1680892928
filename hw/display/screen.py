"""A screen beside a camera: memories between the core's clock and the pixels'."""

from dataclasses import dataclass
from math import log, log2

from amaranth.hdl import Cat, Const, DomainRenamer, Module, Signal
from amaranth.lib import memory, stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.board.layouts import JUDGED_RESULT
from hw.display.raster import PIXEL_BITS, STRIDE, Raster
from hw.display.tmds import BITS, LANES
from hw.display.writer import PanelWriter
from hw.ecp5.copies import copies
from hw.streams import Pixel
from spec import screen
from spec.quantized import QuantizedNetwork

PIXEL_DOMAIN = "pixel"
"""25 MHz."""
BANK = 8192
"""Pixels of a picture that four EBRs keep."""
EMPTY = 1000
"""About so many times less likely than the best class is one whose bar is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """What a screen is built with.

    Parameters
    ----------
    height, width
        Of the pictures that it shows.
    labels, classes, shift, second
        See :class:`hw.display.writer.PanelWriter`.
    """

    height: int
    width: int
    labels: tuple[str, ...]
    classes: int
    shift: int
    second: int


def panel_of(quantized: QuantizedNetwork, clock_hz: int) -> Panel:
    """The screen of a network: a bar that is empty is :data:`EMPTY` times less likely, or more.

    Raises
    ------
    ValueError
        If the network's picture is too large.
    """
    network = quantized.network
    image, last = network.image, network.last
    if max(image.height, image.width) > screen.LARGEST:
        raise ValueError(
            f"a screen shows pictures of at most {screen.LARGEST} × {screen.LARGEST}, "
            f"not {image.width} × {image.height}"
        )
    unit = last.o.pixels / 2.0 ** quantized.scale_log2(last.name)  # a factor of e in probability
    shift = round(log2(max(1, unit * log(EMPTY) / screen.BAR)))
    labels = tuple(quantized.label(index) for index in range(len(quantized.labels) + 1))
    return Panel(
        height=image.height,
        width=image.width,
        labels=labels,
        classes=len(quantized.labels),
        shift=shift,
        second=clock_hz,
    )


class Screen(wiring.Component):
    """Writes with the core's clock what is seen and said, and shows it with the pixels' clock.

    Parameters
    ----------
    panel : Panel
    bank : int
        Pixels in a bank of the picture's memory, a power of two.

    Members
    -------
    pixel : ``In(Pixel)``, valid, first : ``In(1)``
        What the network sees.
    fits : ``In(1)``
        It is of the screen's size; others are not shown.
    i : ``In(stream.Signature(JUDGED_RESULT, always_ready=True))``
        What it says.
    words : ``Out(30)``, flag : ``Out(1)``
        Of the pixels' clock, see :class:`hw.display.tmds.Serializer`.
    """

    def __init__(self, panel: Panel, *, bank: int = BANK):
        if bank < 1 or bank & bank - 1:
            raise ValueError(f"bank must be a power of two, not {bank}")
        self._panel = panel
        self._bank = bank
        super().__init__(
            {
                "pixel": In(Pixel),
                "valid": In(1),
                "first": In(1),
                "fits": In(1),
                "i": In(stream.Signature(JUDGED_RESULT, always_ready=True)),
                "words": Out(LANES * BITS),
                "flag": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        panel = self._panel
        raster = Raster(height=panel.height, width=panel.width)
        m.submodules.raster = DomainRenamer(PIXEL_DOMAIN)(raster)
        m.d.comb += [self.words.eq(raster.words), self.flag.eq(raster.flag)]

        # The picture.
        pixels = panel.height * panel.width
        at = Signal(range(pixels + 1))
        column, line = Signal(range(panel.width)), Signal(2)  # of the pixel that ``at`` is of
        with m.If(self.valid & self.fits):
            m.d.sync += [at.eq(at + (at != pixels)), column.eq(column + 1)]
            with m.If(column == panel.width - 1):
                m.d.sync += [column.eq(0), line.eq(line + 1)]
            with m.If(self.first):
                m.d.sync += [at.eq(0), column.eq(0), line.eq(0)]
        taken, pixel = Signal(), Signal(PIXEL_BITS)
        across = column[:2] ^ line
        threshold = Cat(Const(1, 1), line[1], across[1], line[0], across[0])
        scaled = Signal(ArrayLayout(8, 3))
        m.d.sync += taken.eq(self.valid & self.fits)
        for value, color in zip(scaled, (self.pixel[name] for name in Pixel.members), strict=True):
            m.d.sync += value.eq(color - (color >> 3))
        put, place = Signal(), Signal(range(pixels))
        m.d.sync += [
            put.eq(taken & (at != pixels)),
            place.eq(at),
            pixel.eq(Cat((scaled[color] + threshold)[5:8] for color in range(3))),
        ]
        # The block RAMs lie all across the device: each bank of them has registers of its own.
        banks = -(-pixels // self._bank)
        bank = Signal(range(banks))
        m.d[PIXEL_DOMAIN] += bank.eq(raster.pixel_address // self._bank)
        shown = Signal(ArrayLayout(PIXEL_BITS, banks))
        m.d.comb += raster.pixel.eq(shown[bank])
        near = copies(m, Cat(place, pixel), "near", count=banks)
        for number in range(banks):
            depth = min(self._bank, pixels - number * self._bank)
            picture = memory.Memory(shape=PIXEL_BITS, depth=depth, init=[])
            m.submodules[f"picture_{number}"] = picture
            write, read = picture.write_port(), picture.read_port(domain=PIXEL_DOMAIN)
            m.d.sync += write.en.eq(put & (place // self._bank == number))
            m.d.comb += [
                write.addr.eq(near[number]),
                write.data.eq(near[number][len(place) :]),
                read.addr.eq(raster.pixel_address),
                shown[number].eq(read.data),
            ]

        # The panel.
        cells = screen.still(panel.labels[: panel.classes])
        first = [code for row in cells for code in bytes(row).ljust(STRIDE, b" ")]
        m.submodules.cells = store = memory.Memory(shape=8, depth=len(first), init=first)
        into, outof = store.write_port(), store.read_port(domain=PIXEL_DOMAIN)
        m.submodules.writer = writer = PanelWriter(
            labels=panel.labels, classes=panel.classes, shift=panel.shift, second=panel.second
        )
        connect(m, flipped(self.i), writer.i)
        m.d.sync += [
            into.en.eq(writer.o.valid),
            into.addr.eq(writer.o.payload.address),
            into.data.eq(writer.o.payload.code),
        ]
        m.d.comb += [
            outof.addr.eq(raster.cell_address),
            raster.cell.eq(outof.data),
        ]

        return m
