"""A network out of the flash memory at power-up, or none."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from spec.protocol import FLASH_READING, Load


class PowerUp(wiring.Component):
    """Reads an image twice: first to see whether it is right, then, if so, into the memories.

    So an image that is not right leaves the network that is built in.

    Parameters
    ----------
    present : bool
        There is a flash memory; otherwise there is nothing to do.

    Members
    -------
    i : ``In(stream.Signature(32))``, run : ``Out(1)``, idle : ``In(1)``
        The memory, see :class:`hw.board.flash.FlashReader`.
    o : ``Out(stream.Signature(32))``
        The words, for the parser.
    over : ``In(1)``, outcome : ``In(range(len(Load)))``
        What the parser found.
    busy : ``Out(1)``
        It reads: nothing else may begin.
    fresh : ``Out(1)``
        The parser is to begin afresh.
    dry : ``Out(1)``
        What comes is looked at only.
    done : ``Out(1)``
        Pulse: it is in the memories, and right.
    fallen : ``Out(1)``
        Pulse: there was an image, and it was not right.
    came_to : ``Out(8)``
        0 if no memory was read, ``FLASH_READING`` while one is, then one more than the outcome.
    """

    def __init__(self, *, present: bool):
        self._present = present
        super().__init__(
            {
                "i": In(stream.Signature(32)),
                "run": Out(1),
                "idle": In(1),
                "o": Out(stream.Signature(32)),
                "over": In(1),
                "outcome": In(range(len(Load))),
                "busy": Out(1, init=present),
                "fresh": Out(1),
                "dry": Out(1, init=1),
                "done": Out(1),
                "fallen": Out(1),
                "came_to": Out(8, init=FLASH_READING if present else 0),
            }
        )

    def elaborate(self, platform):
        m = Module()
        if not self._present:
            m.d.comb += self.fresh.eq(1)
            return m

        connect(m, flipped(self.i), flipped(self.o))
        m.d.sync += [self.done.eq(0), self.fallen.eq(0)]
        right = self.outcome == Load.DONE
        with m.FSM():
            with m.State("read"):
                m.d.comb += self.run.eq(1)
                with m.If(self.over):
                    with m.If(right & self.dry):
                        m.next = "again"
                    with m.Else():
                        m.d.sync += self.came_to.eq(self.outcome + 1)
                        m.d.sync += self.done.eq(right)
                        m.d.sync += self.fallen.eq(~right & (self.outcome != Load.NO_IMAGE))
                        m.next = "end"
            with m.State("again"):
                m.d.comb += self.fresh.eq(1)
                m.d.sync += self.dry.eq(0)
                with m.If(self.idle):
                    m.next = "read"
            with m.State("end"):
                m.d.comb += self.fresh.eq(1)
                m.d.sync += self.busy.eq(0)
        return m
