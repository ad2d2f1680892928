"""What the plan says of engines of every kind, in numbers that no mutant of it may change.

``sim/test_core.py`` and ``sim/test_random.py`` compare cycles and values of most of these networks
with a circuit that has these words; the cycles of the reference network are its netlist's, too.
Rooms, and tiles that are searched for, are chosen for speed alone.
"""

from collections.abc import Iterator
from dataclasses import astuple, replace

from plan.array_timing import split_lut_rows
from plan.device import LARGE, MEDIUM, SMALL
from plan.engine import ENGINES, Engine
from plan.memories import engine_block_rams, fingerprint, memories
from plan.planner import Plan, plan
from plan.room import grown
from plan.search import plan_within
from plan.settings import setting_widths
from plan.starved import line_time
from plan.stream import Stream
from plan.timing import step_times
from plan.words import PIXEL, RESULT
from sim.networks import CASES, OF_TWO_PIXELS, UNSTALLED, chain, chosen, drawn
from spec.squeezenet import published, squeezenet, tiny

CLOCK_HZ = 100_000_000
CHUNK_CYCLES = 100_000
DRAWS = 50
EXACTLY = (0, 3, 33)
"""EBR to spare: with these, the large device has just as many as a room takes, and the smallest."""


def said() -> dict[str, list]:
    """By what it is said of."""
    return dict([*_engines(), *_cases(), *_boards(), *_streams()])


def _engines() -> Iterator[tuple[str, list]]:
    """Words of all, presets, and tiles whose counters need a bit more than the one before."""
    yield "a pixel and a result", [*PIXEL.values(), *RESULT.values()]
    for name, one in ENGINES.items():
        lut_rows = split_lut_rows(one.rows, one.lut_rows, one.pixels)
        yield name, [*astuple(one), *lut_rows, one.multipliers]
    for pixels in (64, 65, 66, 96, 512):
        for size in (38, 40, 48):
            made = plan(tiny(image_size=size), Engine(tile_pixels=pixels))
            yield f"{size}×{size} pixels in tiles of {pixels}", _of(made)


def _cases() -> Iterator[tuple[str, list]]:
    for network, engine in CASES + OF_TWO_PIXELS + UNSTALLED:
        made = chosen(network, engine)
        over_a_line = line_time(made.program, CHUNK_CYCLES)
        yield f"{network} on {engine}", [*_of(made), *astuple(over_a_line)]
    wide = chain("wide", 30, 30, {"channels": 2}, {"channels": 2, "padding": 1})
    yield "a border of four steps", _of(plan(wide, Engine(rows=6, columns=2, tile_pixels=32)))
    for number in range(DRAWS):
        yield f"draw {number}", _of(drawn(number, pairs=bool(number % 2)))


def _boards() -> Iterator[tuple[str, list]]:
    """The reference network, and what room each device's engine has besides."""
    for device in (SMALL, MEDIUM, LARGE):
        made = plan(squeezenet(), ENGINES[device.engine])
        yield f"the reference network on {device.engine}", _of(made)
        needs = made.needs()
        rooms = {"room": grown(needs, made.engine, device, sdram=False)}
        for spare in EXACTLY:
            room = grown(needs, made.engine, device, sdram=True, spare=spare)
            rooms[f"room with an SDRAM and {spare} EBR to spare"] = room
        yield from ((f"{device.engine}: {key}", [*astuple(room)]) for key, room in rooms.items())
    odd = replace(needs, planes=4, groups=8, stride=4, ring_rows=9, positions=258)
    yield "room of odd sizes", [*astuple(grown(odd, made.engine, device, sdram=False))]


def _streams() -> Iterator[tuple[str, list]]:
    """A network that is too large: other tiles, and some of its weights from outside, or all."""
    network, engine = published("1.1", classes=40, image_size=79), ENGINES["16x16"]
    needs = plan(network, engine).needs()
    larger = {"weight_rows": 2000, "stream_rows": 200_000, "activation_words": 4000}
    rooms = {
        # Just as many weight rows as are used; fewer patches than usual.
        "weights": {"weight_rows": 1920, "stream_rows": 200_000, "patch_words": 300},
        "activations": {"activation_words": needs.activation_words - 200},
        "weights, larger tiles": larger,
    }
    for name, sizes in rooms.items():
        room = replace(needs, steps=1000, **sizes)
        yield f"few {name}", _of(plan_within(network, engine, room, clock_hz=CLOCK_HZ))
    names = frozenset(conv.name for conv in network.convs)
    stream = Stream.of_sdram(CLOCK_HZ, engine.stream_bits)
    yield "all weights outside", _of(plan(network, engine, streamed=names, stream=stream))


def _of(made: Plan) -> list:
    """Cycles, needs, and the words and block RAMs of a circuit with just these capacities."""
    needs = made.needs()
    return [
        *(made.cycles, made.cycles_least, *astuple(needs)),
        *(time.start for time in step_times(made.program)),
        *setting_widths(made.engine, needs).values(),
        *engine_block_rams(made.engine, needs).values(),
        *(astuple(one) for one in memories(made.engine, needs).values()),
        fingerprint(made.engine, needs),
    ]
