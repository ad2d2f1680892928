"""Accumulators of a tile of pixels: read, add a pass's column sums, write or hand on."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.ecp5.copies import PARTS, copies, part_of
from hw.ecp5.memory import Memory
from plan import latency

Tag = data.StructLayout({"valid": 1, "first": 1, "last": 1, "end": 1, "open": 1})
"""What travels beside a pixel: that it is one, the first and last pass of its output group, the
last pixel of its pass, the first pixel of a group's last pass."""


class Accumulator(wiring.Component):
    """Sums over the passes of an output group, for every pixel of a tile.

    Totals leave one cycle after the last pass's column sums arrive. Pixels of a pass follow each
    other in order, and a pass begins :attr:`plan.engine.Engine.pass_cycles_min` cycles or more
    after the one before it, so that what a pass wrote can be read by the next.

    Parameters
    ----------
    columns : int
        Output channels.
    sum_bits : int
        Width of a column sum, signed.
    bits : int
        Width of an accumulator, signed.
    depth : int
        Most pixels of a tile.

    Members
    -------
    tag : ``In(Tag)``
        A pixel's tag, ``latency.MEMORY_READ`` cycles before its column sums.
    i : ``In(ArrayLayout(signed(sum_bits), columns))``
        Column sums.
    swap : ``Out(1)``
        Two cycles before the first total of an output group.
    o : ``Out(stream)``
        Totals of the last pass, in order of pixels; always ready.
    """

    def __init__(self, *, columns: int, sum_bits: int, bits: int, depth: int):
        if min(columns, sum_bits, depth) < 1 or bits < sum_bits:
            raise ValueError(
                "columns, sum_bits and depth must be at least 1 and bits no less than sum_bits, "
                f"not {columns}, {sum_bits}, {depth} and {bits}"
            )
        self._columns = columns
        self._bits = bits
        self._depth = depth
        super().__init__(
            {
                "tag": In(Tag),
                "i": In(data.ArrayLayout(signed(sum_bits), columns)),
                "swap": Out(1),
                "o": Out(
                    stream.Signature(data.ArrayLayout(signed(bits), columns), always_ready=True)
                ),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        width = self._columns * self._bits
        m.submodules.memory = memory = Memory(
            width=width, depth=self._depth, parts=PARTS, early=True
        )

        address = Signal(range(self._depth))
        following = Signal.like(address)
        m.d.comb += [
            following.eq(Mux(self.tag.valid, Mux(self.tag.end, 0, address + 1), address)),
            memory.read_address.eq(following),
        ]
        m.d.sync += address.eq(following)

        tag = self.tag
        place = address
        for stage in range(latency.MEMORY_READ):
            later = Signal(Tag, name=f"tag{stage}")
            there = Signal.like(address, name=f"address{stage}")
            m.d.sync += [later.eq(tag), there.eq(place)]
            if stage == latency.MEMORY_READ - 1:
                m.d.comb += self.swap.eq(tag.valid & tag.open)
                first = copies(m, tag.first, "first")
            tag, place = later, there

        before = data.View(self.o.payload.shape(), memory.read_data)
        total = Signal.like(self.o.payload, reset_less=True)
        write = Signal()
        for column in range(self._columns):
            kept = Mux(first[part_of(column, self._columns)], 0, before[column])
            m.d.sync += total[column].eq(kept + self.i[column])
        m.d.sync += [
            self.o.valid.eq(tag.valid & tag.last),
            write.eq(tag.valid & ~tag.last),
            memory.write_address.eq(place),
        ]
        m.d.comb += [
            self.o.payload.eq(total),
            memory.write_data.eq(total.as_value()),
            memory.write_enable.eq(write),
        ]
        return m
