"""The global average pool's integer half: the sum of each class over all positions."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.ecp5.copies import copies, part_of


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
    follow at once. Reading takes four cycles from ``group`` to ``sums``.

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
        The group to read, while ``reading``.
    reading : ``In(1)``
        Sums are read, and no beat arrives in the next cycle.
    sums : ``Out(ArrayLayout(signed(bits), columns))``
        Its sums.
    """

    READ_LATENCY = 4

    def __init__(self, *, columns: int, groups: int, bits: int, pixels: int = 1):
        if min(columns, groups) < 1 or bits < 9:
            raise ValueError(
                "columns and groups must be at least 1, bits at least 9, not "
                f"{columns}, {groups} and {bits}"
            )
        self._columns = columns
        self._groups = groups
        self._bits = bits
        self._pixels = pixels
        super().__init__(
            {
                "i": In(stream.Signature(beat(columns, groups, pixels), always_ready=True)),
                "group": In(range(groups)),
                "reading": In(1),
                "sums": Out(data.ArrayLayout(signed(bits), columns)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        # A register before all of it: the last convolution's outputs come from across the device.
        # Then each part of the columns goes its own way.
        coming = Signal(
            data.StructLayout(
                {
                    "valid": 1,
                    "group": range(self._groups),
                    "first": 1,
                    "last": 1,
                    "fresh": 1,
                }
            )
        )
        # What is read comes from across the device, too: a register, and then one in each part.
        asked = Signal(data.StructLayout({"group": range(self._groups), "reading": 1}))
        m.d.comb += [
            *(coming[name].eq(self.i.p[name]) for name in ("group", "first", "last", "fresh")),
            coming.valid.eq(self.i.valid),
        ]
        m.d.sync += [asked.group.eq(self.group), asked.reading.eq(self.reading)]
        parts = zip(copies(m, coming, "coming"), copies(m, asked, "asked"), strict=True)
        for part, (arriving, wanted) in enumerate(parts):
            columns = [at for at in range(self._columns) if part_of(at, self._columns) == part]
            if columns:
                address = Mux(wanted.reading, wanted.group, arriving.group)
                self._sum(m, part, columns, arriving, address)
        return m

    def _sum(self, m, part: int, columns: list[int], arriving, address) -> None:
        """The sums of one part's columns; ``address`` is the group to read."""
        layout = data.ArrayLayout(signed(self._bits), len(columns))
        # In LUT RAM: a block RAM inferred here has no output register, and takes 6 ns.
        m.submodules[f"memory_{part}"] = memory = Memory(
            shape=layout, depth=self._groups, init=[], attrs={"ram_style": "distributed"}
        )
        write = memory.write_port()
        read = memory.read_port(domain="comb")

        beat = Signal.like(arriving, name=f"beat_{part}")
        values = data.ArrayLayout(signed(8 + self._pixels), len(columns))
        early, late = (
            Signal(values, name=f"{w}_{part}", reset_less=True) for w in ("early", "late")
        )
        kept, sums, running = (
            Signal(layout, name=f"{which}_{part}", reset_less=True)
            for which in ("kept", "sums", "running")
        )
        clear, stored = Signal(name=f"clear_{part}"), Signal(name=f"stored_{part}")
        # What comes right after a pixel of its own group finds the sums not yet in memory.
        follows = beat.valid & (beat.group == arriving.group)
        m.d.comb += read.addr.eq(address)
        m.d.sync += [
            *(early[at].eq(self.i.p.data[column]) for at, column in enumerate(columns)),
            late.eq(early),
            beat.eq(arriving),
            clear.eq(arriving.first & arriving.fresh),
            stored.eq(arriving.first & ~arriving.fresh & ~follows),
            kept.eq(read.data),
            sums.eq(kept),
        ]
        total = Signal(layout, name=f"total_{part}")
        for at, column in enumerate(columns):
            base = Mux(clear, 0, Mux(stored, kept[at], running[at]))
            m.d.comb += [total[at].eq(base + late[at]), self.sums[column].eq(sums[at])]
        with m.If(beat.valid):
            m.d.sync += running.eq(total)
        m.d.comb += [
            write.addr.eq(beat.group),
            write.data.eq(total),
            write.en.eq(beat.valid & beat.last),
        ]
