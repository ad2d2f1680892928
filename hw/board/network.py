"""Which network is held, and what the link must know of it."""

from collections.abc import Mapping, Sequence

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.board.layouts import NETWORK, write_port
from hw.board.parser import write_layout
from plan.image import SHELL, Memory
from spec.protocol import Held
from spec.replies import NETWORK_WORDS


class HeldNetwork(wiring.Component):
    """Knows the network in the memories: there is none from the first word that is written until
    all of an image have been, and were found right.

    Parameters
    ----------
    memories : mapping of str to Memory
        What a network image fills.
    words : sequence of int
        What is said of the network to begin with, ``NETWORK_WORDS`` of 32 bits.
    held : Held
        Where that comes from.

    Members
    -------
    i : ``In(stream.Signature(write_layout(memories)))``
        An image's words.
    load : ``Out(stream.Signature(write_layout(memories)))``
        Those for the core.
    identity : ``Out(write_port(NETWORK_WORDS))``, sums : ``Out(write_port(…))``
        Those of the memory ``shell``: what is said of the network, and the self-test's sums.
    begun : ``In(1)``
        An image's words come, or will; low with ``done``.
    done : ``In(1)``, origin : ``In(range(len(Held)))``
        Pulse: they have come, and are right; and where from.
    held : ``Out(range(len(Held)))``
    running : ``Out(1)``
        A network is held: the core may compute.
    facts : ``Out(NETWORK)``
        What the link must know of it.
    """

    def __init__(self, *, memories: Mapping[str, Memory], words: Sequence[int], held: Held):
        if len(words) != NETWORK_WORDS:
            raise ValueError(f"a network must have {NETWORK_WORDS} words, not {len(words)}")
        self._shell = memories[SHELL]
        self._words = words
        super().__init__(
            {
                "i": In(stream.Signature(write_layout(memories))),
                "load": Out(stream.Signature(write_layout(memories))),
                "identity": Out(write_port(NETWORK_WORDS)),
                "sums": Out(write_port(self._shell.depth - NETWORK_WORDS)),
                "begun": In(1),
                "done": In(1),
                "origin": In(range(len(Held))),
                "held": Out(range(len(Held)), init=held),
                "running": Out(1),
                "facts": Out(NETWORK),
            }
        )

    def elaborate(self, platform):
        m = Module()

        write = self.i.payload
        own = write.memory == self._shell.number
        about = write.address < NETWORK_WORDS
        m.d.comb += [
            self.load.payload.eq(write),
            self.load.valid.eq(self.i.valid & ~own),
            self.i.ready.eq(own | self.load.ready),
            self.running.eq(self.held != Held.NONE),
        ]
        # A cycle later: nobody is in a hurry.
        m.d.sync += [
            self.identity.valid.eq(self.i.valid & own & about),
            self.identity.payload.address.eq(write.address),
            self.identity.payload.data.eq(write.data),
            self.sums.valid.eq(self.i.valid & own & ~about),
            self.sums.payload.address.eq(write.address - NETWORK_WORDS),
            self.sums.payload.data.eq(write.data),
        ]
        facts = [
            Signal(32, name=f"word_{at}", init=self._words[at]) for at in range(NETWORK.size // 32)
        ]
        m.d.comb += self.facts.as_value().eq(Cat(facts))
        for at, word in enumerate(facts):
            with m.If(self.identity.valid & (self.identity.payload.address == Const(at))):
                m.d.sync += word.eq(self.identity.payload.data)
        with m.If(self.done):
            m.d.sync += self.held.eq(self.origin)
        with m.Elif(self.begun):
            m.d.sync += self.held.eq(Held.NONE)

        return m
