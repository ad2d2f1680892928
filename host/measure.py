"""What a board does alone: how fast it is, and what it finds when it tests itself."""

import argparse
import time
from dataclasses import asdict

from host import show
from host.connection import Mismatch, connected
from host.image import ImageRefused, board_engine
from host.photographs import PhotographError
from plan.link import chip_words
from spec import reference, selftest
from spec.replies import Identity


def bench(arguments: argparse.Namespace) -> int:
    if arguments.images < 1:
        raise PhotographError(f"--images must be at least 1, not {arguments.images}")
    with connected(arguments) as (client, quantized):
        board = client.identity
        picture = selftest.image(board.height, board.width)
        expected = tuple(reference.run(quantized, picture)["sums"].tolist())
        images = ((index, picture.tobytes()) for index in range(arguments.images))
        start = time.monotonic()
        answers = list(client.classify(images))
        seconds = time.monotonic() - start
        chip = board.clock_hz / board.cycles
        link = arguments.images / seconds
        share = board.image_bytes * 10 * link / client.rate
        values = {
            "images": arguments.images,
            "wrong": sum(answer.result.sums != expected for answer in answers),
            "chip_cycles": board.cycles,
            "chip_frames_per_second": round(chip, 1),
            "link_frames_per_second": round(link, 2),
            "payload_share": round(share, 3),
            "limit": "link" if link < chip else "chip",
            "retries": client.retries,
        }
    if arguments.json:
        print(show.as_json(values))
    else:
        print(f"chip   {chip_words(board.cycles, board.clock_hz)}")
        print(
            f"link   {link:.2f} frames/s, {share:.1%} of the line's {client.rate} bit/s are pixels"
        )
        print(f"limit  the {values['limit']}; {client.retries} retries; {values['wrong']} wrong")
    return 1 if values["wrong"] else 0


def run_selftest(arguments: argparse.Namespace) -> int:
    with connected(arguments) as (client, quantized):
        board = client.identity
        memory = client.memtest() if has_sdram(board) else None
        result = client.selftest()
        picture = selftest.image(board.height, board.width)
        expected = tuple(reference.run(quantized, picture)["sums"].tolist())
        same = result.sums == expected and not result.wrong
        in_time = is_in_time(result.cycles, board)
        right = same and in_time and not (memory and memory.wrong)
    if arguments.json:
        values = {"expected": expected, "passed": right}
        values |= {"memory": asdict(memory)} if memory else {}
        print(show.as_json(asdict(result) | values))
    else:
        equal = sum(own == other for own, other in zip(result.sums, expected, strict=False))
        differ = f"{len(expected) - equal} of {len(expected)} differ from the model file's"
        if memory:
            print(f"memory  {show.memory(memory)}")
        print(f"sums    {'right' if same else differ}")
        print(f"cycles  {result.cycles:,}{'' if in_time else f', not {board.cycles:,}'}")
    return 0 if right else 1


def memtest(arguments: argparse.Namespace) -> int:
    with connected(arguments, must_hold=False, sdram=True) as (client, _):
        _, capacities = board_engine(client.identity)
        if not capacities.streamed:
            raise Mismatch("the board has no SDRAM that it takes weights from; nothing to test")
        tested = client.memtest()
    if arguments.json:
        print(show.as_json(asdict(tested) | {"passed": not tested.wrong}))
    else:
        print(f"memory  {show.memory(tested)}")
    return 1 if tested.wrong else 0


def is_in_time(cycles: int, board: Identity) -> bool:
    """Whether a frame took as long as planned; with weights out of an SDRAM, no longer."""
    return cycles == board.cycles or (has_sdram(board) and cycles < board.cycles)


def has_sdram(board: Identity) -> bool:
    """Whether a board is known to take weights from an SDRAM."""
    try:
        _, capacities = board_engine(board)
    except ImageRefused:
        return False
    return capacities.streamed
