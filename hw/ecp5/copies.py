"""One register in several copies, each near to what it drives.

What the whole engine listens to, an address or a flag, would cross the device in one cycle. Copies
share the way: the value goes to each of them, and each drives its own part of the width. Synthesis
makes equal registers one, so these are cells.
"""

from amaranth.hdl import ClockSignal, Const, Instance, Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.ecp5 import is_ecp5

PARTS = 4
"""Into how many parts the engine's width is cut, from the first column or byte of a word on."""


def part_of(place: int, width: int, parts: int = PARTS) -> int:
    """The part that a place, from 0 on, of so many places side by side belongs to."""
    return place * parts // width


class Copies(wiring.Component):
    """``count`` registers of one value. They start at 0, and no reset changes them.

    Parameters
    ----------
    width : int
        Bits of the value.
    count : int
        Copies.

    Members
    -------
    i : ``In(width)``
    o : ``Out(ArrayLayout(width, count))``
        What ``i`` was a cycle ago, ``count`` times.
    """

    def __init__(self, *, width: int, count: int):
        if width < 1 or count < 1:
            raise ValueError(f"width and count must be at least 1, not {width} and {count}")
        super().__init__({"i": In(width), "o": Out(data.ArrayLayout(width, count))})

    def elaborate(self, platform) -> Module:
        m = Module()
        for number, copy in enumerate(self.o):
            register = Signal(len(copy), name=f"copy_{number}", reset_less=True)
            m.d.comb += copy.eq(register)
            if not is_ecp5(platform):
                m.d.sync += register.eq(self.i)
                continue
            for bit in range(len(register)):
                m.submodules[f"cell_{number}_{bit}"] = Instance(
                    "TRELLIS_FF",
                    p_GSR="DISABLED",
                    p_CEMUX="1",
                    p_CLKMUX="CLK",
                    p_LSRMUX="LSR",
                    p_REGSET="RESET",
                    i_CLK=ClockSignal(),
                    i_LSR=Const(0),
                    i_DI=self.i[bit],
                    o_Q=register[bit],
                )
        return m


def copies(m: Module, value, name: str, count: int = PARTS) -> list:
    """``value``, of any shape, as it was a cycle ago, in ``count`` registers; reset leaves them."""
    wide = Value.cast(value)
    if len(wide) == 0:
        return [value] * count
    m.submodules[f"{name}_copies"] = component = Copies(width=len(wide), count=count)
    m.d.comb += component.i.eq(wide)
    shape = value.shape() if isinstance(value, data.View) else wide.shape()
    return [
        data.View(shape, copy) if isinstance(shape, data.Layout) else copy for copy in component.o
    ]
