"""The whole design of a board: pads, clock, shell."""

from amaranth.hdl import ClockDomain, ClockSignal, Module
from amaranth.lib import io, wiring
from amaranth.lib.wiring import connect

from hw.board import pads
from hw.board.boards import Board
from hw.board.clocks import Clocks, Pll
from hw.board.flash_pads import FlashPads
from hw.board.shell import Shell
from hw.board.wirings import Wiring, connect_camera
from hw.display.pads import connect_screen
from hw.sdram.pads import Pads
from plan.sdram import PHASE


class Top(wiring.Component):
    """A board's pads around the shell.

    Parameters
    ----------
    board : Board
        Its table entry; the platform passed to ``elaborate`` is one of its variants.
    shell : Shell
        With as many lamps as the board has.
    pll : Pll
        Makes ``clock_hz`` from the board's clock.
    clock_hz : int
        The frequency of everything but the lock's flip-flops.
    phase : int
        Of the SDRAM's clock, where the shell has one; see :class:`hw.sdram.pads.Pads`.
    wiring : Wiring or None
        Of the camera, where the shell has one.
    turned : bool
        A flat cable is between header and camera.
    """

    def __init__(
        self,
        *,
        board: Board,
        shell: Shell,
        pll: Pll,
        clock_hz: int,
        phase: int = PHASE,
        wiring: Wiring | None = None,
        turned: bool = False,
    ):
        self._board = board
        self._shell = shell
        self._pll = pll
        self._clock_hz = clock_hz
        self._phase = phase
        self._wiring = wiring
        self._turned = turned
        super().__init__({})

    def elaborate(self, platform):
        m = Module()
        board = self._board
        pads.prepare(platform, board)

        m.domains.sync = ClockDomain(reset_less=True)
        m.submodules.shell = shell = self._shell
        has_sdram = "sdram" in shell.signature.members
        lag = self._phase if has_sdram and self._phase % 180 else None
        has_screen = "screen_words" in shell.signature.members
        m.submodules.clocks = clocks = Clocks(
            pll=self._pll, hz=self._clock_hz, lag=lag, shares=has_screen
        )
        m.d.comb += ClockSignal().eq(clocks.clk)
        if has_sdram:
            m.submodules.sdram = sdram = Pads(resource=board.sdram, phase=self._phase)
            connect(m, shell.sdram, sdram.bus)
            m.d.comb += sdram.lagging.eq(clocks.lagging)

        if has_screen:
            connect_screen(m, platform, board.screen, shell, clocks.reference)

        if "flash" in shell.signature.members:
            m.submodules.flash = flash = FlashPads(resource=board.flash)
            connect(m, shell.flash, flash.pins)

        uart = platform.request("uart", 0, dir="-")
        m.submodules.rx = rx = io.Buffer("i", uart.rx)
        m.submodules.tx = tx = io.Buffer("o", uart.tx)
        m.d.comb += [shell.rx.eq(rx.i), tx.o.eq(shell.tx)]

        if board.button:
            port = platform.request(*board.button, dir="-")
            m.submodules.button = button = io.Buffer("i", port)
            m.d.comb += shell.button.eq(button.i)

        ports = {}
        for index, (name, number, color) in enumerate(board.leds):
            if (name, number) not in ports:
                ports[name, number] = platform.request(name, number, dir="-")
            port = ports[name, number]
            m.submodules[f"led_{index}"] = led = io.Buffer(
                "o", getattr(port, color) if color else port
            )
            m.d.comb += led.o.eq(shell.leds[index])

        if "wires" in shell.signature.members:
            connect_camera(m, platform, self._wiring, shell, turned=self._turned)

        pads.occupy(m, platform, board)
        return m
