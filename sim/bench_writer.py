"""Bench of the write side: two frames' beats, with and without gaps, against :mod:`sim.walk`."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import cocotb
from amaranth.lib import data

from hw.engine.pair_pool import Along
from hw.engine.pool import flags_layout
from hw.fire.fetcher import write_layout
from hw.fire.writer import destination
from plan import latency
from plan.instruction import Format
from plan.planner import Plan
from plan.schedule import QUEUE
from plan.steps import Step
from sim.networks import chosen
from sim.play import play
from sim.runner import parameters, reset
from sim.walk import Beat, beats, together

AHEAD = 4
"""Cycles at least from a step's being announced to its first beat; in the core it is more."""


def announced(plan: Plan, frames: int, gaps: float, rng: Random):
    """Steps and their beats by cycle: at most ``QUEUE`` steps are announced and not finished."""
    steps: dict[int, Step] = {}
    work: dict[int, tuple[Step, Sequence[Beat], bool]] = {}
    last: list[int] = []
    now = 0
    for _ in range(frames):
        for step in plan.program.steps:
            # As early as the queue allows, or just before its beats.
            earliest = max([*steps, -1]) + 1
            if len(last) >= QUEUE:
                earliest = max(earliest, last[-QUEUE] + 2 + latency.POOL)
            late = rng.random() < 0.5
            at = max(earliest, now - AHEAD) if late else earliest
            steps[at] = step
            now = max(now, at + AHEAD)
            made = together([*beats(step, plan.engine)], step.width, plan.engine.pixels)
            for number, beat in enumerate(made):
                while rng.random() < gaps:
                    now += 1
                work[now] = (step, beat, number == len(made) - 1)
                now += 1
            last.append(now - 1)
    return steps, work


def judge(got, step: Step, beat: Beat, banks: int = 1) -> None:
    """What the max-pool is told of a beat, or of a result along a row."""
    f = step.fields
    for axis, flags in (("x", beat.flags_x), ("y", beat.flags_y)):
        for name, value in flags._asdict().items():
            if axis == "y" or banks == 1:
                assert got[f"{name}_{axis}"] == value, (name, axis)
    if beat.slot is not None and beat.flags_x.emit:
        assert got.slot == beat.slot // banks
    assert got.meta.final == f["final"]
    if f["final"]:
        want = {"group": beat.group, "first": beat.first, "last": beat.last, "fresh": f["fresh"]}
        assert {name: got.meta[name] for name in want} == want
    elif beat.address is not None:
        assert got.meta.address == beat.address // banks
        assert got.meta.lanes == 1 << beat.lane


def judge_pair(
    got: dict[str, int], told: data.StructLayout, step: Step, pair: Sequence[Beat]
) -> None:
    """What the max-pool of pairs is told: which results end, and of each the same."""
    along = Along.from_bits(got["along"])
    pools = step.fields["pool2"] or step.fields["pool3"]
    want = {"valid": 1, "pools": pools, "odd": pair[0].x // 2 % 2, "single": len(pair) == 1}
    assert {name: along[name] for name in want} == want
    ends: dict[int, Beat] = {}
    for pixel, beat in enumerate(pair):
        if beat.flags_x.emit:
            bank = pixel if beat.slot is None else beat.slot % 2
            assert bank not in ends
            ends[bank] = replace(beat, first=pair[0].first, last=pair[-1].last)
    for bank, name in enumerate(("even", "odd")):
        assert got[f"o_{name}__valid"] == (bank in ends), name
        if bank in ends:
            judge(told.from_bits(got[f"o_{name}__payload"]), step, ends[bank], 2)


@cocotb.test(timeout_time=50, timeout_unit="ms")
@cocotb.parametrize(gaps=[0.0, 0.4])
async def sends_each_beat_where_it_belongs(dut, gaps):
    p = parameters()
    plan = chosen(p["network"], p["engine"])
    rng = Random(p["seed"])
    steps, work = announced(plan, 2, gaps, rng)
    cycles = range(max(work) + 3)
    write = write_layout(Format.of(plan.engine, plan.needs()))
    noise = [rng.getrandbits(write.size) for _ in cycles]
    told = {
        cycle: write.const({name: step.fields[name] for name in write.members}).as_bits()
        for cycle, step in steps.items()
    }
    inputs = {
        "step__valid": [int(c in steps) for c in cycles],
        "step__payload": [told.get(c, noise[c]) for c in cycles],
        "comes": [int(c in work) for c in cycles],
    }
    await reset(dut)
    pairs = plan.engine.pixels == 2
    ports = ["o_even", "o_odd"] if pairs else ["o"]
    flows = [f"{port}__{name}" for port in ports for name in ("valid", "payload")]
    more = ["along"] if pairs else []
    got = await play(dut, inputs, [*flows, *more, "last", "frame_last"])
    groups = plan.engine.groups(plan.network.classes)
    meta = destination(plan.needs().address_bits, plan.engine.lanes, groups)
    layout = flags_layout(plan.program.pool_slots, meta, rows=not pairs)
    for cycle in cycles:
        step, beat, ends = work.get(cycle - 2, (None, None, False))
        assert got["last"][cycle] == ends, f"cycle {cycle}"
        if beat is None:
            assert not any(got[f"{port}__valid"][cycle] for port in ports), f"cycle {cycle}"
            continue
        assert got["frame_last"][cycle] == step.fields["frame_last"]
        if pairs:
            judge_pair({name: got[name][cycle] for name in got}, layout, step, beat)
        else:
            assert got["o__valid"][cycle], f"cycle {cycle}"
            judge(layout.from_bits(got["o__payload"][cycle]), step, *beat)
