"""Max-pooling on the write path of an engine of two pixels a cycle."""

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from hw.ecp5.copies import copies, part_of
from hw.engine.pool import MaxPool, flags_layout
from plan import latency

Along = data.StructLayout({"valid": 1, "pools": 1, "odd": 1, "single": 1})
"""What :class:`PairMaxPool` is told of a pair's place in its row: that there is a pair, that its
row is pooled, that its number is odd, that it has a first pixel only."""


class PairMaxPool(wiring.Component):
    """Maxima as of :class:`MaxPool`, of two pixels a cycle that lie side by side in a row.

    Window ``n`` of a row begins with pair ``n``, and its result belongs to the bank of even or of
    odd columns, as ``n`` is. A window of 2×2 ends with the pair, one of 3×3 with the first pixel
    of the next pair; at the row's end with its last pixel. So a pair of a pooled row ends a window
    ``n`` and, in the other bank, ``n − 1``; what it does end is what ``i_even`` and ``i_odd`` are
    valid for. A pair of a row that is not pooled passes, its pixels in a bank each.

    Parameters
    ----------
    columns : int
        Bytes of a pixel.
    depth : int
        Slots of each bank: pooled pairs of columns × interleaved channel groups.
    meta
        Shape of what travels with a result.

    Members
    -------
    data : ``In(ArrayLayout(unsigned(8), 2 · columns))``
        The pair that the others speak of in the same cycle: its first pixel, then its second.
    along : ``In(Along)``
        Its place in its row.
    i_even, i_odd : ``In(stream.Signature(flags_layout(depth, meta, rows=False)))``
        That a result for the bank ends along the row, and what it does along its column; always
        ready. Results of one slot must be ``latency.POOL_REVISIT`` cycles apart or more.
    o_even, o_odd : ``Out(stream.Signature(StructLayout({"data", "meta"})))``
        The banks' results, ``LATENCY`` cycles later; always ready.
    """

    LATENCY = latency.POOL

    def __init__(self, *, columns: int, depth: int, meta):
        self._columns = columns
        self._banks = {
            name: MaxPool(columns=columns, depth=depth, meta=meta, rows=False)
            for name in ("even", "odd")
        }
        told = stream.Signature(flags_layout(depth, meta, rows=False), always_ready=True)
        result = self._banks["even"].signature.members["o"].signature
        super().__init__(
            {
                "data": In(data.ArrayLayout(unsigned(8), 2 * columns)),
                "along": In(Along),
                "i_even": In(told),
                "i_odd": In(told),
                "o_even": Out(result),
                "o_odd": Out(result),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        for name, bank in self._banks.items():
            m.submodules[name] = bank
            connect(m, flipped(getattr(self, f"i_{name}")), bank.i)
            connect(m, bank.o, flipped(getattr(self, f"o_{name}")))

        # The port's register, as in each bank: for what all the columns listen to one in each part.
        arrived = Signal.like(self.data, reset_less=True)
        m.d.sync += arrived.eq(self.data)
        pools = copies(m, self.along.valid & self.along.pools, "pools")
        odd = copies(m, self.along.odd, "odd")
        single = copies(m, self.along.single, "single")

        # Along the row. `running` is the maximum of the pair before, which the next window's first
        # pixel may end.
        running = Signal(data.ArrayLayout(unsigned(8), self._columns), reset_less=True)
        even, other = (bank.data for bank in self._banks.values())
        for k in range(self._columns):
            part = part_of(k, self._columns)
            first, second = arrived[k], arrived[self._columns + k]
            pair, ended = Signal(8, name=f"pair_{k}"), Signal(8, name=f"ended_{k}")
            m.d.comb += [
                pair.eq(Mux((first < second) & ~single[part], second, first)),
                ended.eq(Mux(first < running[k], running[k], first)),
                even[k].eq(Mux(pools[part], Mux(odd[part], ended, pair), first)),
                other[k].eq(Mux(pools[part], Mux(odd[part], pair, ended), second)),
            ]
            with m.If(pools[part]):
                m.d.sync += running[k].eq(pair)
        return m
