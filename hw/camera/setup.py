"""A camera's registers, written once it has power, and again when it has come back."""

from collections.abc import Sequence

from amaranth.hdl import Module, Signal
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.camera.ov7670 import COM7, RESET, Setting
from hw.camera.sccb import WRITE


class Setup(wiring.Component):
    """Writes a reset, waits, and writes the table.

    Parameters
    ----------
    table : sequence of Setting
    pause : int
        Cycles before and after the reset.

    Members
    -------
    again : ``In(1)``
        Pulse, while ``done``: from the beginning.
    o : ``Out(stream.Signature(WRITE))``
        For the bus.
    done : ``Out(1)``
        All has been written.
    """

    def __init__(self, *, table: Sequence[Setting], pause: int):
        if not table or pause < 1:
            raise ValueError("a set-up must have a table, and a pause of at least 1 cycle")
        self._words = [RESET << 8 | COM7, *(item.value << 8 | item.register for item in table)]
        self._pause = pause
        super().__init__({"again": In(1), "o": Out(stream.Signature(WRITE)), "done": Out(1)})

    def elaborate(self, platform):
        m = Module()

        depth = len(self._words)
        m.submodules.table = table = memory.Memory(shape=16, depth=depth, init=self._words)
        read = table.read_port()
        place = Signal(range(depth + 1))
        timer = Signal(range(self._pause))
        m.d.comb += [read.addr.eq(place), self.o.payload.as_value().eq(read.data)]
        with m.FSM():
            with m.State("pause"):
                m.d.sync += timer.eq(timer + 1)
                with m.If(timer == self._pause - 1):
                    m.d.sync += timer.eq(0)
                    m.next = "write"
            with m.State("write"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.d.sync += place.eq(place + 1)
                    m.next = "next"
            with m.State("next"):  # the bus is ready again once it has written
                with m.If(self.o.ready):
                    with m.If(place == 1):
                        m.next = "pause"
                    with m.Elif(place == depth):
                        m.next = "done"
                    with m.Else():
                        m.next = "write"
            with m.State("done"):
                m.d.comb += self.done.eq(1)
                m.d.sync += place.eq(0)
                with m.If(self.again):
                    m.next = "pause"

        return m
