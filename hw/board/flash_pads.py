"""The pads of the flash memory that the device is configured from."""

from amaranth.hdl import Const, Instance, Module
from amaranth.lib import io, wiring
from amaranth.lib.wiring import In

from hw.board.flash import FlashPins


class FlashPads(wiring.Component):
    """Its clock is the configuration's, whose pin belongs to ``USRMCLK``; the others are pads.

    Parameters
    ----------
    resource : tuple[str, int]
        The platform's name and number of the memory's pins.

    Members
    -------
    pins : ``In(FlashPins())``
    """

    def __init__(self, *, resource: tuple[str, int]):
        self._resource = resource
        super().__init__({"pins": In(FlashPins())})

    def elaborate(self, platform):
        m = Module()
        pads = platform.request(*self._resource, dir="-")
        m.submodules.clk = Instance("USRMCLK", i_USRMCLKI=self.pins.clk, i_USRMCLKTS=Const(0))
        for port, value in {
            "cs": self.pins.select,
            "copi": self.pins.o,
            "wp": Const(0, 1),
            "hold": Const(0, 1),
        }.items():
            m.submodules[port] = pad = io.Buffer("o", getattr(pads, port))
            m.d.comb += pad.o.eq(value)
        m.submodules.cipo = cipo = io.Buffer("i", pads.cipo)
        m.d.comb += self.pins.i.eq(cipo.i)
        return m
