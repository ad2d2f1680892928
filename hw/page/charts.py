"""The charts of a plan: its program in time, its memory, its roofs."""

from dataclasses import replace
from math import log10

from hw.page.marks import ALERT, NEUTRAL, WIDTH, colours, dot, line, rectangle, svg, text
from plan.account import Interval, intervals, occupancy
from plan.planner import Plan

_LEFT, _RIGHT = 118, 12
_ROW = 17


def _cycles(value: float) -> str:
    return f"{value:,.0f}"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _axis(cycles: int, y: float) -> list[str]:
    """Ticks of a time axis, in cycles."""
    step = 10 ** int(log10(cycles))
    step = next(s for s in (step / 5, step / 2, step, 2 * step) if cycles / s < 10)
    parts = []
    for number in range(int(cycles / step) + 1):
        x = _LEFT + (WIDTH - _LEFT - _RIGHT) * number * step / cycles
        parts.append(line([(x, 0), (x, y)], "#8884", 0.7))
        parts.append(text(x, y + 13, _cycles(number * step), "middle", "small"))
    return parts


def _merged(steps: tuple[Interval, ...], unit: float) -> list[Interval]:
    """Neighbours of one layer with less than ``unit`` cycles between them, as one."""
    made: list[Interval] = []
    for step in steps:
        before = made[-1] if made else None
        if before and before.layer == step.layer and step.start - before.end < unit:
            made[-1] = replace(before, end=step.end)
        else:
            made.append(step)
    return made


def program_chart(plan: Plan) -> str:
    """The steps in time: a row a layer, all of them on the line at the bottom, waits in red."""
    names = [conv.name for conv in plan.network.convs]
    colour = colours(names)
    scale = (WIDTH - _LEFT - _RIGHT) / plan.cycles
    height = _ROW * (len(names) + 2) + 8
    timed = intervals(plan)
    parts = _axis(plan.cycles, height)
    for row, name in enumerate((*names, "waiting", "all")):
        parts.append(text(_LEFT - 6, _ROW * row + 12, name, "end", "small"))
    for step in timed:
        row = names.index(step.layer)
        x, width = _LEFT + step.start * scale, (step.end - step.start) * scale
        told = f"{step.layer}: cycles {_cycles(step.start)} to {_cycles(step.end)}"
        parts.append(rectangle(x, _ROW * row + 2, width, _ROW - 4, colour[step.layer], told))
        if step.wait:
            x = _LEFT + (step.start - step.wait) * scale
            told = f"{step.layer} waits {_cycles(step.wait)} cycles"
            y = _ROW * len(names) + 2
            parts.append(rectangle(x, y, step.wait * scale, _ROW - 4, ALERT, told))
    for step in _merged(timed, 0.5 / scale):
        x, width = _LEFT + step.start * scale, (step.end - step.start) * scale
        parts.append(rectangle(x, _ROW * (len(names) + 1) + 2, width, _ROW, colour[step.layer]))
    return svg(height + 18, parts, "the steps of the program over the cycles of a frame")


def memory_chart(plan: Plan) -> str:
    """Words of the activation memory in use, by tensor, over the frame."""
    regions = [*plan.program.regions]
    colour = colours(regions)
    words = plan.program.activation_words
    height, top = 190, 14
    across = (WIDTH - _LEFT - _RIGHT) / plan.cycles
    up = (height - top) / words
    parts = _axis(plan.cycles, height)
    before = 0
    for held in occupancy(plan):
        level = height
        for name, count in held.words.items():
            level -= count * up
            told = f"{name}: {_cycles(count)} words"
            width = (held.cycle - before) * across
            x = _LEFT + before * across
            parts.append(rectangle(x, level, width, count * up, colour[name], told))
        before = held.cycle
    parts.append(line([(_LEFT, top), (WIDTH - _RIGHT, top)], ALERT))
    parts.append(text(_LEFT - 6, top + 4, _cycles(words), "end", "small"))
    parts.append(text(_LEFT - 6, height, "0 words", "end", "small"))
    return svg(height + 18, parts, "words of the activation memory in use over a frame")


def roofline(
    plan: Plan, clock_hz: float, roofs: dict[str, float], weights: dict[str, float]
) -> str:
    """MACs a second against MACs a byte, on logarithmic scales.

    Parameters
    ----------
    roofs
        Bytes of an image a second that a part lets through, by its name.
    weights
        Bytes of weights a second that a memory gives, by its name.
    """
    engine, network = plan.engine, plan.network
    peak = engine.macs_per_cycle * clock_hz
    loaded = {conv.name: 0 for conv in network.convs}
    for step in plan.program.steps:
        loaded[step.conv.name] += step.passes * engine.rows * engine.columns
    points = {
        layer.name: (
            layer.macs / loaded[layer.name],
            layer.macs * clock_hz / max(1, layer.cycles),
        )
        for layer in plan.layers
    }
    image = network.image.pixels * network.image.channels
    whole = network.macs / image
    slopes = weights | roofs
    reached = network.macs * clock_hz / plan.cycles
    under = {name: min(reached, rate * whole) for name, rate in roofs.items()}
    lowest_x = min([whole, *(x for x, _ in points.values())]) / 3
    highest_x = max([whole, *(x for x, _ in points.values())]) * 3
    lowest_y = min([*under.values(), *(y for _, y in points.values())]) / 3
    highest_y = peak * 3
    height, bottom = 380, 345

    def place(x: float, y: float) -> tuple[float, float]:
        across = log10(x / lowest_x) / log10(highest_x / lowest_x)
        up = log10(y / lowest_y) / log10(highest_y / lowest_y)
        return _LEFT + across * (WIDTH - _LEFT - _RIGHT), bottom - up * (bottom - 10)

    parts = []
    for power in range(-3, 9):
        if lowest_x <= 10**power <= highest_x:
            x, _ = place(10**power, lowest_y)
            parts += [line([(x, 10), (x, bottom)], "#8884", 0.7)]
            parts += [text(x, bottom + 14, f"{10**power:,g}", "middle", "small")]
    for power in range(3, 13):
        if lowest_y <= 10**power <= highest_y:
            _, y = place(lowest_x, 10**power)
            parts += [line([(_LEFT, y), (WIDTH - _RIGHT, y)], "#8884", 0.7)]
            parts += [text(_LEFT - 6, y + 4, f"{10**power / 1e9:,g}", "end", "small")]
    parts.append(text(WIDTH - _RIGHT, bottom + 30, "MAC a byte", "end", "small"))
    parts.append(text(4, 14, "GMAC/s", "start", "small"))
    for number, (name, rate) in enumerate(slopes.items()):
        begin = max(lowest_x, lowest_y / rate)
        end = min(highest_x, peak / rate)
        if begin < end:
            parts.append(line([place(begin, rate * begin), place(end, rate * end)], NEUTRAL, 2))
            at = begin * (end / begin) ** (0.12 + 0.13 * number)
            x, y = place(at, rate * at)
            parts.append(text(x + 8, y + 4, f"{name}, {_short(rate / 1e6)} MB/s", "start", "small"))
    parts.append(line([place(lowest_x, peak), place(highest_x, peak)], NEUTRAL, 2))
    x, y = place(lowest_x, peak)
    parts.append(text(x + 4, y - 5, f"engine, {peak / 1e9:g} GMAC/s", "start", "small"))
    colour = colours(points)
    for name, (x, y) in points.items():
        told = f"{name}: {x:.1f} MAC a byte of weights, {y / 1e9:.3g} GMAC/s"
        parts.append(dot(*place(x, y), colour[name], told))
    for name, rate in under.items():
        told = f"whole network, images by {name}: {rate / network.macs:.3g} frames/s"
        x, y = place(whole, rate)
        parts += [dot(x, y, ALERT, told), text(x - 9, y + 4, told, "end", "small")]
    return svg(height, parts, "MACs a second against MACs a byte")
