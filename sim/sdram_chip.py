"""The SDRAM chip behind a controller's bus, with the registers of the pads between them.

The chip's clock lags half a cycle behind the circuit's, and its words take as long to come back as
:meth:`plan.sdram.Sdram.capture` says.
"""

from pathlib import Path

from amaranth.hdl import Cat, ClockSignal, Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, connect, flipped

from hw.sdram.bus import Bus
from hw.sdram.controller import Controller
from plan.sdram import CAS_LATENCY, Sdram

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
    stuck_address, stuck_data : int
        Lines of address or data that are broken: ones are held at zero.

    Members
    -------
    bus : ``In(Bus)``
    """

    def __init__(
        self,
        *,
        clock_hz: int,
        capture: int,
        start_ns: int = START_NS,
        stuck_address: int = 0,
        stuck_data: int = 0,
    ):
        self._period_ps = round(10**12 / clock_hz)
        self._capture = capture
        self._start_ns = start_ns
        self._stuck_address = stuck_address
        self._stuck_data = stuck_data
        super().__init__({"bus": In(Bus())})

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
            i_a=registered["address"] & ~self._stuck_address,
            i_dqm=Cat(registered["mask"], registered["mask"]),
            i_dq_i=registered["o"] & ~self._stuck_data,
            i_dq_driven=registered["drive"],
            o_dq_o=read,
        )
        for _ in range(self._capture - CAS_LATENCY):
            flight = Signal.like(read)
            m.d.sync += flight.eq(read)
            read = flight
        m.d.sync += bus.i.eq(read)
        return m


class ControlledChip(wiring.Component):
    """A controller with its chip: what the controller has, but for its bus.

    Parameters
    ----------
    timing : Sdram
        The controller's; the chip has its own.
    controller : type
        Of the controller.
    chip
        For :class:`Chip`.
    """

    def __init__(self, timing: Sdram, *, controller: type = Controller, **chip):
        capture = timing.capture(180)
        self._controller = controller(timing=timing, capture=capture)
        self._chip = Chip(clock_hz=timing.clock_hz, capture=capture, **chip)
        members = dict(self._controller.signature.members)
        del members["bus"]
        super().__init__(members)

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.controller = controller = self._controller
        m.submodules.chip = chip = self._chip
        connect(m, controller.bus, chip.bus)
        connect(m, flipped(self.i), controller.i)
        connect(m, controller.o, flipped(self.o))
        m.d.comb += [
            controller.run.eq(self.run),
            controller.first.eq(self.first),
            controller.last.eq(self.last),
            self.settled.eq(controller.settled),
        ]
        return m
