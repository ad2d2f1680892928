"""A GPDI connector: the clocks of pixels and bits, and two bits a cycle on each pair."""

from fractions import Fraction

from amaranth.build import Resource
from amaranth.hdl import ClockDomain, ClockSignal, Const, DomainRenamer, Instance, Module, Signal
from amaranth.lib import io, wiring
from amaranth.lib.wiring import In, Out

from hw.board.clocks import PLL_SETTINGS, PLL_TIED, Pll
from hw.display.screen import PIXEL_DOMAIN
from hw.display.tmds import BITS, LANES, Serializer

PIXEL_HZ = 25_000_000
"""VGA wants 25.175 MHz; monitors take 0.5 % either way (VESA DMT 1.0)."""
BIT_DOMAIN = "bits"
BIT_HZ = PIXEL_HZ * BITS // 2


class ScreenClocks(wiring.Component):
    """Clocks of bits and of pixels, from a PLL of their own. Nothing waits for them: a picture that
    begins wrong is right a frame later.

    Parameters
    ----------
    reference_hz : int
        Of the board's clock.

    Members
    -------
    reference : ``In(1)``
    bits, pixels : ``Out(1)``
    """

    reference: In(1)
    bits: Out(1)
    pixels: Out(1)

    def __init__(self, *, reference_hz: int):
        self._hz = reference_hz
        self._pll = Pll.of(reference_hz, Fraction(BIT_HZ))
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        pll = self._pll
        slow = pll.output * BITS // 2
        m.submodules.pll = Instance(
            "EHXPLLL",
            a_FREQUENCY_PIN_CLKI=f"{self._hz / 1e6:g}",
            a_FREQUENCY_PIN_CLKOP=f"{BIT_HZ / 1e6:g}",
            a_FREQUENCY_PIN_CLKOS=f"{PIXEL_HZ / 1e6:g}",
            **PLL_SETTINGS,
            p_CLKI_DIV=pll.reference,
            p_CLKFB_DIV=pll.feedback,
            p_CLKOP_ENABLE="ENABLED",
            p_CLKOP_DIV=pll.output,
            p_CLKOP_CPHASE=pll.output - 1,
            p_CLKOP_FPHASE=0,
            p_CLKOS_ENABLE="ENABLED",
            p_CLKOS_DIV=slow,
            p_CLKOS_CPHASE=slow - 1,
            p_CLKOS_FPHASE=0,
            p_FEEDBK_PATH="CLKOP",
            i_RST=Const(0),
            i_STDBY=Const(0),
            i_CLKI=self.reference,
            i_CLKFB=self.bits,
            **{pin: Const(0) for pin in PLL_TIED},
            o_CLKOP=self.bits,
            o_CLKOS=self.pixels,
        )
        return m


def connect_screen(m: Module, platform, resource: Resource, shell, reference: Signal) -> None:
    """Clocks and pads between a shell and its screen."""
    m.submodules.screen_clocks = clocks = ScreenClocks(
        reference_hz=int(platform.default_clk_frequency)
    )
    m.d.comb += clocks.reference.eq(reference)
    for name, clock in ((PIXEL_DOMAIN, clocks.pixels), (BIT_DOMAIN, clocks.bits)):
        m.domains += ClockDomain(name, reset_less=True)
        m.d.comb += ClockSignal(name).eq(clock)
    m.submodules.serializer = serializer = DomainRenamer(BIT_DOMAIN)(Serializer())
    m.d.comb += [
        serializer.words.eq(shell.screen_words),
        serializer.flag.eq(shell.screen_flag),
    ]
    platform.add_resources([resource])
    port = platform.request(resource.name, resource.number, dir="-")
    m.submodules.gpdi = pads = io.DDRBuffer("o", port, o_domain=BIT_DOMAIN)
    for lane in range(LANES + 1):
        m.d.comb += [
            pads.o[0][lane].eq(serializer.o[2 * lane]),
            pads.o[1][lane].eq(serializer.o[2 * lane + 1]),
        ]
