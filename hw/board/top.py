"""The whole design of a board: pads, clock, shell."""

from amaranth.hdl import ClockDomain, ClockSignal, Module
from amaranth.lib import io, wiring

from hw.board import pads
from hw.board.boards import Board
from hw.board.clocks import Clocks, Pll
from hw.board.shell import Shell


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
    """

    def __init__(self, *, board: Board, shell: Shell, pll: Pll, clock_hz: int):
        self._board = board
        self._shell = shell
        self._pll = pll
        self._clock_hz = clock_hz
        super().__init__({})

    def elaborate(self, platform):
        m = Module()
        board = self._board
        pads.prepare(platform, board)

        m.domains.sync = ClockDomain(reset_less=True)
        m.submodules.clocks = clocks = Clocks(pll=self._pll, hz=self._clock_hz)
        m.d.comb += ClockSignal().eq(clocks.clk)
        m.submodules.shell = shell = self._shell

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

        pads.occupy(m, platform, board)
        return m
