"""``host live``: what a board with a camera sees, frame after frame."""

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
from PIL import Image

from host import show
from host.client import BoardError, Client
from host.line import SimulatedBoard
from spec import terminal
from spec.arguments import Parser, whole
from spec.live import Event, Trigger, add_trigger, trigger_of
from spec.quantized import QuantizedNetwork
from spec.reference import probabilities
from spec.text import printable

TURN = 0.5
"""Seconds between two looks at what else is to be done."""
MOST_ROWS = 8
"""Of events that wait at once, the youngest ones that the table shows."""
QUIET = {False: 3.0, True: 600.0}
"""Seconds in which a camera shows something: a board's, a simulated one's."""


class LiveError(ValueError):
    """What is asked for cannot be; the message says why."""


def add_arguments(sub: Parser) -> None:
    """The flags of ``live``."""
    sub.add_argument(
        "--simulate",
        type=Path,
        nargs="+",
        metavar="FILE|FOLDER",
        help="the simulated board with a camera that plays these photographs or films",
    )
    sub.add_argument("--frames", type=whole(1), metavar="N", help="end after so many")
    sub.add_argument("--off", action="store_true", help="the camera is no source from now on; end")
    sub.add_argument("--swapped", action="store_true", help="the camera exchanges a pixel's bytes")
    add_trigger(sub, "from now on")
    sub.add_argument(
        "--picture", type=Path, metavar="FILE.png", help="save what the network saw; end"
    )


def live(
    arguments: argparse.Namespace,
    connected: Callable[..., AbstractContextManager[tuple[Client, QuantizedNetwork]]],
) -> int:
    """Show events until they end, or for ever."""
    simulated: list[SimulatedBoard] = []
    with connected(arguments, simulated=simulated) as (client, quantized):
        trigger = asked_trigger(arguments, quantized)
        state = client.camera(on=not arguments.off, swapped=arguments.swapped)
        if trigger:
            client.set_trigger(trigger, len(quantized.labels) + 1)
        if arguments.off:
            terminal.note("the line is the only source now")
            return 0
        if arguments.picture and not state.keeps:
            raise LiveError(
                "--picture: this board does not keep it; build it with --camera-picture"
            )
        before = state.counts
        for board in simulated:
            board.play()
        if arguments.picture:
            return save(client, quantized, arguments.picture, QUIET[bool(simulated)])
        count = 0
        if not arguments.json:
            print(head(), flush=True)
        clock_hz = client.identity.clock_hz
        for events in batches(client, simulated, before):
            events = events[: arguments.frames - count] if arguments.frames else events
            count += len(events)
            for line in lines(events, quantized, clock_hz, as_json=arguments.json):
                print(line, flush=True)
            if arguments.frames and count >= arguments.frames:
                break
        after = client.camera().counts
        counted = {name: after[name] - before[name] for name in before}
        terminal.note(", ".join(f"{value} {name}" for name, value in counted.items()))
    return 0


def asked_trigger(arguments: argparse.Namespace, quantized: QuantizedNetwork) -> Trigger | None:
    """The trigger that the flags ask for, if they do.

    Raises
    ------
    LiveError
        If it is none.
    """
    if arguments.trigger is None:
        if arguments.trigger_least is not None or arguments.trigger_frames:
            raise LiveError("--trigger-least and --trigger-frames are for --trigger; add it")
        return None
    hits, frames = arguments.trigger_frames or (1, 1)
    try:
        return trigger_of(quantized, arguments.trigger, arguments.trigger_least, hits, frames)
    except ValueError as error:
        raise LiveError(str(error)) from error


def batches(
    client: Client, simulated: list[SimulatedBoard], before: dict[str, int]
) -> Iterator[list[Event]]:
    """Events as they come; of a simulated camera, until all it played has been answered.

    Raises
    ------
    BoardError
        If none come for long.
    """
    heard = time.monotonic()
    quiet = QUIET[bool(simulated)]
    count = 0
    while True:
        events = client.events(TURN)
        if events:
            heard = time.monotonic()
            count += len(events)
            yield events
            continue
        if simulated and simulated[0].played is not None:
            now = client.camera().counts
            gone = {name: now[name] - before[name] for name in before}
            come = gone["frames"] + gone["damaged"]
            answered = gone["events"] + gone["skipped"] >= gone["frames"]
            if come >= simulated[0].played and answered and count >= gone["events"]:
                return
        if time.monotonic() - heard > quiet:
            heard = time.monotonic()
            if not simulated:
                terminal.complain(
                    "no frame for a while: is the camera plugged in? (docs/camera.md)"
                )
            else:
                raise BoardError("the simulated camera shows nothing any more")


def head() -> str:
    return f"{'frame':>6}  {'label':20} {'prob.':>6} {'cycles':>11} {'chip ms':>8}  trigger"


def lines(
    events: list[Event], quantized: QuantizedNetwork, clock_hz: int, *, as_json: bool
) -> Iterator[str]:
    """What is printed of events that came together: each, or where they are many the last ones."""
    shown = events if as_json else events[-MOST_ROWS:]
    if len(shown) < len(events):
        yield f"{'':6}  … {len(events) - len(shown)} more"
    for event in shown:
        said = verdict(event, quantized, clock_hz)
        yield show.as_json(said) if as_json else row(said)


def verdict(event: Event, quantized: QuantizedNetwork, clock_hz: int) -> dict:
    """What there is to say of an event."""
    result = event.result
    odds = probabilities(quantized, np.array(result.sums))
    return {
        "frame": event.number,
        "label": quantized.label(result.winner),
        "class": result.winner,
        "probability": round(float(odds[result.winner]), 4) if result.winner < len(odds) else None,
        "sums": list(result.sums),
        "cycles": result.cycles,
        "chip_ms": round(1e3 * result.cycles / clock_hz, 3),
        "hit": event.hit,
        "trigger": event.pulled,
    }


def row(said: dict) -> str:
    odds = said["probability"]
    mark = "ON" if said["trigger"] else "hit" if said["hit"] else ""
    return (
        f"{said['frame']:6}  {printable(said['label']):20} "
        f"{'' if odds is None else f'{odds:.3f}':>6}"
        f" {said['cycles']:11,} {said['chip_ms']:8.3f}  {mark}"
    ).rstrip()


def save(client: Client, quantized: QuantizedNetwork, file: Path, seconds: float) -> int:
    """Save the picture that the network saw of a frame."""
    number, data = client.view(seconds)
    board = client.identity
    pixels = np.frombuffer(data, np.uint8).reshape(board.height, board.width, 3)
    try:
        Image.fromarray(pixels).save(file)
    except (OSError, ValueError) as error:
        raise LiveError(f"--picture {printable(file)}: cannot be written ({error})") from error
    terminal.note(f"{printable(file)} is what the network saw of frame {number}")
    return 0
