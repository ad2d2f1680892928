"""What enters and leaves the core, as the layouts of its streams and registers."""

from amaranth.hdl import Module, Signal, Value, signed
from amaranth.lib import data

from plan.capacities import Capacities
from plan.engine import Engine
from plan.memories import NETWORK, memories
from plan.settings import setting_widths
from plan.words import PARAM, PIXEL, RESULT

Pixel = data.StructLayout(PIXEL)
"""A pixel of the image."""

Result = data.StructLayout(RESULT | {"data": signed(RESULT["data"])})
"""A class sum, or, with ``last``, the cycle count that ends a frame's results."""

Param = data.StructLayout(PARAM | {"bias": signed(PARAM["bias"])})
"""What an output channel has."""


def beat_layout(engine: Engine) -> data.ArrayLayout | data.StructLayout:
    """What comes out of an engine in a cycle, a byte a column.

    With two pixels a cycle: the bytes of both, and ``there`` which of them there are.
    """
    words = data.ArrayLayout(8, engine.pixels * engine.columns)
    return words if engine.pixels == 1 else data.StructLayout({"data": words, "there": 2})


def settings_layout(engine: Engine, capacities: Capacities) -> data.StructLayout:
    """The registers of a network, by name; see :data:`plan.settings.SETTINGS`."""
    return data.StructLayout(setting_widths(engine, capacities))


def load_layout(engine: Engine, capacities: Capacities) -> data.StructLayout:
    """A word for a memory: ``memory`` counts :data:`plan.memories.NETWORK` from 1 on."""
    sizes = memories(engine, capacities).values()
    return data.StructLayout(
        {
            "memory": range(len(NETWORK) + 1),
            "address": range(max(size.depth for size in sizes)),
            "data": max(size.bits for size in sizes),
        }
    )


def delayed(m: Module, value, cycles: int, name: str, *, reset_less: bool = False):
    """``value`` so many cycles later.

    ``reset_less`` is for data that nobody looks at without a valid bit: to reset it takes a wire to
    each register, all across the device.
    """
    for cycle in range(cycles):
        shape = Value.cast(value).shape()
        later = Signal(shape, name=f"{name}_{cycle}", reset_less=reset_less)
        m.d.sync += later.eq(value)
        value = later
    return value


def greater(m: Module, a, b, name: str, parts: int = 4):
    """``a > b`` of two signed values of one width, a cycle later: a register a part."""
    cuts = [len(a) * part // parts for part in range(parts + 1)]
    result = 0
    for part in range(parts):
        ours, theirs = (value[cuts[part] : cuts[part + 1]] for value in (a, b))
        if part == parts - 1:
            ours, theirs = ours.as_signed(), theirs.as_signed()
        more, same = Signal(name=f"{name}_more_{part}"), Signal(name=f"{name}_same_{part}")
        m.d.sync += [more.eq(ours > theirs), same.eq(ours == theirs)]
        result = more | (same & result)
    return result
