"""What a build came to: ``report.json``, and the same as a table for people."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from hw.readback import ReadBack
from plan.boards import default_clock_mhz
from plan.capacities import NAMES
from plan.device import Device
from plan.fit import needs, shortages
from plan.limits import limits
from plan.link import chip_words, link_block_rams, link_frames, link_words
from plan.planner import Plan
from plan.roofs import lowest, roofs
from plan.room import family
from plan.search import plan_within
from plan.suggest import Suggestion
from spec.protocol import RATES

CELLS = {"lut": "TRELLIS_COMB", "ff": "TRELLIS_FF", "dsp": "MULT18X18D", "ebr": "DP16KD"}
"""nextpnr's names of what is counted."""


MAIN = "clk"
"""How nextpnr's name of the core's clock ends; a screen's may be as fast."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """nextpnr's report, read: every clock, and the path that limits the slowest one.

    ``clocks`` gives for each clock the frequency reached and the one wanted, in MHz; ``places``
    are the tiles along the path, column and row; ``main`` is the clock of all but a few flip-flops.
    """

    clocks: dict[str, tuple[float, float]]
    resources: dict[str, dict[str, int]]
    path: str
    places: tuple[tuple[int, int], ...] = ()
    main: str

    @classmethod
    def read(cls, file: Path, clock_mhz: float) -> "Timing":
        """Read the report of a design whose main clock is to reach ``clock_mhz``."""
        raw = json.loads(file.read_text())
        # nextpnr cuts periods to whole picoseconds, and so wants a little more than was asked.
        main = min(
            raw["fmax"],
            key=lambda name: (
                round(abs(raw["fmax"][name]["constraint"] / clock_mhz - 1), 3),
                not name.endswith(MAIN),
            ),
        )
        wanted = raw["fmax"][main]["constraint"]
        assert abs(wanted / clock_mhz - 1) < 0.001, f"{main} is held to {wanted} MHz"
        raw["fmax"][main]["constraint"] = clock_mhz
        clocks = {
            name.removeprefix("$glbnet$"): (clock["achieved"], clock["constraint"])
            for name, clock in raw["fmax"].items()
        }
        resources = {
            name: {key: raw["utilization"][cell][key] for key in ("used", "available")}
            for name, cell in CELLS.items()
        }
        worst = min(raw["fmax"], key=lambda name: _margin(raw["fmax"][name]))
        paths = [
            path
            for path in raw["critical_paths"]
            if path["from"] == path["to"] == f"posedge {worst}"
        ]
        legs = paths[0]["path"] if paths else []
        ends = [end for leg in legs for end in (leg["from"], leg["to"])]
        return cls(
            clocks=clocks,
            resources=resources,
            path=_describe(paths[0]) if paths else "",
            places=tuple(tuple(end["loc"]) for end in ends if "loc" in end),
            main=main.removeprefix("$glbnet$"),
        )

    @property
    def fmax_mhz(self) -> float:
        """Of the main clock."""
        return self.clocks[self.main][0]

    @property
    def margin(self) -> float:
        """Reached over wanted, of the clock where that is least."""
        return min(reached / wanted for reached, wanted in self.clocks.values())

    @property
    def met(self) -> bool:
        """Whether every clock reaches what was wanted."""
        return self.margin >= 1


def _margin(clock: Mapping[str, float]) -> float:
    return clock["achieved"] / clock["constraint"]


def _describe(path: Mapping) -> str:
    legs = path["path"]
    delay = sum(leg["delay"] for leg in legs)
    routing = sum(leg["delay"] for leg in legs if leg["type"] == "routing")
    start, end = legs[0]["from"], legs[-1]["to"]
    return (
        f"{start['cell']}.{start['port']} → {end['cell']}.{end['port']}, "
        f"{delay:.1f} ns, {routing:.1f} ns of it routing"
    )


def report(
    *,
    device: str,
    plan: Plan,
    clock_mhz: float,
    timing: Timing,
    found: ReadBack,
    seconds: Mapping[str, float],
) -> dict:
    """The contents of ``report.json``."""
    known = plan_report(device=device, plan=plan, clock_mhz=clock_mhz)
    layers = known.pop("layers")
    frames = known.pop("frames_per_second")
    return known | {
        "fmax_mhz": round(timing.fmax_mhz, 2),
        "clocks": [
            {"name": name, "constraint_mhz": wanted, "fmax_mhz": round(reached, 2)}
            for name, (reached, wanted) in timing.clocks.items()
        ],
        "frames_per_second": frames,
        "resources": timing.resources,
        "layers": layers,
        "read_back": asdict(found),
        "seconds": dict(seconds),
    }


def plan_report(*, device: str, plan: Plan, clock_mhz: float) -> dict:
    """What of ``report.json`` is known before anything is built."""
    engine = plan.engine
    return {
        "device": device,
        "engine": {
            "rows": engine.rows,
            "columns": engine.columns,
            "pixels": engine.pixels,
            "macs_per_cycle": engine.macs_per_cycle,
        },
        "macs": plan.network.macs,
        "cycles_per_frame": plan.cycles,
        "utilization": round(plan.utilization, 4),
        "clock_mhz": clock_mhz,
        "frames_per_second": round(clock_mhz * 1e6 / plan.cycles, 1),
        "layers": [
            {
                "name": layer.name,
                "macs": layer.macs,
                "cycles": layer.cycles,
                "utilization": round(layer.macs / (layer.cycles * engine.macs_per_cycle), 4),
            }
            for layer in plan.layers
        ],
    }


def fit_report(plan: Plan, device: Device, clock_hz: float) -> dict:
    """Of a plan alone: what limits it, its memories, and what it needs of a device."""
    needed = needs(plan)
    return {
        "phases": [asdict(one) | {"busy": round(one.busy, 4)} for one in limits(plan)],
        "capacities": {
            name: {"most": most, "used": used} for name, (most, used) in plan.capacities().items()
        },
        "block_rams": plan.block_rams | link_block_rams(),
        "roofs": {one.name: round(one.frames, 2) for one in roofs(plan, clock_hz)},
        "needs": needed,
        "available": {"EBR": device.ebr, "multipliers": device.dsp},
        "fits": not shortages(plan, device),
        "link_frames_per_second": round(link_frames(plan.network.image, max(RATES)), 2),
    }


def plan_table(plan: Plan, clock_mhz: float) -> str:
    """What is known before anything is built."""
    engine = plan.engine
    lines = [
        f"network    {plan.network.name}, {plan.network.image} image, "
        f"{plan.network.classes} classes, {plan.network.weights:,} weights",
        f"engine     {engine}",
        f"frame      {plan.network.macs:,} MAC: {plan.utilization:.1%} of the engine used",
        f"chip       {chip_words(plan.cycles, clock_mhz * 1e6)}",
        *(
            [f"           at most; {plan.cycles_least:,} if no weights from outside are late"]
            if not plan.exact
            else []
        ),
        f"link       {link_words(plan.network.image)}",
        "",
        f"{'layer':20} {'MAC':>12} {'cycles':>10} {'used':>7}",
    ]
    for layer in plan.layers:
        used = layer.macs / (layer.cycles * engine.macs_per_cycle)
        lines.append(f"{layer.name:20} {layer.macs:12,} {layer.cycles:10,} {used:7.1%}")
    lines += ["", f"{'block RAM':20} {'EBR':>12}"]
    for name, count in (plan.block_rams | link_block_rams()).items():
        lines.append(f"{name:20} {count:12}")
    lines.append(f"{'all':20} {needs(plan)['EBR']:12}")
    return "\n".join(lines) + "\n"


def room_table(plan: Plan, clock_hz: int) -> str:
    """What other networks a board can be loaded with."""
    lines = [f"{'takes':45} {'at most':>10} {'of it used':>10}"]
    for name, (most, used) in plan.capacities().items():
        if most:
            lines.append(f"{NAMES[name]:45} {most:10,} {used:10,}")
    for name, network in family().items() if plan.room.streamed else ():
        made = plan_within(network, plan.engine, plan.room, clock_hz=clock_hz)
        missing = plan.room.shortages(made.needs())
        count = f"{made.cycles:,} cycles" + ("" if made.exact else " at most")
        least = "" if made.exact else f", {made.cycles_least:,} at least"
        rate = f"{count}{least}, {made.utilization:.1%} of the engine used"
        if missing:
            lines.append(f"{name}: needs {', '.join(missing)}")
            continue
        others = [f"{one.phase} by {one.by}" for one in limits(made) if one.by != "multipliers"]
        named = f"; {', '.join(others)}" if others else ""
        limit = lowest(roofs(made, clock_hz))
        words = f"    limited by {limit.name}, {limit.frames:,.1f} frames/s at most{named}"
        lines += [f"{name}: {rate}", words]
    return "\n".join(lines) + "\n"


def roofs_table(plan: Plan, clock_hz: float) -> str:
    """What each part lets through, and which of them limits the chip."""
    found, reached = roofs(plan, clock_hz), clock_hz / plan.cycles
    lines = [f"{'roof':20} {'frames/s':>10}"]
    lines += [f"{one.name:20} {one.frames:10,.2f}" for one in found]
    limit = lowest(found)
    lines += [
        f"{'the plan':20} {reached:10,.2f}",
        f"the chip is limited by {limit.name}, and reaches {reached / limit.frames:.1%} of it",
    ]
    sources = [one for one in found if not one.chip]
    lines += [
        f"with images from the {one.name} by "
        + (f"the {one.name}" if one.frames < reached else "the chip")
        for one in sources
    ]
    return "\n".join(lines) + "\n"


def limits_table(plan: Plan) -> str:
    """What limits each phase."""
    lines = [f"{'phase':20} {'pixels':>6} {'cycles':>10} {'busy':>7} limited by"]
    for one in limits(plan):
        outside = f" (streamed: {', '.join(one.streamed)})" if one.streamed else ""
        lines.append(
            f"{one.phase:20} {one.pixels:6} {one.cycles:10,} {one.busy:7.1%} {one.by}{outside}"
        )
    return "\n".join(lines) + "\n"


def build_table(*, device: str, plan: Plan, clock_mhz: float, timing: Timing) -> str:
    """The report for people."""
    lines = [f"device     {device}", plan_table(plan, clock_mhz), f"{'clock':44} {'MHz':>8} wanted"]
    for name, (reached, wanted) in timing.clocks.items():
        lines.append(f"{name:44} {reached:8.2f} {wanted:6.2f}")
    lines += [f"slowest    {timing.path}", "", f"{'resource':20} {'used':>8} {'of':>8}"]
    for name, count in timing.resources.items():
        share = count["used"] / count["available"]
        lines.append(f"{name:20} {count['used']:8,} {count['available']:8,} {share:7.1%}")
    return "\n".join(lines) + "\n"


def fit_table(
    board: str, rows: list[tuple[str, Device, list[tuple[str, Plan]]]], *, camera: bool
) -> str:
    """For each variant of the board of this name, the largest image of each engine that fits; at
    the clock that is chosen for it, with a ``camera`` or without."""
    lines = [f"{'variant':8} {'engine':10} {'image':>9} {'frames/s':>9} {'EBR':>9} {'mult.':>9}"]
    for variant, device, fits in rows:
        for name, plan in fits:
            has = needs(plan)
            rate = default_clock_mhz(board, variant, engine=name, camera=camera) * 1e6 / plan.cycles
            image = f"{plan.network.image.width}×{plan.network.image.height}"
            lines.append(
                f"{variant:8} {name:10} {image:>9} {rate:9.1f} "
                f"{has['EBR']:>4}/{device.ebr:<4} {has['multipliers']:>4}/{device.dsp:<4}"
            )
        if not fits:
            lines.append(f"{variant:8} no image size of this network: {device.ebr} EBR")
    return "\n".join(lines) + "\n"


def suggestion_table(found: list[Suggestion], clock_mhz: float) -> str:
    """Networks that fit, a line each."""
    lines = [f"{'weights':>8} {'EBR':>4} {'cycles':>10} {'frames/s':>9}  flags of model.train"]
    for one in found:
        need, cycles = needs(one.plan), one.plan.cycles
        lines.append(
            f"{one.plan.network.weights:8,} {need['EBR']:4} {cycles:10,} "
            f"{clock_mhz * 1e6 / cycles:9,.1f}  {one.flags or '(its defaults)'}"
        )
    return "\n".join(lines)
