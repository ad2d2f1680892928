"""The SDRAM chip behind a controller's bus, with the registers of the pads between them.

The chip's clock lags half a cycle behind the circuit's, and its words take as long to come back as
:meth:`plan.sdram.Sdram.capture` says.
"""

from pathlib import Path

from amaranth.hdl import Cat, ClockSignal, Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, connect, flipped

from hw.sdram.bus import ADDRESS_BITS, WORD_BITS, Bus
from plan.sdram import CAS_LATENCY

CHIP = Path(__file__).with_suffix(".sv")
"""The model: what a simulation needs besides the netlist."""

START_NS = 200_000
"""What the chip asks for after power-up."""


class Chip(wiring.Component):
    """The pads' registers and the chip.

    Parameters
    ----------
    clock_hz : int
        Of the circuit's clock: what the chip measures its times by.
    capture : int
        As the controller's.
    start_ns : int
        What the chip asks for after power-up; less is for tests of other things.

    Members
    -------
    bus : ``In(Bus)``
    stuck_address : ``In(13)``, stuck_data : ``In(16)``
        Lines that are broken: these are zero at the chip.
    """

    def __init__(
        self,
        *,
        clock_hz: int,
        capture: int,
        start_ns: int = START_NS,
    ):
        self._period_ps = round(10**12 / clock_hz)
        self._capture = capture
        self._start_ns = start_ns
        super().__init__(
            {
                "bus": In(Bus()),
                "stuck_address": In(ADDRESS_BITS),
                "stuck_data": In(WORD_BITS),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        bus = self.bus
        registered = {
            name: Signal.like(getattr(bus, name), name=f"pad_{name}")
            for name in ("enable", "command", "bank", "address", "mask", "o", "drive")
        }
        m.d.sync += [pad.eq(getattr(bus, name)) for name, pad in registered.items()]
        command = registered["command"]
        read = Signal.like(bus.i)
        m.submodules.chip = Instance(
            "sdram_chip",
            p_PERIOD_PS=self._period_ps,
            p_START_PS=self._start_ns * 1000,
            i_clk=~ClockSignal(),
            i_cke=registered["enable"],
            i_cs_n=0,
            i_ras_n=~command[2],
            i_cas_n=~command[1],
            i_we_n=~command[0],
            i_ba=registered["bank"],
            i_a=registered["address"] & ~self.stuck_address,
            i_dqm=Cat(registered["mask"], registered["mask"]),
            i_dq_i=registered["o"] & ~self.stuck_data,
            i_dq_driven=registered["drive"],
            o_dq_o=read,
        )
        for _ in range(self._capture - CAS_LATENCY):
            flight = Signal.like(read)
            m.d.sync += flight.eq(read)
            read = flight
        m.d.sync += bus.i.eq(read)
        return m


class WithChip(wiring.Component):
    """A part and its chip: what both have, but for the bus between them.

    Parameters
    ----------
    part : wiring.Component
        With a ``bus``.
    chip : Chip
    """

    def __init__(self, part: wiring.Component, chip: Chip):
        self._part = part
        self._chip = chip
        self._owners = {
            name: owner
            for owner in (part, chip)
            for name in owner.signature.members
            if name != "bus"
        }
        super().__init__(
            {name: owner.signature.members[name] for name, owner in self._owners.items()}
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.part = part = self._part
        m.submodules.chip = chip = self._chip
        connect(m, part.bus, chip.bus)
        for name, member in self.signature.members.items():
            outer, inner = getattr(self, name), getattr(self._owners[name], name)
            if member.is_signature:
                ends = (flipped(outer), inner) if member.flow is In else (inner, flipped(outer))
                connect(m, *ends)
            else:
                m.d.comb += inner.eq(outer) if member.flow is In else outer.eq(inner)
        return m
