"""A camera between the parts of the link: frames of its own beside those of the line."""

from dataclasses import dataclass, field

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.board.layouts import (
    ARRIVAL,
    JUDGED_RESULT,
    LAST_WORD,
    NETWORK,
    TAGGED_PIXEL,
    TAGGED_RESULT,
)
from hw.camera.camera import DRIVEN, Camera
from hw.camera.ov7670 import Times
from hw.camera.sampler import WIRES
from hw.display.screen import Panel, Screen
from hw.display.tmds import BITS, LANES
from hw.live.merger import FrameMerger
from hw.live.parting import Parting
from hw.live.picture import PictureStore, picture_words
from hw.live.responder import LiveResponder
from hw.live.source import PixelSource
from hw.live.trigger import SETTINGS, Trigger
from hw.stage import Stage
from hw.streams import Result
from spec import live
from spec.camera import Sensor
from spec.protocol import CRC


@dataclass(frozen=True, slots=True, kw_only=True)
class Eye:
    """What a board with a camera is built with.

    Parameters
    ----------
    sensor
        Its ``swapped`` is how it is taken to send to begin with.
    times
        The camera's.
    trigger
        What the trigger pin does to begin with.
    on
        The camera is a source of frames from power-up.
    keeps
        The most pixels of a picture that the network saw and that is kept, in block RAM; 0 to keep
        none. A network with more of them has none kept.
    panel
        The screen, if there is one.
    period
        Cycles from one frame that is classified to the next, at least; 0 for all frames. With a
        period the core stands still between them.
    """

    sensor: Sensor
    times: Times
    trigger: live.Trigger = field(default_factory=live.Trigger)
    on: bool = True
    keeps: int = 0
    panel: Panel | None = None
    period: int = 0


def outside(eye: Eye) -> dict:
    """The members that lead to pads."""
    members = {"wires": In(WIRES), "driven": Out(DRIVEN), "pin": Out(1)}
    if eye.panel:
        members |= {"screen_words": Out(LANES * BITS), "screen_flag": Out(1)}
    return members


class Live(wiring.Component):
    """Gives the core a camera's frames while it has no others, and tells of them.

    It lies in the link's way at five places, ``i_x`` and ``o_x`` of each; what is not a camera's
    passes. A frame of the camera is begun only while nothing else is under way or waits; the line's
    next image, a self-test, a network wait for its end. A frame counts once all of it has come.

    Parameters
    ----------
    eye : Eye
    classes : int
        The most classes.

    Members
    -------
    wires : ``In(WIRES)``, driven : ``Out(DRIVEN)``
        The camera.
    pin : ``Out(1)``
        The trigger.
    screen_words : ``Out(30)``, screen_flag : ``Out(1)``
        The screen, see :class:`hw.display.screen.Screen`; only with one.
    facts : ``In(NETWORK)``, running : ``In(1)``
        The network, and whether one is held.
    free : ``In(1)``
        A cycle ago nothing was under way but perhaps a frame of the camera, and nothing waited.
    drop : ``In(1)``
        Pulse: what is under way does not count.
    forget : ``In(1)``
        What the trigger saw was of another network.
    payload : ``In(stream.Signature(8, always_ready=True))``
        Of the frame that is coming, as :class:`hw.board.frames.FrameReceiver` has it.
    arrival : ``In(ARRIVAL)``, camera, trigger, view : ``In(1)``
        Pulses: what has come is such a request.
    under_way : ``Out(1)``
        Pixels of a frame of the camera are under way.
    o_drop : ``Out(1)``
        Pulse: the frame of the camera that is under way does not count.
    own : ``Out(1)``
        The word on ``i_judged`` is of a frame of the camera.
    i_pixels, o_pixels : ``stream.Signature(TAGGED_PIXEL)``
        Between the feeder and the guard.
    i_results, o_results : ``stream.Signature(Result)``
        Between the core and the guard.
    i_told, o_told : ``stream.Signature(TAGGED_RESULT)``
        Between the guard and the winner.
    i_judged, o_judged : ``stream.Signature(JUDGED_RESULT)``
        Between the checker and the responder.
    i_words, o_words : ``stream.Signature(LAST_WORD)``
        Between the responder and the sender.
    """

    def __init__(self, eye: Eye, *, classes: int):
        self._eye = eye
        self._classes = classes
        passing = {
            "pixels": TAGGED_PIXEL,
            "results": Result,
            "told": TAGGED_RESULT,
            "judged": JUDGED_RESULT,
            "words": LAST_WORD,
        }
        super().__init__(
            {
                **outside(eye),
                "facts": In(NETWORK),
                "running": In(1),
                "free": In(1),
                "drop": In(1),
                "forget": In(1),
                "payload": In(stream.Signature(8, always_ready=True)),
                "arrival": In(ARRIVAL),
                "camera": In(1),
                "trigger": In(1),
                "view": In(1),
                "under_way": Out(1),
                "o_drop": Out(1),
                "own": Out(1),
                **{f"i_{name}": In(stream.Signature(shape)) for name, shape in passing.items()},
                **{f"o_{name}": Out(stream.Signature(shape)) for name, shape in passing.items()},
            }
        )

    def elaborate(self, platform):
        m = Module()
        eye, facts = self._eye, self.facts

        # The camera, and whether it is one of the sources.
        m.submodules.camera = camera = Camera(eye.sensor, eye.times)
        on = Signal(init=eye.on)
        swapped = Signal(init=eye.sensor.swapped)
        head = self.arrival.head
        with m.If(self.camera & (head.argument & live.SETS).any()):
            m.d.sync += [
                on.eq((head.argument & live.ON).any()),
                swapped.eq((head.argument & live.SWAPPED).any()),
            ]
        due = Signal(init=1)  # it is time for a frame
        if eye.period:
            timer = Signal(range(eye.period))
            m.d.sync += timer.eq(timer + 1)
            with m.If(camera.busy & ~camera.under_way):
                m.d.sync += due.eq(0)
            with m.If(timer == eye.period - 1):
                m.d.sync += [timer.eq(0), due.eq(1)]
        known = Signal()  # the frame that comes began with the network that is held
        with m.If(~self.running):
            m.d.sync += known.eq(0)
        with m.Elif(camera.begun):
            m.d.sync += known.eq(1)
        m.d.comb += [
            camera.wires.eq(self.wires),
            self.driven.eq(camera.driven),
            camera.height.eq(facts.height),
            camera.width.eq(facts.width),
            camera.swapped.eq(swapped),
            camera.wanted.eq(on & due),
            camera.free.eq(self.free & known & self.running & ~self.drop),
            camera.cancel.eq(self.drop),
            self.under_way.eq(camera.under_way),
            self.o_drop.eq(camera.drop),
        ]

        # Pixels.
        m.submodules.source = source = PixelSource()
        connect(m, flipped(self.i_pixels), source.i)
        connect(m, camera.o, source.camera)
        connect(m, source.o, flipped(self.o_pixels))
        own, seen = source.own, camera.o.payload
        given = camera.o.valid & camera.o.ready  # a pixel of the camera's
        m.d.comb += [
            source.number.eq(camera.number),
            source.drop.eq(self.drop | camera.drop),
        ]

        # Results: not before it is known that the frame is whole.
        sure = ~(own & camera.unsure)
        m.d.comb += [
            self.o_results.payload.eq(self.i_results.payload),
            self.o_results.valid.eq(self.i_results.valid & sure),
            self.i_results.ready.eq(self.o_results.ready & sure),
        ]
        m.submodules.parting = parting = Parting()
        connect(m, flipped(self.i_told), parting.i_told)
        connect(m, parting.o_told, flipped(self.o_told))
        connect(m, flipped(self.i_judged), parting.i)
        connect(m, parting.o_other, flipped(self.o_judged))
        m.d.comb += [parting.camera.eq(own), self.own.eq(parting.own)]

        # Events wait for the line in a queue of their own: the pin waits for nothing.
        m.submodules.trigger = trigger = Trigger(answers=self._classes + 1, trigger=eye.trigger)
        m.submodules.events = events = SyncFIFOBuffered(
            width=JUDGED_RESULT.size, depth=self._classes + 2
        )
        m.submodules.responder = responder = LiveResponder(
            classes=self._classes, picture=picture_words(eye.keeps) if eye.keeps else None
        )
        m.submodules.merger = merger = FrameMerger()
        connect(m, parting.o, trigger.i)
        m.submodules.waiting = waiting = Stage(JUDGED_RESULT)
        connect(m, waiting.o, responder.i)
        m.d.comb += [
            events.w_stream.payload.eq(trigger.o.payload.as_value()),
            events.w_stream.valid.eq(trigger.o.valid),
            trigger.o.ready.eq(events.w_stream.ready),
            waiting.i.payload.eq(events.r_stream.payload),
            waiting.i.valid.eq(events.r_stream.valid),
            events.r_stream.ready.eq(waiting.i.ready),
            self.pin.eq(trigger.pin),
        ]
        # What the camera counts is told a cycle later: it is at its pads, at the device's edge.
        counted = Signal.like(camera.counts)
        m.d.sync += counted.eq(camera.counts)
        m.d.sync += trigger.forget.eq(self.forget | counted.setups)
        connect(m, flipped(self.i_words), merger.i)
        connect(m, responder.o, merger.i_second)
        connect(m, merger.o, flipped(self.o_words))

        # What is asked for. A TRIGGER's payload is what came before the CRC.
        tail = Signal(8 * (live.TRIGGER_BYTES + CRC.size))
        with m.If(self.payload.valid):
            m.d.sync += tail.eq(Cat(tail[8:], self.payload.payload))
        m.d.comb += [
            trigger.settings.valid.eq(self.trigger),
            trigger.settings.payload.eq(tail[: SETTINGS.size]),
        ]
        asked = {"camera": self.camera, "trigger": self.trigger, "view": self.view}
        late = {name: Signal(name=f"{name}_asked") for name in asked}  # once it is set
        sequence, argument = Signal(16), Signal(16)
        m.d.sync += [sequence.eq(head.sequence), argument.eq(head.argument)]
        state = Mux(
            late["camera"],
            Cat(on, swapped, Const(eye.keeps > 0, 1)),
            argument,
        )
        for name, pulse in asked.items():
            port = getattr(responder, name)
            m.d.sync += late[name].eq(pulse)
            m.d.comb += [
                port.valid.eq(late[name]),
                port.payload.sequence.eq(sequence),
                port.payload.index.eq(state),
            ]
        counts = Signal(ArrayLayout(32, len(live.COUNTED)))
        told = parting.o.valid & parting.o.ready & parting.o.payload.result.last
        pulses = {name: counted[name] for name in counted.shape().members}
        for place, name in enumerate(live.COUNTED):
            with m.If((pulses | {"events": told})[name]):
                m.d.sync += counts[place].eq(counts[place] + 1)
        m.d.comb += [
            responder.classes.eq(facts.classes),
            responder.counts.eq(counts),
            responder.last_chunk.eq(facts.last_chunk),
            responder.rest.eq(facts.rest),
            responder.drop.eq(self.drop),
        ]

        if eye.panel:
            m.submodules.screen = screen = Screen(eye.panel)
            fits = Signal()
            m.d.sync += fits.eq(
                (facts.height == eye.panel.height) & (facts.width == eye.panel.width)
            )
            m.d.comb += [
                screen.fits.eq(fits),
                self.screen_words.eq(screen.words),
                self.screen_flag.eq(screen.flag),
            ]
            m.d.sync += [
                screen.pixel.eq(seen.pixel),
                screen.valid.eq(given),
                screen.first.eq(seen.first),
                screen.i.payload.eq(parting.o.payload),
                screen.i.valid.eq(parting.o.valid & parting.o.ready),
            ]

        # The picture that is kept.
        if eye.keeps:
            m.submodules.picture = picture = PictureStore(pixels=eye.keeps)
            kept = Signal()
            m.d.sync += kept.eq(facts.pixels <= eye.keeps)
            m.d.comb += [
                picture.pixel.eq(seen.pixel),
                picture.valid.eq(given & kept),
                picture.first.eq(seen.first),
                picture.last.eq(seen.last),
                picture.number.eq(camera.number),
                picture.counts.eq(told & kept),
                picture.hold.eq(responder.hold),
                responder.held.eq(picture.held),
                responder.number.eq(picture.o_number),
                picture.read_address.eq(responder.address),
                responder.data.eq(picture.read_data),
            ]

        return m
