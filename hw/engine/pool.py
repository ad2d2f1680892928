"""Max-pooling on the write path: a running maximum along rows, a row buffer of partial maxima."""

from itertools import pairwise
from typing import NamedTuple

from amaranth.hdl import Module, Mux, Shape, Signal, unsigned
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.ecp5.copies import copies, part_of
from hw.ecp5.memory import Memory
from hw.streams import delayed
from plan import latency

HIDDEN = 7
"""Cycles between two results of a slot from which the second one reads what the first one wrote:
five registers to the write port, two more until reads see it."""

RING = 8
"""Cycles whose values are at hand, no fewer than are hidden and a power of two."""


class Flags(NamedTuple):
    """What a position along one axis does to the windows that cover it."""

    open: bool
    """A window begins here; the running maximum begins anew with this value."""
    join: bool
    """What is emitted here includes the running maximum."""
    emit: bool
    """A window ends here."""


def flags(kernel: int, position: int, last: int) -> Flags:
    """Flags of a position along an axis that ends at ``last``; stride 2, ``ceil_mode``.

    Kernel 2: an even position opens, an odd one ends. Kernel 3: an even position but the first
    ends a window and opens the next. In both, the axis's end ends a window that is open.

    Raises
    ------
    ValueError
        If the kernel is neither 2 nor 3, or the position is outside the axis.
    """
    if kernel not in (2, 3):
        raise ValueError(f"the kernel must be 2 or 3, not {kernel}")
    if not 0 <= position <= last:
        raise ValueError(f"the position must be from 0 to {last}, not {position}")
    even = position % 2 == 0
    if kernel == 2:
        return Flags(even, not even, not even or position == last)
    return Flags(even, position > 0, (even and position > 0) or position == last)


def flags_layout(depth: int, meta, *, rows: bool = True) -> data.StructLayout:
    """Shape of what :class:`MaxPool` is told of a beat."""
    axes = "xy" if rows else "y"
    names = [f"{flag}_{axis}" for axis in axes for flag in Flags._fields]
    return data.StructLayout(dict.fromkeys(names, 1) | {"slot": range(depth), "meta": meta})


class MaxPool(wiring.Component):
    """Maxima of ``columns`` unsigned bytes over windows; a beat a cycle.

    The flags of a beat (see :func:`flags`) say what it does along a row, and what the horizontal
    results of its row do along a column. Horizontally, a beat with ``emit_x`` gives the maximum of
    itself and, with ``join_x``, of the beats since the last one with ``open_x``, that one
    included. Vertically the same holds for the results of one ``slot``. A beat with ``emit_x`` and
    ``emit_y`` comes out ``LATENCY`` cycles later.

    With both emit flags and no other, a beat passes unchanged and disturbs no open window. So do
    rows of other slots. A slot's partial maximum waits as long as needed.

    Parameters
    ----------
    columns
        Bytes of a beat.
    depth
        Slots: pooled width × interleaved channel groups.
    meta
        Shape of what travels with a beat.
    rows
        It makes maxima along rows. Otherwise each beat is a horizontal result.

    Members
    -------
    data : ``In(ArrayLayout(unsigned(8), columns))``
        The beat that ``i`` speaks of in the same cycle; without ``rows``, of which it spoke in the
        one before.
    i : ``In(stream.Signature(flags_layout(depth, meta, rows=rows), always_ready=True))``
        Horizontal results of one slot must be ``latency.POOL_REVISIT`` cycles apart or more.
    o : ``Out(stream.Signature(StructLayout({"data", "meta"}), always_ready=True))``
        ``meta`` is that of the beat that ended the window.
    """

    LATENCY = latency.POOL

    def __init__(self, *, columns: int, depth: int, meta, rows: bool = True):
        if columns < 1 or depth < 1:
            raise ValueError(f"columns and depth must be at least 1, not {columns} and {depth}")
        self._columns = columns
        self._depth = depth
        self._meta = Shape.cast(meta)
        self._rows = rows
        told = flags_layout(depth, meta, rows=rows)
        result = data.StructLayout({"data": data.ArrayLayout(unsigned(8), columns), "meta": meta})
        super().__init__(
            {
                "data": In(data.ArrayLayout(unsigned(8), columns)),
                "i": In(stream.Signature(told, always_ready=True)),
                "o": Out(stream.Signature(result, always_ready=True)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        columns = range(self._columns)
        beat = data.ArrayLayout(unsigned(8), self._columns)

        # The port's register: for what all the columns listen to one in each part of them.
        arrived = Signal(beat, reset_less=True)
        valid = Signal()
        i = Signal.like(self.i.payload, reset_less=True)
        if self._rows:
            m.d.sync += arrived.eq(self.data)
            opens = copies(m, self.i.valid & self.i.p.open_x, "opens")
            goes_on = copies(m, self.i.valid & ~self.i.p.emit_x, "goes_on")
            joins = copies(m, self.i.p.join_x, "joins")
        m.d.sync += [valid.eq(self.i.valid), i.eq(self.i.payload)]

        m.submodules.buffer = buffer = Memory(width=8 * self._columns, depth=self._depth)
        assert buffer.READ_LATENCY == 3

        # What travels beside the data: `stages[k]` is k registers after the port's.
        control = data.StructLayout(
            {"result": 1, "open": 1, "join": 1, "emit": 1, "keep": 1, "slot": range(self._depth)}
        )
        stages = [Signal(control, name=f"control_{k}") for k in range(HIDDEN)]
        m.d.comb += [
            stages[0].result.eq(valid & i.emit_x if self._rows else valid),
            stages[0].open.eq(i.open_y),
            stages[0].join.eq(i.join_y),
            stages[0].emit.eq(i.emit_y),
            stages[0].keep.eq(stages[0].result & (i.open_y | ~i.emit_y)),
            stages[0].slot.eq(i.slot),
        ]
        for before, after in pairwise(stages):
            m.d.sync += after.eq(before)

        # Register 1: along the row. Registers 2 to 4 wait for the slot's partial maximum.
        running = Signal(beat, reset_less=True)
        across = [Signal(beat, name=f"across_{k}", reset_less=True) for k in (1, 2, 3, 4)]
        if not self._rows:
            m.d.sync += across[0].eq(self.data)
        for k in columns if self._rows else ():
            part = part_of(k, self._columns)
            less = arrived[k] < running[k]
            m.d.sync += across[0][k].eq(Mux(less & joins[part], running[k], arrived[k]))
            with m.If(opens[part] | (goes_on[part] & ~less)):
                m.d.sync += running[k].eq(arrived[k])
        for before, after in pairwise(across):
            m.d.sync += after.eq(before)

        # A read misses what results less than HIDDEN cycles older leave in its slot: that comes
        # from a ring of the values of the last cycles, in LUT RAM. Registers 1 to 3: is there such
        # a result, and where?
        m.d.comb += buffer.read_address.eq(i.slot)
        older = stages[latency.POOL_REVISIT :]
        match = Signal(len(older))
        youngest = Signal(range(len(older)))
        hidden = Signal()
        now, place = Signal(range(RING)), Signal(range(RING))
        for k, stage in enumerate(older):
            m.d.sync += match[k].eq(stage.keep & (stage.slot == i.slot))
        for k in reversed(range(len(older))):
            with m.If(match[k]):
                m.d.sync += youngest.eq(k)
        m.d.sync += [
            hidden.eq(match.any()),
            now.eq(now + 1),
            place.eq(now - youngest),
        ]

        # Register 4: the slot's partial maximum.
        m.submodules.ring = ring = memory.Memory(shape=beat, depth=RING, init=[])
        ring_write, ring_read = ring.write_port(), ring.read_port(domain="comb")
        partial = Signal(beat, reset_less=True)
        from_ring = copies(m, hidden, "from_ring")
        stored = data.View(beat, buffer.read_data)
        m.d.comb += ring_read.addr.eq(place)
        for k in columns:
            part = part_of(k, self._columns)
            m.d.sync += partial[k].eq(Mux(from_ring[part], ring_read.data[k], stored[k]))

        # Register 5: along the column.
        here = stages[4]
        joins_y, opens_y = (copies(m, stages[3][name], name) for name in ("join", "open"))
        left = Signal(beat)  # in the buffer
        result = Signal(beat, reset_less=True)
        written = Signal(beat, reset_less=True)
        for k in columns:
            part = part_of(k, self._columns)
            less = across[-1][k] < partial[k]
            m.d.sync += result[k].eq(Mux(less & joins_y[part], partial[k], across[-1][k]))
            m.d.comb += left[k].eq(Mux(less & ~opens_y[part], partial[k], across[-1][k]))
        m.d.comb += [ring_write.addr.eq(now), ring_write.data.eq(left), ring_write.en.eq(1)]
        m.d.sync += [
            self.o.valid.eq(here.result & here.emit),
            written.eq(left),
        ]
        m.d.comb += [
            self.o.payload.data.eq(result),
            self.o.payload.meta.eq(delayed(m, i.meta, self.LATENCY - 1, "meta", reset_less=True)),
            buffer.write_data.eq(written),
            buffer.write_address.eq(stages[5].slot),
            buffer.write_enable.eq(stages[5].keep),
        ]
        return m
