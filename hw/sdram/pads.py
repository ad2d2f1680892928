"""The pads of the SDRAM: a register in each, and the chip's clock."""

from amaranth.hdl import ClockDomain, ClockSignal, Module
from amaranth.lib import io, wiring
from amaranth.lib.wiring import In

from hw.sdram.bus import Bus
from plan.sdram import PHASES


class Pads(wiring.Component):
    """Drives and listens to the pins; each signal passes one register, in its pad.

    The chip's clock leaves through a register of the same kind, so that it and the commands take
    as long to the chip, but for the phase.

    Parameters
    ----------
    resource : tuple[str, int]
        The platform's name and number of the chip's pins.
    phase : int
        One of :data:`plan.sdram.PHASES`: by how many degrees the chip's clock lags behind.

    Members
    -------
    bus : ``In(Bus)``
    lagging : ``In(1)``
        A clock that lags by ``phase``; not looked at where it is 180 or 360.
    """

    def __init__(self, *, resource: tuple[str, int], phase: int):
        if phase not in PHASES:
            raise ValueError(f"the phase must be one of {PHASES}, not {phase}")
        self._resource = resource
        self._phase = phase
        super().__init__({"bus": In(Bus()), "lagging": In(1)})

    def elaborate(self, platform) -> Module:
        m = Module()
        bus = self.bus
        pins = platform.request(*self._resource, dir="-")

        domain, low_first = "sync", self._phase == 180
        if self._phase % 180:
            domain = "lagging"
            m.domains.lagging = ClockDomain(reset_less=True, local=True)
            m.d.comb += ClockSignal("lagging").eq(self.lagging)
        m.submodules.clk = clk = io.DDRBuffer("o", pins.clk, o_domain=domain)
        m.d.comb += [clk.o[0].eq(not low_first), clk.o[1].eq(low_first)]

        for port, value in {
            "clk_en": bus.enable,
            "cs": 1,
            "ras": bus.command[2],
            "cas": bus.command[1],
            "we": bus.command[0],
            "ba": bus.bank,
            "a": bus.address,
            "dqm": bus.mask.replicate(2),
        }.items():
            m.submodules[port] = pad = io.FFBuffer("o", getattr(pins, port))
            m.d.comb += pad.o.eq(value)

        m.submodules.dq = dq = io.FFBuffer("io", pins.dq)
        m.d.comb += [dq.o.eq(bus.o), dq.oe.eq(bus.drive), bus.i.eq(dq.i)]
        return m
