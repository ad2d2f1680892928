"""Registers between two streams, so that neither side waits for the other within a cycle."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class Stage(wiring.Component):
    """Takes a word, then gives it: one in two cycles, and what comes out was in a register.

    Parameters
    ----------
    shape : ShapeLike
        Of the words.

    Members
    -------
    i, o : ``stream.Signature(shape)``
    """

    def __init__(self, shape):
        super().__init__({"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape))})

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.i.ready.eq(~self.o.valid)
        with m.If(self.o.valid):
            m.d.sync += self.o.valid.eq(~self.o.ready)
        with m.Else():
            m.d.sync += [self.o.valid.eq(self.i.valid), self.o.payload.eq(self.i.payload)]
        return m


class Skid(Stage):
    """Takes a word and gives one in every cycle: two registers, the second one for the word that
    comes while the first is not taken. Parameters and members are a :class:`Stage`'s."""

    def elaborate(self, platform):
        m = Module()
        second, full = Signal.like(self.o.payload), Signal()
        m.d.comb += self.i.ready.eq(~full)
        with m.If(self.o.ready | ~self.o.valid):
            m.d.sync += [self.o.valid.eq(full | self.i.valid), full.eq(0)]
            m.d.sync += self.o.payload.eq(Mux(full, second, self.i.payload))
        with m.Elif(~full):
            m.d.sync += [full.eq(self.i.valid), second.eq(self.i.payload)]
        return m
