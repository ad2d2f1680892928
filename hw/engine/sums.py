"""The global average pool's integer half: the sum of each class over all positions."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out


def beat(columns: int, groups: int, pixels: int = 1) -> data.StructLayout:
    """A pixel's outputs for one group of classes, or two pixels' sums of them, and where they
    stand in their tile.

    ``first`` and ``last`` pixel of the group's tile; ``fresh`` if this tile begins the sums.
    """
    return data.StructLayout(
        {
            "data": data.ArrayLayout(signed(8 + pixels), columns),
            "group": range(groups),
            "first": 1,
            "last": 1,
            "fresh": 1,
        }
    )


class ClassSums(wiring.Component):
    """Sums of the last convolution's outputs over positions, one a class.

    A group's sums are in memory three cycles after its last pixel of a tile; its next tile may
    follow at once. Reading takes three cycles from ``group`` to ``sums``.

    Parameters
    ----------
    columns : int
        Classes a group.
    groups : int
        Groups of classes.
    bits : int
        Width of a sum, signed.
    pixels : int
        Pixels a cycle, 1 or 2.

    Members
    -------
    i : ``In(stream)``
        Outputs, see :func:`beat`; always ready.
    group : ``In(range(groups))``
        The group to read when no beat arrives.
    sums : ``Out(ArrayLayout(signed(bits), columns))``
        Its sums.
    """

    READ_LATENCY = 3

    def __init__(self, *, columns: int, groups: int, bits: int, pixels: int = 1):
        if min(columns, groups) < 1 or bits < 9:
            raise ValueError(
                "columns and groups must be at least 1, bits at least 9, not "
                f"{columns}, {groups} and {bits}"
            )
        self._columns = columns
        self._groups = groups
        self._sums = data.ArrayLayout(signed(bits), columns)
        super().__init__(
            {
                "i": In(stream.Signature(beat(columns, groups, pixels), always_ready=True)),
                "group": In(range(groups)),
                "sums": Out(self._sums),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        # In LUT RAM: a block RAM inferred here has no output register, and takes 6 ns.
        m.submodules.memory = memory = Memory(
            shape=self._sums, depth=self._groups, init=[], attrs={"ram_style": "distributed"}
        )
        write = memory.write_port()
        read = memory.read_port(domain="comb")

        # A register before all of it: the last convolution's outputs come from across the device.
        arrived = Signal()
        arriving = Signal.like(self.i.payload, reset_less=True)
        address = Signal.like(self.group, reset_less=True)
        valid = Signal()
        beat = Signal.like(self.i.payload, reset_less=True)
        kept = Signal(self._sums, reset_less=True)
        sums = Signal(self._sums, reset_less=True)
        running = Signal(self._sums, reset_less=True)
        clear = Signal()
        stored = Signal()
        # What comes right after a pixel of its own group finds the sums not yet in memory.
        follows = valid & (beat.group == arriving.group)
        m.d.comb += read.addr.eq(address)
        m.d.sync += [
            arrived.eq(self.i.valid),
            arriving.eq(self.i.payload),
            address.eq(Mux(self.i.valid, self.i.p.group, self.group)),
            valid.eq(arrived),
            beat.eq(arriving),
            clear.eq(arriving.first & arriving.fresh),
            stored.eq(arriving.first & ~arriving.fresh & ~follows),
            kept.eq(read.data),
            sums.eq(kept),
        ]
        m.d.comb += self.sums.eq(sums)
        total = Signal(self._sums)
        for column in range(self._columns):
            base = Mux(clear, 0, Mux(stored, kept[column], running[column]))
            m.d.comb += total[column].eq(base + beat.data[column])
        with m.If(valid):
            m.d.sync += running.eq(total)
        m.d.comb += [
            write.addr.eq(beat.group),
            write.data.eq(total),
            write.en.eq(valid & beat.last),
        ]
        return m
