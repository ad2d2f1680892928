"""Everything on the board but its pads and clock: wires in, wires out, one clock domain."""

from collections.abc import Callable, Mapping, Sequence

from amaranth.hdl import Const, EnableInserter, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.board.flash import FlashPins, FlashReader
from hw.board.layouts import TESTED
from hw.board.link import Link
from hw.board.panel import Button, Lamps
from hw.board.uart import Receiver, Transmitter
from hw.live.live import Eye, outside
from hw.sdram.bus import Bus
from hw.sdram.source import SdramSource
from hw.streams import Pixel, Result
from plan.image import SHELL, STREAM, Memory
from spec.protocol import Held
from spec.replies import NETWORK_WORDS, Identity


class Shell(wiring.Component):
    """The core behind a UART, with lamps and a button.

    ``rx`` and ``button`` are the only inputs that no clock rules; each passes two flip-flops before
    it is looked at. Everything else is in the domain ``sync``, which needs no reset: every register
    begins with its initial value.

    Parameters
    ----------
    core : wiring.Component
        A :class:`hw.core.Core`.
    source : SdramSource or None
        Where its streamed weights come from, if they do.
    flash : FlashReader or None
        Where a network is looked for at power-up, if one is.
    eye : Eye or None
        The camera, if there is one.
    identity : Identity
        What the board says it is.
    held : Held
        Which network is in the core's memories to begin with.
    sums : sequence of int
        Its class sums of the self-test's image.
    pixels : int
        The most pixels an image can have.
    memories : mapping of str to Memory
        What a network image fills: see :func:`plan.network_image.image_memories`.
    divisors : sequence of int
        Clock cycles a bit of the line, for each of its rates.
    tick : int
        Cycles for which the activity lamp stays on, and a button must be quiet, at least;
        about 50 ms. An image is dropped after 32 ticks without its next chunk.
    leds : int
        How many lamps; see :class:`hw.board.panel.Lamps`.

    Members
    -------
    rx : ``In(1)``, tx : ``Out(1)``
        The serial line.
    button : ``In(1)``
        Runs the self-test when pressed.
    leds : ``Out(leds)``
        The lamps, lit by ones.
    sdram : ``Out(Bus())``
        To the pads of the SDRAM; only with a ``source``.
    flash : ``Out(FlashPins())``
        To the pads of the flash memory; only with a ``flash``.
    awake : ``Out(1)``
        The core does not stand still; only with an ``eye`` that has a period.
    wires, driven, pin, screen_words, screen_flag
        The camera, whose wires no clock rules, the trigger pin, and a screen; only with an ``eye``,
        see :class:`hw.live.live.Live`.
    """

    PATIENCE = 32
    """Ticks."""
    REST = 64
    """Cycles without anything to do after which a core that may sleep stands still."""

    def __init__(
        self,
        *,
        core: wiring.Component,
        source: SdramSource | None = None,
        flash: FlashReader | None = None,
        eye: Eye | None = None,
        identity: Identity,
        held: Held,
        sums: Sequence[int],
        pixels: int,
        memories: Mapping[str, Memory],
        divisors: Sequence[int],
        tick: int,
        leds: int,
    ):
        self._core = core
        self._source = source
        self._flash = flash
        self._eye = eye
        self._divisors = tuple(divisors)
        self._tick = tick
        self._link = Link(
            identity=identity,
            held=held,
            memory=source is not None,
            flash=flash is not None,
            eye=eye,
            sums=sums,
            pixels=pixels,
            memories=memories,
            patience=self.PATIENCE * tick,
        )
        self._classes = memories[SHELL].depth - NETWORK_WORDS
        self._memories = memories
        members = {"rx": In(1, init=1), "tx": Out(1, init=1), "button": In(1), "leds": Out(leds)}
        if source is not None:
            members["sdram"] = Out(Bus())
        if flash is not None:
            members["flash"] = Out(FlashPins())
        if eye is not None:
            members |= outside(eye)
            members |= {"awake": Out(1)} if eye.period else {}
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()

        core = self._core
        sleeps = self._eye is not None and self._eye.period > 0
        awake = Signal(init=1) if sleeps else Const(1)
        m.submodules.core = EnableInserter(awake)(core) if sleeps else core

        def while_awake(level: Value) -> Value:
            """What counts only while the core does not stand still."""
            return level & awake if sleeps else level

        m.submodules.link = link = self._link
        # The link may be far from the core: what either can take is known to a register near it.
        m.submodules.pixels = pixels = SyncFIFOBuffered(width=Pixel.size, depth=4)
        m.d.comb += [
            pixels.w_stream.payload.eq(link.pixels.payload.as_value()),
            pixels.w_stream.valid.eq(link.pixels.valid),
            link.pixels.ready.eq(pixels.w_stream.ready),
            core.i.payload.eq(pixels.r_stream.payload),
            core.i.valid.eq(while_awake(pixels.r_stream.valid)),
            pixels.r_stream.ready.eq(while_awake(core.i.ready)),
        ]
        m.submodules.results = results = SyncFIFOBuffered(width=Result.size, depth=2)
        m.d.comb += [
            results.w_stream.payload.eq(core.o.payload.as_value()),
            results.w_stream.valid.eq(while_awake(core.o.valid)),
            core.o.ready.eq(results.w_stream.ready),
            link.results.payload.eq(results.r_stream.payload),
            link.results.valid.eq(results.r_stream.valid),
            results.r_stream.ready.eq(link.results.ready),
            core.running.eq(link.running),
            core.i_load.valid.eq(while_awake(link.load.valid)),
            core.i_load.payload.memory.eq(link.load.payload.memory),
            core.i_load.payload.address.eq(link.load.payload.address),
            core.i_load.payload.data.eq(link.load.payload.data),
        ]
        if self._source is None:
            m.d.comb += link.load.ready.eq(while_awake(core.i_load.ready))
        else:
            self._stream(m, while_awake)
        if self._flash is not None:
            self._read(m)
        if self._eye is not None:
            for name in outside(self._eye):
                inner, outer = getattr(link, name), getattr(self, name)
                m.d.comb += inner.eq(outer) if name == "wires" else outer.eq(inner)

        if sleeps:
            resting = Signal(range(self.REST))
            m.d.comb += self.awake.eq(awake)
            waits = pixels.r_stream.valid | results.r_stream.valid | core.o.valid
            with m.If(link.busy | waits | link.load.valid | ~link.running):
                m.d.sync += [resting.eq(0), awake.eq(1)]
            with m.Elif(resting == self.REST - 1):
                m.d.sync += awake.eq(0)
            with m.Else():
                m.d.sync += resting.eq(resting + 1)

        # The line. A break makes it go on at the next rate.
        rate = Signal(range(len(self._divisors)))
        m.submodules.receiver = receiver = Receiver(
            divisors=self._divisors, break_cycles=20 * max(self._divisors)
        )
        m.submodules.transmitter = transmitter = Transmitter(divisors=self._divisors)
        rx = Signal(init=1)
        m.submodules.rx_synchronizer = FFSynchronizer(self.rx, rx, init=1)
        connect(m, receiver.o, link.i)
        connect(m, link.o, transmitter.i)
        m.d.comb += [
            receiver.rx.eq(rx),
            receiver.rate.eq(rate),
            transmitter.rate.eq(rate),
            link.cut.eq(receiver.cut),
        ]
        with m.If(receiver.cut):
            m.d.sync += rate.eq(Mux(rate == len(self._divisors) - 1, 0, rate + 1))
        m.d.sync += self.tx.eq(transmitter.tx)

        m.submodules.button = button = Button(tick=self._tick)
        m.submodules.lamps = lamps = Lamps(
            leds=len(self.leds), classes=self._classes, tick=self._tick
        )
        connect(m, link.told, lamps.told)
        m.d.comb += [
            lamps.classes.eq(link.classes),
            button.pin.eq(self.button),
            link.selftest.eq(button.o),
            lamps.memory_right.eq(link.memory_right),
            lamps.forget.eq(link.changed),
            lamps.fallen.eq(link.fallen),
            lamps.busy.eq(link.busy | receiver.o.valid),
            self.leds.eq(lamps.o),
        ]

        return m

    def _read(self, m: Module) -> None:
        """The flash memory, for the link; what it says passes two flip-flops, as on every pin."""
        link = self._link
        m.submodules.flash = flash = self._flash
        connect(m, flash.o, link.flash)
        m.submodules.flash_synchronizer = FFSynchronizer(self.flash.i, flash.pins.i)
        m.d.comb += [
            flash.run.eq(link.flash_run),
            link.flash_idle.eq(flash.idle),
            self.flash.clk.eq(flash.pins.clk),
            self.flash.select.eq(flash.pins.select),
            self.flash.o.eq(flash.pins.o),
        ]

    def _stream(self, m: Module, while_awake: Callable[[Value], Value]) -> None:
        """The SDRAM between the link, which fills and tests it, and the core, which reads it."""
        core, link = self._core, self._link
        m.submodules.source = source = self._source
        if self._eye is not None and self._eye.period:
            m.d.comb += [
                core.i_weights.payload.eq(source.o.payload),
                core.i_weights.valid.eq(while_awake(source.o.valid)),
                source.o.ready.eq(while_awake(core.i_weights.ready)),
            ]
        else:
            connect(m, source.o, core.i_weights)
        connect(m, source.bus, flipped(self.sdram))
        load = link.load
        row = load.payload.memory == self._memories[STREAM].number
        m.d.comb += [
            source.run.eq(link.running),
            source.rows.eq(core.settings.stream_rows),
            source.i.valid.eq(load.valid & row),
            source.i.payload.address.eq(load.payload.address),
            source.i.payload.data.eq(load.payload.data),
            load.ready.eq(Mux(row, source.i.ready, while_awake(core.i_load.ready))),
            source.test.eq(link.test),
            link.settled.eq(source.settled),
            link.testing.eq(source.busy),
            *(link.tested[name].eq(getattr(source, name)) for name in TESTED.members),
        ]
