"""Which reply comes next."""

from amaranth.hdl import Module, Signal
from amaranth.lib import enum, stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from hw.board.layouts import ASKED, PLACE, TOLD


class Kind(enum.Enum, shape=3):
    """A reply that may be due, the most urgent first."""

    RESULT = 0
    TAKEN = 1
    LOADED = 2
    RESET = 3
    COUNTERS = 4
    IDENTITY = 5
    ERROR = 6
    MEMTEST = 7


ORDER = StructLayout({"kind": Kind, "place": PLACE})
"""A reply to be sent: its kind, sequence number and argument."""


class ReplyScheduler(wiring.Component):
    """Orders each kind of reply when it is due, the most urgent kind first.

    Of each kind the last one counts: a computer has one request of a kind under way at a time,
    ``TAKEN`` tells a sum, and a frame's results wait until they are sent. So there is no queue to
    overflow. What is due while its like is being ordered is due again.

    Members
    -------
    result, counters, reset, memtest : ``In(ASKED)``, identify, taken, loaded, error : ``In(TOLD)``
        What is due.
    idle : ``In(1)``
        Nothing is under way: ``RESET`` waits for it.
    o : ``Out(stream.Signature(ORDER))``
    """

    result: In(ASKED)
    taken: In(TOLD)
    loaded: In(TOLD)
    reset: In(ASKED)
    counters: In(ASKED)
    identify: In(TOLD)
    error: In(TOLD)
    memtest: In(ASKED)
    idle: In(1)
    o: Out(stream.Signature(ORDER))

    def elaborate(self, platform):
        m = Module()

        ports = {
            Kind.RESULT: self.result,
            Kind.TAKEN: self.taken,
            Kind.LOADED: self.loaded,
            Kind.RESET: self.reset,
            Kind.COUNTERS: self.counters,
            Kind.IDENTITY: self.identify,
            Kind.ERROR: self.error,
            Kind.MEMTEST: self.memtest,
        }
        due = {kind: Signal(name=f"due_{kind.name.lower()}") for kind in Kind}
        places = {kind: Signal(PLACE, name=f"place_{kind.name.lower()}") for kind in Kind}
        order = self.o.payload
        with m.FSM():
            with m.State("idle"):
                for kind in reversed(Kind):
                    with m.If(due[kind] & (self.idle if kind is Kind.RESET else 1)):
                        m.d.sync += order.kind.eq(kind)
                        m.next = "choose"
            with m.State("choose"):
                with m.Switch(order.kind):
                    for kind in Kind:
                        with m.Case(kind):
                            m.d.sync += [order.place.eq(places[kind]), due[kind].eq(0)]
                m.next = "order"
            with m.State("order"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.next = "idle"

        # After the state machine: what comes while its like is chosen is due again.
        for kind, port in ports.items():
            with m.If(port.valid):
                m.d.sync += due[kind].eq(1)
                if port.signature == ASKED:
                    m.d.sync += places[kind].sequence.eq(port.payload)
                else:
                    m.d.sync += places[kind].eq(port.payload)

        return m
