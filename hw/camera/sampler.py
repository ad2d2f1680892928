"""A camera's wires, looked at with the core's clock."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

WIRES = StructLayout({"pclk": 1, "href": 1, "vsync": 1, "data": 8})
"""What a camera drives."""


class Sampler(wiring.Component):
    """The bytes of lines, and where lines and frames end, without a clock domain for PCLK.

    Every wire passes two flip-flops. A byte is taken from the sample *before* the one that shows
    PCLK high: a camera's data are steady for 15 ns before PCLK rises (tSU of the OV7670's data
    sheet) and 8 ns after, so that sample is right as long as samples are at most 15 ns apart, at
    any phase. PCLK must be low and high for more than a cycle each.

    Members
    -------
    wires : ``In(WIRES)``
        No clock rules them.
    o : ``Out(stream.Signature(8, always_ready=True))``
        Bytes that came while HREF was high.
    line_end : ``Out(1)``
        Pulse: HREF has fallen; not before the line's last byte, perhaps with it.
    frame_end : ``Out(1)``
        Pulse: VSYNC has risen, which ends a frame and begins the next.
    """

    wires: In(WIRES)
    o: Out(stream.Signature(8, always_ready=True))
    line_end: Out(1)
    frame_end: Out(1)

    def elaborate(self, platform):
        m = Module()

        now, was = Signal(WIRES), Signal(WIRES)
        m.submodules.synchronizer = FFSynchronizer(self.wires.as_value(), now.as_value())
        m.d.sync += [
            was.eq(now),
            self.o.valid.eq(now.pclk & ~was.pclk & was.href),
            self.o.payload.eq(was.data),
            Cat(self.line_end, self.frame_end).eq(
                Cat(was.href & ~now.href, now.vsync & ~was.vsync)
            ),
        ]

        return m
