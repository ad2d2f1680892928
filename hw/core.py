"""The core: a machine and the network in its memories. No pins, no clocks."""

from amaranth.hdl import Module, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.ecp5.copies import copies
from hw.ecp5.memory import Memory
from hw.machine import Machine
from hw.streams import Pixel, Result, beat_layout, load_layout, settings_layout
from plan.capacities import Capacities
from plan.contents import Contents
from plan.engine import Engine
from plan.memories import NETWORK, memories
from plan.settings import SETTINGS


class Core(wiring.Component):
    """The accelerator of one network at a time, after :mod:`spec.reference`.

    Frames follow each other without reset. A frame's pixels are taken once the results before
    have been. Its cycle count runs from its first pixel's being taken to its class sums' being
    complete, without the cycles in which the engine stood still for want of a pixel.

    From the cycle after ``running`` has fallen to the one after it has risen the machine is held in
    reset: no pixel is taken, and a frame that was under way is forgotten. That is the time to load
    another network. A reset of the core keeps the network.

    Parameters
    ----------
    engine : Engine
        The array's shape.
    capacities : Capacities
        The most that a network may need. With the engine it is all that the circuit depends on.
    contents : Contents
        The network that it begins with.

    Members
    -------
    i : ``In(stream.Signature(Pixel))``
        Pixels in raster order.
    o : ``Out(stream.Signature(Result))``
        A sum for each class, in order, then the cycle count.
    running : ``In(1)``
        Take frames; high if nothing drives it.
    i_load : ``In(stream.Signature(load_layout(engine, capacities)))``
        A word for one of the memories, only while ``running`` is low; always ready. Rows of the
        stream are not for the core: it ignores them.
    i_weights : ``In(stream.Signature(engine.stream_bits))``
        Only if weights are streamed: the rows of ``Contents.stream``, frame after frame, from the
        first one on when ``running`` rises.
    settings : ``Out(settings_layout(engine, capacities))``
        The network's registers.
    trace : ``Out(stream.Signature(beat_layout(engine), always_ready=True))``
        Every requantized beat before pooling, in program order: for the proof.
    written : ``Out(stream.Signature(beat_layout(engine), always_ready=True))``
        Every beat that goes to the activation memory, in program order: for the proof.
    """

    def __init__(self, *, engine: Engine, capacities: Capacities, contents: Contents):
        self._engine = engine
        self._capacities = capacities
        self._contents = contents
        beat = stream.Signature(beat_layout(engine), always_ready=True)
        members = {
            "i": In(stream.Signature(Pixel)),
            "o": Out(stream.Signature(Result)),
            "running": In(1, init=1),
            "i_load": In(stream.Signature(load_layout(engine, capacities))),
            "settings": Out(settings_layout(engine, capacities)),
            "trace": Out(beat),
            "written": Out(beat),
        }
        if capacities.streamed:
            members["i_weights"] = In(stream.Signature(engine.stream_bits))
        super().__init__(members)

    def elaborate(self, platform) -> Module:
        m = Module()
        machine = Machine(engine=self._engine, capacities=self._capacities)
        stopped = Signal()
        m.d.sync += stopped.eq(~self.running)
        m.submodules.machine = ResetInserter(stopped)(machine)

        # The network: registers and memories, which no reset changes. What loads them may be far,
        # and they from each other.
        load = Signal.like(self.i_load.payload, reset_less=True)
        arrived = Signal()
        m.d.comb += self.i_load.ready.eq(1)
        m.d.sync += [load.eq(self.i_load.payload), arrived.eq(self.i_load.valid)]

        def arrives(name: str):
            return arrived & (load.memory == 1 + NETWORK.index(name))

        layout = self.settings.shape()
        first = dict(zip(SETTINGS, self._contents.registers, strict=True))
        settings = Signal(layout, init=first, reset_less=True)
        value = Signal(max(len(settings[name]) for name in SETTINGS), reset_less=True)
        chosen = Signal(len(SETTINGS))
        address = load.address[: len(chosen).bit_length()]
        m.d.sync += value.eq(load.data)
        for place, name in enumerate(SETTINGS):
            m.d.sync += chosen[place].eq(arrives("registers") & (address == place))
            with m.If(chosen[place]):
                m.d.sync += settings[name].eq(value)
        m.d.comb += [self.settings.eq(settings), machine.settings.eq(settings)]

        for name, size in memories(self._engine, self._capacities).items():
            if name in ("registers", "stream"):
                continue
            init = getattr(self._contents, name)
            (near,) = copies(m, self.i_load.payload, f"{name}_load", 1)
            m.submodules[name] = memory = Memory(width=size.bits, depth=size.depth, init=init)
            m.d.comb += [
                memory.write_address.eq(near.address),
                memory.write_data.eq(near.data),
                memory.write_enable.eq(arrives(name)),
                memory.read_address.eq(getattr(machine, f"{name}_address")),
                getattr(machine, name).eq(memory.read_data),
            ]
        if self._capacities.streamed:
            connect(m, flipped(self.i_weights), machine.i_weights)

        # Pixels to results; none while the machine is in reset. The window is in a hurry: what
        # closes it is no part of the reset, which goes everywhere.
        runs = Signal()
        m.d.sync += runs.eq(self.running)
        m.d.comb += [
            machine.i.payload.eq(self.i.payload),
            machine.i.valid.eq(self.i.valid & runs),
            self.i.ready.eq(machine.i.ready & runs),
        ]
        connect(m, machine.o, flipped(self.o))
        for name in ("trace", "written"):
            connect(m, getattr(machine, name), flipped(getattr(self, name)))
        return m
