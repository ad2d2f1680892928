"""What a board with a camera says of it: events, and answers to what is asked of it."""

from amaranth.hdl import Array, Cat, Const, Module, Signal
from amaranth.lib import enum, stream, wiring
from amaranth.lib.data import ArrayLayout
from amaranth.lib.wiring import In, Out

from hw.board.layouts import JUDGED_RESULT, LAST_WORD, TOLD
from hw.live.picture import PictureStore
from spec.live import COUNTED, RELEASE, LiveReply
from spec.protocol import CHUNK_BYTES, VERSION

CHUNK_WORDS = CHUNK_BYTES // 4


class Kind(enum.Enum, shape=2):
    """What is being said."""

    EVENT = 0
    CAMERA = 1
    TRIGGER = 2
    VIEW = 3


REPLIES = {kind: LiveReply[kind.name] for kind in Kind}


class LiveResponder(wiring.Component):
    """Sends an event for each frame's results, and each kind of answer when it is due.

    Of each kind the last one counts, as in :class:`hw.board.scheduler.ReplyScheduler`.

    Parameters
    ----------
    classes : int
        The most class sums of a frame.
    picture : int or None
        Words of the picture, if it is kept.

    Members
    -------
    classes : ``In(range(classes + 1))``
        Class sums of a frame.
    i : ``In(stream.Signature(JUDGED_RESULT))``
        A frame's sums, then its cycles with ``last``.
    camera, trigger, view : ``In(TOLD)``
        What to answer, and the argument.
    drop : ``In(1)``
        Pulse: nobody waits for a picture any more.
    counts : ``In(ArrayLayout(32, len(COUNTED)))``
    last_chunk, rest : ``In(16)``
        The index of a picture's last chunk, and its bytes.
    hold : ``Out(1)``, held : ``In(1)``, number : ``In(16)``, address : ``Out``, data : ``In(32)``
        The picture, see :class:`hw.live.picture.PictureStore`.
    o : ``Out(stream.Signature(LAST_WORD))``
        Headers and payloads.
    """

    def __init__(self, *, classes: int, picture: int | None):
        self._classes = classes
        self._picture = picture
        super().__init__(
            {
                "classes": In(range(classes + 1)),
                "i": In(stream.Signature(JUDGED_RESULT)),
                "camera": In(TOLD),
                "trigger": In(TOLD),
                "view": In(TOLD),
                "drop": In(1),
                "counts": In(ArrayLayout(32, len(COUNTED))),
                "last_chunk": In(16),
                "rest": In(16),
                "hold": Out(1),
                "held": In(1),
                "number": In(16),
                "address": Out(range(picture or 2)),
                "data": In(32),
                "o": Out(stream.Signature(LAST_WORD)),
            }
        )

    def elaborate(self, platform):
        m = Module()

        ports = {Kind.CAMERA: self.camera, Kind.TRIGGER: self.trigger, Kind.VIEW: self.view}
        due = {kind: Signal(name=f"due_{kind.name.lower()}") for kind in ports}
        asked = {kind: Signal.like(port.payload) for kind, port in ports.items()}
        release = asked[Kind.VIEW].index == RELEASE
        ready = {kind: due[kind] for kind in ports}
        ready[Kind.VIEW] = due[Kind.VIEW] & (release | self.held)

        kind = Signal(Kind)
        place = Signal.like(self.camera.payload)
        longest = max(self._classes + 2, len(COUNTED), 1 + CHUNK_WORDS)
        left = Signal(range(longest + 1))
        words = Signal.like(left)
        count = Signal(range(max(len(COUNTED), CHUNK_WORDS + 1)))
        counts = Array(self.counts)
        first = Signal()  # the next word of a view is its number
        settle = Signal(range(PictureStore.READ_LATENCY + 1))
        over = Signal()  # all that is left of a result is its verdict
        verdict = Signal(32)
        word = self.o.payload.data
        type_ = Signal(8)
        with m.Switch(kind):
            for choice, reply in REPLIES.items():
                with m.Case(choice):
                    m.d.comb += type_.eq(reply)
        with m.FSM():
            with m.State("idle"):
                m.d.sync += [count.eq(0), over.eq(0), first.eq(1), settle.eq(0)]
                for choice in reversed(ports):
                    with m.If(ready[choice]):
                        m.d.sync += [kind.eq(choice), place.eq(asked[choice])]
                        m.next = "begin"
                with m.If(self.i.valid):  # the most urgent one
                    m.d.sync += [kind.eq(Kind.EVENT), place.index.eq(0)]
                    m.d.sync += place.sequence.eq(self.i.payload.tag.number)
                    m.next = "begin"
            with m.State("begin"):
                m.d.sync += word.eq(Cat(Const(VERSION, 8), type_, place.sequence))
                m.d.sync += self.o.payload.last.eq(0)
                m.d.sync += self.address.eq(place.index << CHUNK_WORDS.bit_length() - 1)
                with m.Switch(kind):
                    with m.Case(Kind.EVENT):
                        m.d.sync += words.eq(self.classes + 2)
                    with m.Case(Kind.CAMERA):
                        m.d.sync += words.eq(len(COUNTED))
                    with m.Case(Kind.TRIGGER):
                        m.d.sync += words.eq(0)
                    with m.Case(Kind.VIEW):
                        with m.If(place.index == self.last_chunk):
                            m.d.sync += words.eq(1 + (self.rest + 3 >> 2))
                        with m.Elif(place.index < self.last_chunk):
                            m.d.sync += words.eq(1 + CHUNK_WORDS)
                        with m.Else():
                            m.d.sync += words.eq(1)
                for choice in ports:
                    with m.If(kind == choice):
                        m.d.sync += due[choice].eq(0)
                m.next = "head"
            with m.State("head"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.d.sync += word.eq(Cat(place.index, Const(0, 2), words))
                    m.d.sync += [self.o.payload.last.eq(words == 0), left.eq(words)]
                    m.next = "put"
            with m.State("put"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    with m.If(left == 0):
                        m.next = "idle"
                    with m.Elif(kind == Kind.EVENT):
                        m.next = "take"
                    with m.Else():
                        m.next = "settle"
            with m.State("settle"):
                m.d.sync += settle.eq(settle + 1)
                with m.If(settle == PictureStore.READ_LATENCY):
                    m.d.sync += settle.eq(0)
                    m.next = "load"
            with m.State("load"):
                with m.If(kind == Kind.CAMERA):
                    m.d.sync += word.eq(counts[count])
                with m.Elif(first):
                    m.d.sync += word.eq(self.number)
                with m.Else():
                    m.d.sync += [word.eq(self.data), self.address.eq(self.address + 1)]
                m.d.sync += first.eq(0)
                m.next = "step"
            with m.State("take"):
                m.d.comb += self.i.ready.eq(~over)
                m.d.sync += word.eq(self.i.payload.result.data)
                with m.If(over):
                    m.d.sync += word.eq(verdict)
                    m.next = "step"
                with m.Elif(self.i.valid):
                    m.d.sync += over.eq(self.i.payload.result.last)
                    m.d.sync += verdict.eq(Cat(self.i.payload.winner.index, self.i.payload.wrong))
                    m.next = "step"
            with m.State("step"):
                m.d.sync += [left.eq(left - 1), count.eq(count + 1)]
                m.d.sync += self.o.payload.last.eq(left == 1)
                m.next = "put"

        # A picture is held from its first chunk's being asked for until it is let go.
        with m.If(self.drop | (due[Kind.VIEW] & release)):
            m.d.sync += self.hold.eq(0)
        with m.Elif(due[Kind.VIEW]):
            m.d.sync += self.hold.eq(1)
        with m.If(self.drop):
            m.d.sync += due[Kind.VIEW].eq(0)
        # After the state machine: what comes while its like is being said is due again.
        for choice, port in ports.items():
            with m.If(port.valid):
                m.d.sync += [due[choice].eq(1), asked[choice].eq(port.payload)]

        return m
