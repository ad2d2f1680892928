"""A conversation with a board: :mod:`spec.protocol` from the computer's side."""

import itertools
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from host.line import Line
from spec import replies
from spec.live import (
    ON,
    RELEASE,
    SETS,
    SWAPPED,
    CameraState,
    Event,
    LiveReply,
    LiveRequest,
    Trigger,
    view_part,
)
from spec.protocol import (
    CHUNK_BYTES,
    HELD_BITS,
    OUTCOMES,
    RATES,
    REASONS,
    Frame,
    Held,
    Load,
    Refusal,
    Reply,
    Request,
    Splitter,
    chunks,
)

TEST_CYCLES = 8 << 24
"""More than a board's clock counts while it tests 32 MiB."""

MOST_EVENTS = 4096
"""Events that wait here to be asked for; older ones are forgotten."""

ATTEMPTS = 3
"""How often in a row something may fail before it is given up, or tried at a lower rate."""


class BoardError(Exception):
    """The board does not answer, or says what it should not; the message is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A board's result for one image; ``seconds`` from its first byte to the result."""

    key: object
    result: replies.Result
    seconds: float


@dataclass(eq=False)
class Job:
    """An image on its way.

    ``sent`` and ``taken`` count its chunks; ``refused`` if the board did not want one.
    """

    key: object
    image: bytes
    frames: list[Frame] = field(default_factory=list)
    sequence: int = 0
    sent: int = 0
    taken: int = 0
    refused: bool = False
    begun: float = 0.0
    answer: Answer | None = None

    def number(self, sequence: int) -> None:
        """Begin, or begin again."""
        self.sequence = sequence
        self.frames = chunks(self.image, sequence)
        self.sent = self.taken = 0
        self.refused = False


class Client:
    """A board at the other end of a line.

    Parameters
    ----------
    line
        Open.
    patience
        Seconds without a word from the board after which something is wrong.

    Raises
    ------
    BoardError
        If nothing that speaks the protocol answers, at any rate.
    """

    def __init__(self, line: Line, *, patience: float):
        self._line = line
        self._patience = patience
        self._splitter = Splitter()
        self._numbers = itertools.cycle(range(1, 1 << 16))
        self._aside: list[Frame] = []  # came while something else was waited for
        self._events: deque[Event] = deque(maxlen=MOST_EVENTS)
        self._jobs: deque[Job] = deque()
        self._resumed = (0, 0)
        self.retries = 0
        self.rate = 0
        self.held = Held.NONE
        self.flash = 0
        self.identity = self._meet(RATES)
        self.reset()

    def identify(self) -> replies.Identity:
        """What the board is; ``held`` then says which network it has, ``flash`` what came of that
        in its flash memory."""
        return self._met(self._ask(Request.IDENTIFY, Reply.IDENTITY))

    def counters(self) -> replies.Counters:
        return replies.Counters.unpack(self._ask(Request.COUNTERS, Reply.COUNTERS).payload)

    def selftest(self) -> replies.Result:
        return replies.Result.unpack(self._ask(Request.SELFTEST, Reply.SELFTEST).payload)

    def memtest(self) -> replies.MemoryTest:
        """Let the board test its SDRAM; a second for all of it at 100 MHz.

        Raises
        ------
        BoardError
            If it has none, or does not answer.
        """
        seconds = self._patience + TEST_CYCLES / max(1, self.identity.clock_hz)
        frame = self._ask(Request.MEMTEST, Reply.MEMTEST, seconds)
        return replies.MemoryTest.unpack(frame.payload)

    def camera(self, *, on: bool | None = None, swapped: bool = False) -> CameraState:
        """How the camera is doing; ``on`` makes it one of the sources of frames, or none.

        Raises
        ------
        BoardError
            If the board has none, or does not answer.
        """
        argument = 0 if on is None else SETS | (ON if on else 0) | (SWAPPED if swapped else 0)
        frame = self._ask_live(LiveRequest.CAMERA, LiveReply.CAMERA, argument=argument)
        return CameraState.unpack(frame.argument, frame.payload)

    def set_trigger(self, trigger: Trigger, answers: int) -> None:
        """What pulls the trigger pin from now on, of so many different answers."""
        for payload in trigger.payloads(answers):
            self._ask_live(LiveRequest.TRIGGER, LiveReply.TRIGGER, payload=payload)

    def view(self, seconds: float) -> tuple[int, bytes]:
        """The number of a frame, and the picture that the network saw of it, as it takes images.

        It is the last whole one, or the next within ``seconds``.
        """
        size = self.identity.image_bytes
        data, numbers = b"", set()
        for index in range(-(-size // CHUNK_BYTES)):
            frame = self._ask_live(
                LiveRequest.VIEW, LiveReply.VIEW, argument=index, seconds=seconds
            )
            number, part = view_part(frame.payload)
            numbers.add(number)
            data += part[:CHUNK_BYTES]
        self._ask_live(LiveRequest.VIEW, LiveReply.VIEW, argument=RELEASE)
        if len(data) < size or len(numbers) != 1:
            raise BoardError(f"{self._line.device}: the board's picture is not whole")
        return numbers.pop(), data[:size]

    def events(self, seconds: float) -> list[Event]:
        """Events that have come, waiting for the first as long as ``seconds``."""
        end = time.monotonic() + seconds
        while not self._events and (left := end - time.monotonic()) > 0:
            self._aside += self._listen(left)
        self._aside = []  # nothing is waited for
        found = [*self._events]
        self._events.clear()
        return found

    def reset(self) -> None:
        """Make the board forget what is under way; what it said before means nothing any more."""
        self._ask(Request.RESET, Reply.RESET)
        self._aside = []

    def classify(self, images: Iterable[tuple[object, bytes]]) -> Iterator[Answer]:
        """The board's answers, in order; the next image is sent while the last one is computed.

        Parameters
        ----------
        images
            Each with a key of the caller's, as raw bytes of the board's size.

        Raises
        ------
        BoardError
            If the board keeps failing.
        host.line.LineLost
            If the line goes away. What was yielded before is right.
        """
        waiting = iter(images)
        exhausted = False
        failures = 0
        heard = time.monotonic()
        while True:
            while not exhausted and self._room() and not self._unsent():
                image = next(waiting, None)
                exhausted = image is None
                if image:
                    self._jobs.append(Job(*image))
                    self._jobs[-1].number(next(self._numbers))
                    self._send()
                heard = time.monotonic()
            if not self._jobs:
                return
            self._send()
            frames = self._aside + self._listen(0 if self._aside else self._patience / 10)
            self._aside = []
            complaints = list(filter(None, map(self._hear, frames)))
            while self._jobs and self._jobs[0].answer:
                failures = 0
                yield self._jobs.popleft().answer
            if frames:
                heard = time.monotonic()
            elif time.monotonic() - heard > self._patience:
                complaints.append(Refusal.ABANDONED)
            if complaints:
                trouble = complaints[0]
                self.retries += 1
                failures += not self._recover(trouble)
                heard = time.monotonic()
            if failures > ATTEMPTS:
                self._slow_down(trouble)
                failures = 0

    def load(self, data: bytes, told: Callable[[int], None] = lambda count: None) -> None:
        """Load a network image; ``told`` is called with the bytes that the board has taken.

        Raises
        ------
        BoardError
            If the board refuses it, or keeps failing. It says itself which network it then holds.
        host.line.LineLost
            If the line goes away.
        """
        for _ in range(ATTEMPTS):
            outcome = self._load(data, told)
            if outcome is not None:
                break
            self.retries += 1
            self.reset()
        else:
            raise BoardError(f"{self._line.device}: the board keeps failing to take the network")
        if outcome != Load.DONE:
            reason = OUTCOMES.get(outcome, f"outcome {outcome}")
            raise BoardError(f"{self._line.device}: the board says: {reason}")
        self.identity = self.identify()

    def _load(self, data: bytes, told: Callable[[int], None]) -> int | None:
        """What became of an image, None if something went wrong on its way."""
        sequence = next(self._numbers)
        frames = chunks(data, sequence, Request.LOAD)
        sent = taken = 0
        heard = time.monotonic()
        while time.monotonic() - heard < self._patience:
            while sent < len(frames) and sent - taken < self.identity.window:
                self._line.write(frames[sent].line())
                sent += 1
            for frame in self._listen(self._patience / 10):
                heard = time.monotonic()
                if frame.sequence != sequence:
                    continue
                if frame.type == Reply.LOADED:
                    return frame.argument
                if frame.type == Reply.ERROR:
                    return None
                if frame.type == Reply.TAKEN:
                    taken = max(taken, min(frame.argument, sent))
                    told(min(taken * CHUNK_BYTES, len(data)))
        return None

    def _room(self) -> int:
        """Chunks that may be sent before one is taken."""
        return self.identity.window - sum(job.sent - job.taken for job in self._jobs)

    def _unsent(self) -> bool:
        return any(job.sent < len(job.frames) for job in self._jobs)

    def _send(self) -> None:
        """Send chunks as far as the window goes."""
        room = self._room()
        for job in self._jobs:
            while room > 0 and job.sent < len(job.frames):
                if job.sent == 0:
                    job.begun = time.monotonic()
                self._line.write(job.frames[job.sent].line())
                job.sent += 1
                room -= 1

    def _hear(self, frame: Frame) -> int | None:
        """Note what a frame brings; the number of the refusal if it is one."""
        job = next((job for job in self._jobs if job.sequence == frame.sequence), None)
        if frame.type == Reply.ERROR:
            if job:
                job.refused = True
            return frame.argument
        if job and frame.type == Reply.TAKEN:
            job.taken = max(job.taken, min(frame.argument, job.sent))
        elif job and frame.type == Reply.RESULT:
            result = replies.Result.unpack(frame.payload)
            job.taken = job.sent = len(job.frames)
            job.answer = Answer(key=job.key, result=result, seconds=time.monotonic() - job.begun)
        return None

    def _recover(self, trouble: int) -> bool:
        """Learn what the board has and go on from there, or begin again; whether it got further.

        The line keeps the order of things: what the board counts, and what it said before, is
        about everything that was sent.
        """
        counters = self.counters()
        for frame in self._aside:
            self._hear(frame)
        self._aside = []
        jobs = [job for job in self._jobs if not job.answer]
        here = next((job for job in jobs if job.sequence == counters.sequence), None)
        before = jobs[: jobs.index(here)] if here else []
        whole = here and counters.expected == 0 and here.sent == len(here.frames)
        place = (counters.sequence, counters.expected)
        further = place > self._resumed
        self._resumed = place
        if any(job.refused for job in before) or not (counters.expected or whole):
            here = None
        if whole and trouble == Refusal.ABANDONED:
            here = None  # its result was lost
        if here is None:
            self.reset()
            before = []
        elif counters.expected:
            here.sent = here.taken = counters.expected
            here.refused = False
        for job in jobs:
            if job is not here and job not in before:
                job.number(next(self._numbers))
        return further and here is not None

    def _slow_down(self, trouble: int) -> None:
        """Go on at the next lower rate, if there is one."""
        slower = [rate for rate in RATES if rate < self.rate]
        reason = REASONS.get(trouble, f"error {trouble}")
        if not slower:
            raise BoardError(f"{self._line.device}: the board keeps receiving {reason}")
        self.identity = self._meet(slower)
        self.reset()
        for job in self._jobs:
            if not job.answer:
                job.number(next(self._numbers))

    def _meet(self, rates: tuple[int, ...] | list[int]) -> replies.Identity:
        """Find the board at one of ``rates``; a break makes it take the next of its own."""
        for attempt in range(len(RATES) + 1):
            for rate in rates:
                if self._line.set_rate(rate):
                    self.rate = rate
                    frame = self._try(Request.IDENTIFY, Reply.IDENTITY, self._patience / 4)
                    if frame is not None:
                        return self._met(frame)
            if attempt < len(RATES):
                self._line.cut()
        raise BoardError(
            f"{self._line.device}: nothing there speaks the protocol; "
            "flash the board (python -m hw.flash), or name another --port"
        )

    def _met(self, frame: Frame) -> replies.Identity:
        held, self.flash = frame.argument & (1 << HELD_BITS) - 1, frame.argument >> HELD_BITS
        if held not in set(Held):
            raise BoardError(f"{self._line.device}: an identity that holds {held}")
        self.held = Held(held)
        return replies.Identity.unpack(frame.payload)

    def _ask_live(
        self, request: LiveRequest, reply: LiveReply, *, seconds: float | None = None, **parts
    ) -> Frame:
        """The reply to what only a board with a camera is asked."""
        for _ in range(ATTEMPTS):
            wait = self._patience if seconds is None else seconds
            frame = self._try(request, reply, wait, refusal=Refusal.TYPE, **parts)
            if frame is not None and frame.type == Reply.ERROR:
                raise BoardError(
                    f"{self._line.device}: the board has no camera, or not this of one "
                    f"({request.name}); build it with --camera (docs/camera.md)"
                )
            if frame is not None:
                return frame
            self.retries += 1
        raise BoardError(f"{self._line.device}: the board does not answer {request.name}")

    def _ask(self, request: Request, reply: Reply, seconds: float | None = None) -> Frame:
        for _ in range(ATTEMPTS):
            frame = self._try(request, reply, self._patience if seconds is None else seconds)
            if frame is not None:
                return frame
            self.retries += 1
        raise BoardError(f"{self._line.device}: the board does not answer {request.name}")

    def _try(
        self,
        request: Request | LiveRequest,
        reply: Reply | LiveReply,
        seconds: float,
        refusal: Refusal | None = None,
        **parts,
    ) -> Frame | None:
        """The reply to one request, or its ``refusal``, or None in vain; ``parts`` are the
        request's argument and payload."""
        sequence = next(self._numbers)
        self._line.write(Frame(type=request, sequence=sequence, **parts).line())
        answer = None
        end = time.monotonic() + seconds
        while answer is None and (left := end - time.monotonic()) > 0:
            for frame in self._listen(left):
                refused = (frame.type, frame.argument) == (Reply.ERROR, refusal)
                if (frame.type == reply or refused) and frame.sequence == sequence:
                    answer = frame
                else:
                    self._aside.append(frame)
        return answer

    def _listen(self, seconds: float) -> list[Frame]:
        """Frames that have come, waiting for the first byte as long as ``seconds``."""
        frames = []
        for frame in self._splitter.feed(self._line.read(seconds)):
            if frame.type == LiveReply.EVENT:
                self._events.append(Event.unpack(frame.sequence, frame.payload))
            else:
                frames.append(frame)
        return frames
