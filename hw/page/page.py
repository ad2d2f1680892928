"""``report.html``: the plan, and what a build made of it, in pictures."""

from collections.abc import Mapping, Sequence
from html import escape

from hw.page import floor as floors
from hw.page.charts import memory_chart, program_chart, roofline
from hw.page.marks import ALERT, NEUTRAL, bar, colours, key, table
from hw.report import Timing
from plan.account import accounts
from plan.capacities import NAMES
from plan.fit import needs
from plan.limits import limits
from plan.link import link_block_rams, link_frames
from plan.planner import Plan
from plan.roofs import Roof, lowest, roofs
from spec.protocol import RATES

_IDLE = {
    "padding": ("channels that do not fill the array", "#e0a030"),
    "short": ("passes too short to load the next weights", "#8a6fb0"),
    "waiting": ("nothing to issue yet: pixels or results are awaited", ALERT),
}
_USEFUL = "#3c8d5a"

_BRINGS_IMAGES = ("window", "camera", "serial line")

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.45 system-ui, sans-serif; max-width: 62em; margin: 0 auto; padding: 0 1em 3em;
  color: #222; background: #fff; }}
h1 {{ font-size: 1.4em; }} h2 {{ font-size: 1.1em; margin: 2em 0 .4em; }}
p {{ margin: .4em 0; overflow-wrap: anywhere; }}
table {{ border-collapse: collapse; }}
td, th {{ padding: .2em .7em .2em 0; border-bottom: 1px solid #ddd; text-align: right;
  white-space: nowrap; }}
td:first-child, th:first-child {{ text-align: left; }}
.wide {{ overflow-x: auto; }}
.wide > svg {{ width: 100%; min-width: 720px; display: block; }}
.wide.whole > svg {{ min-width: 0; }}
text {{ font: 13px system-ui, sans-serif; fill: #222; }}
text.small {{ font-size: 12px; fill: #555; }}
.bar {{ display: flex; width: 16em; height: .9em; background: #eee; }}
.bar i, .key i {{ display: inline-block; height: .9em; }}
.key span {{ display: inline-block; margin-right: 1em; }}
.key i {{ width: .9em; margin-right: .35em; vertical-align: -.1em; }}
.facts {{ display: flex; flex-wrap: wrap; gap: .5em 2em; padding: 0; list-style: none; }}
.facts b {{ display: block; font-size: 1.35em; }}
.swipe {{ display: none; color: #555; font-size: .85em; }}
@media (max-width: 45em) {{
  table {{ font-size: .8em; }}
  td, th {{ white-space: normal; padding-right: .5em; }}
  .bar {{ width: 4.5em; }}
  .swipe {{ display: block; }}
}}
</style>
<h1>{title}</h1>
{body}
</html>
"""


def _chart(drawn: str) -> str:
    """A chart whose letters would be too small on a phone, where it is wider than the page."""
    return f'<p class="swipe">↔ it goes on to the right</p><div class="wide">{drawn}</div>'


def _facts(plan: Plan, clock_hz: float, timing: Timing | None) -> str:
    line = link_frames(plan.network.image, max(RATES))
    facts = [
        (f"{plan.cycles:,}", "cycles a frame"),
        (
            f"{clock_hz / plan.cycles:,.1f}",
            f"frames a second on the chip, at {clock_hz / 1e6:g} MHz",
        ),
        (f"{line:.2f}", "photographs a second on the serial line, at most"),
        (f"{plan.utilization:.1%}", "of the multipliers' cycles useful"),
    ]
    if timing:
        facts.append((f"{timing.fmax_mhz:.2f} MHz", "reached after routing"))
    items = "".join(f"<li><b>{escape(value)}</b>{escape(what)}</li>" for value, what in facts)
    return f'<ul class="facts">{items}</ul>'


def _layers(plan: Plan) -> str:
    rows = []
    longest = max(layer.cycles for layer in plan.layers)
    for layer, own in zip(plan.layers, accounts(plan), strict=True):
        parts = [(own.useful / longest, _USEFUL, f"{own.useful:,.0f} useful")]
        idle = {name: getattr(own, name) for name in _IDLE}
        parts += [(idle[n] / longest, c, f"{idle[n]:,.0f} {w}") for n, (w, c) in _IDLE.items()]
        worst = max(idle, key=lambda name: idle[name])
        share = idle[worst] / layer.cycles
        why = f"{share:.1%}: {_IDLE[worst][0]}" if share >= 0.005 else "–"
        used = layer.macs / (layer.cycles * plan.engine.macs_per_cycle)
        rows.append((layer.name, f"{layer.cycles:,}", f"{used:.1%}", bar(parts), why))
    legend = key([(_USEFUL, "useful"), *((c, words) for words, c in _IDLE.values())])
    head = ("layer", "cycles", "used", "of the longest layer", "most of what is idle")
    return legend + table(head, rows)


def _roofs(found: tuple[Roof, ...], reached: float) -> str:
    highest = max(one.frames for one in found)
    rows = [
        (one.name, f"{one.frames:,.2f}", bar([(one.frames / highest, NEUTRAL, "")]))
        for one in found
    ]
    rows.append(("the plan", f"{reached:,.2f}", bar([(reached / highest, _USEFUL, "")])))
    return (
        table(("part", "frames/s at most", ""), rows)
        + f"<p>The chip is limited by {lowest(found).name}, and reaches "
        f"{reached / lowest(found).frames:.1%} of it.</p>"
    )


def _limits(plan: Plan) -> str:
    found = limits(plan)
    longest = max(one.cycles for one in found)
    streams = any(one.streamed for one in found)
    rows = [
        (
            one.phase,
            f"{one.pixels:,}",
            f"{one.cycles:,}",
            f"{one.busy:.1%}",
            bar([(one.busy * one.cycles / longest, _USEFUL, f"{one.busy:.1%} busy")]),
            one.by,
            *([", ".join(one.streamed) or "–"] if streams else []),
        )
        for one in found
    ]
    head = ["phase", "pixels", "cycles", "busy", "of the longest phase", "limited by"]
    return table([*head, *(["streamed"] if streams else [])], rows)


def _capacities(plan: Plan) -> str:
    rows = [
        (NAMES[name], f"{most:,}", f"{used:,}", bar([(used / most, _USEFUL, f"{used:,} used")]))
        for name, (most, used) in plan.capacities().items()
        if most
    ]
    return table(("takes", "at most", "of it used", ""), rows)


def _memories(plan: Plan, ebr: int) -> str:
    found = plan.block_rams | link_block_rams()
    rows = [
        (name, str(count), bar([(count / ebr, _USEFUL, f"{count} of {ebr}")]))
        for name, count in sorted(found.items(), key=lambda item: -item[1])
    ]
    return table(("memory", "EBR", f"of {ebr}"), [*rows, ("all", str(needs(plan)["EBR"]), "")])


def _floor(floor: floors.Floor, timing: Timing) -> str:
    names = floors.named(floor)
    palette = colours(names) | {floors.OTHERS: "#aaaaaa"}
    kinds = ("lut", "ff", "ebr", "dsp")
    rest = [found for name, found in floor.cells.items() if name not in names]
    rows = [(name, *(f"{floor.cells[name][kind]:,}" for kind in kinds)) for name in names]
    rows.append((floors.OTHERS, *(f"{sum(found[kind] for found in rest):,}" for kind in kinds)))
    return (
        f"<p>The critical path, black in white: {escape(timing.path)}.</p>"
        + key((palette[name], name) for name in (*names, floors.OTHERS))
        + f'<div class="wide whole">{floors.draw(floor, list(timing.places))}</div>'
        + table(("module", "LUT", "FF", "EBR", "multipliers"), rows)
    )


def _seeds(seeds: Sequence[Mapping]) -> str:
    words = {True: "kept", False: ""}
    rows = [
        (
            str(row["seed"]),
            "–" if row["fmax_mhz"] is None else f"{row['fmax_mhz']:.2f}",
            words[row["kept"]] if row["met"] else "missed",
            row["slowest"],
        )
        for row in seeds
    ]
    return table(("seed", "MHz", "", "slowest path"), rows)


def page(
    *,
    device: str,
    plan: Plan,
    clock_mhz: float,
    ebr: int,
    timing: Timing | None = None,
    floor: floors.Floor | None = None,
    seeds: Sequence[Mapping] = (),
) -> str:
    """The page, HTML in one piece.

    Parameters
    ----------
    device, clock_mhz
        As in ``report.json``.
    ebr
        Block RAMs of the device.
    timing, floor
        What nextpnr reported and placed; None before a build.
    seeds
        As in ``report.json``.
    """
    clock_hz = clock_mhz * 1e6
    image = plan.network.image
    bytes_ = image.pixels * image.channels
    found = roofs(plan, clock_hz)
    brings = {one.name: one.frames * bytes_ for one in found if one.name in _BRINGS_IMAGES}
    weights = {"weight memory": plan.engine.columns * clock_hz}
    if plan.stream_rows:
        row = plan.program.stream.row_cycles
        weights["SDRAM"] = plan.engine.columns * clock_hz / float(row)
    names = [conv.name for conv in plan.network.convs]
    tensors = [*plan.program.regions]
    sections = [
        _facts(plan, clock_hz, timing),
        f"<p>{escape(plan.network.name)}, {escape(str(image))} image, {plan.network.classes} "
        f"classes, {plan.network.weights:,} weights, on {escape(device)}; engine "
        f"{escape(str(plan.engine))}.</p>",
        "<h2>The program in time</h2>",
        "<p>A block is a step: some rows of a layer. Only squeezed tensors are ever whole, so a "
        "layer and the one that consumes it take turns. Cycles from left to right.</p>",
        _chart(program_chart(plan)),
        "<h2>Cycles by layer</h2>",
        _layers(plan),
        "<h2>What limits each phase</h2>",
        "<p>A phase makes a tensor a few rows at a time, at most so many pixels in a pass. "
        "Multipliers: hardly anything else does. Weights: they are not loaded in time. SDRAM: it "
        "brings their rows too slowly. Memory: larger tiles, which read them less often, would "
        "help and do not fit. Window: patches are waited for. Order: results of a step before "
        "are.</p>",
        _limits(plan),
        "<h2>The activation memory</h2>",
        "<p>Words that are written and still to be read; the line is what the memory has.</p>",
        key((colour, name) for name, colour in colours(tensors).items()),
        _chart(memory_chart(plan)),
        "<h2>Roofline</h2>",
        "<p>What limits: the engine, the weights it loads, or where images come from. A layer is "
        "a dot over its MAC for each byte of weights that is loaded; the red dots are the whole "
        "network over its MAC for each byte of an image. The window generator takes a pixel a "
        "cycle. The camera is an OV7670 on the board.</p>",
        _roofs(found, clock_hz / plan.cycles),
        key((colour, name) for name, colour in colours(names).items()),
        _chart(roofline(plan, clock_hz, brings, weights)),
        "<h2>Block RAM</h2>",
        _memories(plan, ebr),
        "<h2>What other networks may need</h2>",
        "<p>A network that needs no more than this can be loaded into the same engine.</p>",
        _capacities(plan),
    ]
    if timing:
        rows = [
            (
                name,
                f"{count['used']:,}",
                f"{count['available']:,}",
                bar([(count["used"] / count["available"], NEUTRAL, "")]),
            )
            for name, count in timing.resources.items()
        ]
        sections += ["<h2>Resources</h2>", table(("", "used", "of", ""), rows)]
    if len(seeds) > 1:
        sections += ["<h2>Seeds</h2>", _seeds(seeds)]
    if timing and floor:
        sections += ["<h2>Floor plan</h2>", _floor(floor, timing)]
    if not timing:
        sections.append(
            "<p>Planned only: LUTs, frequencies and the floor plan are known after a build.</p>"
        )
    return _PAGE.format(title=escape(f"{plan.network.name} on {device}"), body="\n".join(sections))
