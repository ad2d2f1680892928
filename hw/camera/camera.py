"""A camera as a source of frames: whole ones count, and nothing else."""

from amaranth.hdl import Module, Mux, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.camera.decoder import Decoder
from hw.camera.ov7670 import ADDRESS, Times, settings
from hw.camera.reader import FrameReader
from hw.camera.sampler import WIRES, Sampler
from hw.camera.scaler import SEEN, Scaler
from hw.camera.sccb import SccbWriter
from hw.camera.setup import Setup
from hw.stage import Stage
from hw.store import Store
from spec.camera import Sensor

DRIVEN = StructLayout({"xclk": 1, "sioc": 1, "siod": 1, "siod_driven": 1})
"""What a camera is driven with, besides power-down (low) and reset (high)."""

COUNTS = StructLayout({"frames": 1, "damaged": 1, "skipped": 1, "setups": 1})
"""Pulses: a frame has come, whole; a frame was damaged; there was no time for a frame; the camera
was not there any more, and is set up again."""


class Camera(wiring.Component):
    """Sets a camera up, and gives its frames as the network sees them, while they come.

    A frame is begun only if it may, and then is given to its end, unless it turns out to be damaged
    or is not taken in time: ``drop``. Whether it counts is known when its last line has come.

    Parameters
    ----------
    sensor : Sensor
        Its ``swapped`` does not count.
    times : Times
    room : int
        Pixels that wait while the core takes none; a power of two from 4.

    Members
    -------
    wires : ``In(WIRES)``, driven : ``Out(DRIVEN)``
        The camera.
    height, width : ``In(16)``
        Of the network's picture; change between frames.
    swapped : ``In(1)``
        The bytes of a pixel change places, from the next frame on.
    wanted : ``In(1)``
        Frames that begin now are wanted.
    free : ``In(1)``
        One may be begun.
    cancel : ``In(1)``
        Pulse: the frame under way does not count any more; no more of it is given.
    o : ``Out(stream.Signature(SEEN))``
        What is offered when the frame is dropped or cancelled is withdrawn.
    number : ``Out(16)``
        Of the frame that is being given, or was last: frames that were wanted and begun, from 1 on,
        whole or not, modulo 2^16.
    begun : ``Out(1)``
        Pulse: a frame that is wanted begins, whether it is given or not.
    under_way : ``Out(1)``
        A frame was begun, and pixels of it are still to come or be taken.
    busy : ``Out(1)``
        The same, or a frame begins.
    drop : ``Out(1)``
        Pulse: the frame that is or was being given is damaged, or was not taken in time.
    unsure : ``Out(1)``
        It is not known yet whether the frame that is or was being given is whole.
    counts : ``Out(COUNTS)``
    """

    def __init__(self, sensor: Sensor, times: Times, *, room: int = 512):
        if room < 4 or room & room - 1:
            raise ValueError(f"room must be a power of two from 4, not {room}")
        self._sensor = sensor
        self._times = times
        self._room = room
        super().__init__(
            {
                "wires": In(WIRES),
                "driven": Out(DRIVEN),
                "height": In(16),
                "width": In(16),
                "swapped": In(1),
                "wanted": In(1),
                "free": In(1),
                "cancel": In(1),
                "o": Out(stream.Signature(SEEN)),
                "number": Out(16),
                "begun": Out(1),
                "under_way": Out(1),
                "busy": Out(1),
                "drop": Out(1),
                "unsure": Out(1),
                "counts": Out(COUNTS),
            }
        )

    def elaborate(self, platform):
        m = Module()
        sensor, times = self._sensor, self._times

        # The camera's clock, and its registers.
        m.submodules.setup = setup = Setup(table=settings(sensor.encoding), pause=times.pause)
        m.submodules.sccb = sccb = SccbWriter(address=ADDRESS, quarter=times.quarter)
        connect(m, setup.o, sccb.i)
        tick = Signal(range(times.xclk))
        xclk = Signal()
        m.d.sync += tick.eq(Mux(tick == times.xclk - 1, 0, tick + 1))
        with m.If(tick == times.xclk - 1):
            m.d.sync += xclk.eq(~xclk)
        m.d.comb += [
            self.driven.xclk.eq(xclk),
            self.driven.sioc.eq(sccb.clock),
            self.driven.siod.eq(sccb.data),
            self.driven.siod_driven.eq(sccb.drives),
        ]

        # From wires to the network's pixels.
        m.submodules.sampler = sampler = Sampler()
        m.submodules.reader = reader = FrameReader(sensor)
        m.submodules.decoder = decoder = Decoder(sensor)
        m.submodules.scaler = scaler = Scaler(sensor)
        connect(m, sampler.o, reader.i)
        connect(m, reader.o, decoder.i)
        connect(m, decoder.o, scaler.i)
        m.d.comb += [
            sampler.wires.eq(self.wires),
            reader.line_end.eq(sampler.line_end),
            reader.frame_end.eq(sampler.frame_end),
            scaler.height.eq(self.height),
            scaler.width.eq(self.width),
        ]
        with m.If(reader.begun):
            m.d.sync += decoder.swapped.eq(self.swapped)

        # Whether it is there: between two lines' ends there is not more time than between frames.
        silence = Signal(range(max(times.first, times.gone) + 1))
        limit = Signal.like(silence, init=times.first)
        passed = Signal(range(times.settle + 1))
        m.d.comb += [
            reader.gone.eq(~setup.done),
            reader.wanted.eq(self.wanted & (passed == times.settle)),
        ]
        m.d.sync += [setup.again.eq(0), silence.eq(silence + 1)]
        with m.If(~setup.done):
            m.d.sync += [silence.eq(0), limit.eq(times.first), passed.eq(0)]
        with m.Elif(sampler.line_end):
            m.d.sync += [silence.eq(0), limit.eq(times.gone)]
        with m.Elif(silence == limit):
            m.d.sync += [silence.eq(silence), setup.again.eq(1)]
        # What was written while it was not there, or not yet, is written again once it is: whoever
        # has power and a clock sends lines, set up or not.
        untold, there = Signal(init=1), Signal()
        with m.If(setup.again):
            m.d.sync += [untold.eq(1), there.eq(0)]
        with m.Else():
            m.d.sync += untold.eq(untold & ~setup.o.valid)
            m.d.sync += there.eq(there | (untold & sampler.line_end))
        with m.If(setup.done & sampler.line_end & ~there):
            m.d.sync += setup.again.eq(1)
        with m.If(setup.done & sampler.frame_end & (passed != times.settle)):
            m.d.sync += passed.eq(passed + 1)

        # From the network's pixels to frames.
        m.submodules.queue = queue = Store(width=SEEN.size, depth=self._room)
        flush = self.drop | self.cancel
        m.d.comb += queue.run.eq(~flush)
        # Whoever takes a pixel decides by it.
        offered = Stage(SEEN)
        m.submodules.offered = ResetInserter(flush)(offered)
        begun = Signal(16)
        giving = Signal()  # a frame was begun, and its last pixel has not come
        begins, overrun = Signal(), Signal()
        gave, waits = Signal(), Signal()  # a pixel may be on its way into the queue, and is there
        occupied = Signal()  # one was there, or was offered, a cycle ago
        put, pixel = Signal(), Signal(SEEN)
        seen = scaler.o
        m.d.comb += [
            begins.eq(seen.valid & seen.payload.first & self.free & ~(giving | occupied)),
            queue.i.payload.eq(pixel),
            queue.i.valid.eq(put),
            offered.i.payload.eq(queue.o.payload),
            offered.i.valid.eq(queue.o.valid),
            queue.o.ready.eq(offered.i.ready),
            self.begun.eq(reader.begun),
            self.under_way.eq(giving | gave | waits | offered.o.valid),
            self.busy.eq(begins | self.under_way),
            self.drop.eq((self.unsure & reader.damaged) | overrun),
        ]
        connect(m, offered.o, flipped(self.o))
        m.d.sync += [
            begun.eq(begun + reader.begun),
            put.eq(seen.valid & (giving | begins) & ~flush),
            pixel.eq(seen.payload),
            overrun.eq(put & ~queue.i.ready & ~flush),
            gave.eq(giving),
            waits.eq((queue.level != 0) | put),
            occupied.eq(gave | waits | offered.o.valid),
        ]
        with m.If(begins):
            m.d.sync += [giving.eq(1), self.unsure.eq(1), self.number.eq(begun)]
        with m.If(seen.valid & seen.payload.last):
            m.d.sync += giving.eq(0)
        with m.If(reader.whole):
            m.d.sync += self.unsure.eq(0)
        with m.If(flush):
            m.d.sync += [giving.eq(0), self.unsure.eq(0)]
        m.d.comb += [
            self.counts.frames.eq(reader.whole),
            self.counts.damaged.eq(reader.damaged),
            self.counts.skipped.eq((seen.valid & seen.payload.first & ~begins) | overrun),
            self.counts.setups.eq(setup.again & setup.done),
        ]

        return m
