"""The weight-stationary systolic array."""

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.engine.pe import ACTIVATION, PAIR, DspPair, LutPair, sum_shape
from plan import array_timing


class SystolicArray(wiring.Component):
    """``o[c] = Σ over rows r of weight[r][c] · i[r]``, a pixel a cycle, or two side by side.

    Two sets of weights: one is used while the next is shifted in. Activations move right, sums
    down; the skew that this needs is made and taken away inside.

    Parameters
    ----------
    rows : int
        Input channels.
    columns : int
        Output channels; even, since two share a processing element.
    lut_rows : int
        How many of the rows, the last ones, are on LUTs; the others take a multiplier a pair. With
        two pixels there are twice as many, and those of the second one come first.
    pixels : int
        Pixels a cycle, 1 or 2; they meet the same weights.

    Members
    -------
    i : ``In(ArrayLayout(unsigned(8), pixels · rows))``
        One pixel's activations, after them the other's.
    swap : ``In(1)``
        The weights loaded are used from this cycle's pixel on. At the earliest one cycle after
        the last ``load``.
    weights : ``In(ArrayLayout(signed(18), columns // 2))``
        A row of weights, each pair ``1024·a + b``: a for the even column, b for the odd one,
        both in −127…127.
    load : ``In(1)``
        Shift ``weights`` in at the top. ``rows`` loads make a set, that of the last row first.
        Not earlier than :attr:`settle` cycles after a ``swap``; gaps between loads are free.
    o : ``Out(ArrayLayout(sum_shape(rows), pixels · columns))``
        The column sums of the pixels that were on ``i`` :attr:`LATENCY` cycles ago.
    """

    def __init__(self, *, rows, columns, lut_rows=0, pixels=1):
        if rows < 1:
            raise ValueError(f"an array has at least one row, not {rows}")
        if columns < 2 or columns % 2:
            raise ValueError(f"columns must be even and at least 2, not {columns}")
        if pixels not in (1, 2):
            raise ValueError(f"pixels must be 1 or 2, not {pixels}")
        if not 0 <= lut_rows <= pixels * rows:
            raise ValueError(f"lut_rows must be from 0 to the rows {pixels * rows}, not {lut_rows}")
        self.rows = rows
        self.columns = columns
        self.lut_rows = lut_rows
        self.pixels = pixels
        self._lut_rows = array_timing.split_lut_rows(rows, lut_rows, pixels)
        super().__init__(
            {
                "i": In(data.ArrayLayout(unsigned(8), pixels * rows)),
                "swap": In(1),
                "weights": In(data.ArrayLayout(PAIR, columns // 2)),
                "load": In(1),
                "o": Out(data.ArrayLayout(sum_shape(rows), pixels * columns)),
            }
        )

    @property
    def LATENCY(self) -> int:
        """``i`` to ``o``."""
        return array_timing.latency(self.rows, self.columns, self.lut_rows, self.pixels)

    @property
    def settle(self) -> int:
        """``swap`` to the earliest ``load`` that does not disturb it."""
        return array_timing.settle(self.rows)

    def elaborate(self, platform):
        m = Module()
        pairs = self.columns // 2
        right = self._enter_rows(m)
        beside = self._enter_second(m) if self.pixels == 2 else None
        kinds, partners = (
            [DspPair] * (self.rows - own) + [LutPair] * own
            for own in (self._lut_rows[0], self._lut_rows[-1])
        )
        if self.pixels == 1:
            partners = [None] * self.rows

        for pair in range(pairs):
            load = _delay(m, self.load, array_timing.INPUT + pair, f"load_{pair}")
            weights = _delay(m, self.weights[pair], array_timing.INPUT + pair, f"weights_{pair}")
            sums, others = {}, {}
            kind = partner = None
            for row in range(self.rows):
                if row and row % array_timing.LOAD_ROWS == 0:
                    load = _delay(m, load, 1, f"load_{row}_{pair}")
                    weights = _delay(m, weights, 1, f"weights_{row}_{pair}")
                if kinds[row] is not kind:
                    stored = weights if kind is None else weights.pair
                    kind, partner, above = kinds[row], partners[row], 0
                    weights, sums[kind] = kind.enter(m, stored, partner), Signal(kind.sums(0))
                elif partners[row] is not partner:
                    partner = partners[row]
                    weights = kind.enter(m, weights.pair, partner)
                element = kind(above=above, partner=partner)
                m.submodules[f"element_{row}_{pair}"] = element
                m.d.comb += [
                    element.i.eq(right[row]),
                    element.load.eq(load),
                    element.i_weights.eq(weights),
                    element.i_sums.eq(sums[kind]),
                ]
                right[row] = element.o
                weights, sums[kind], above = element.o_weights, element.o_sums, above + 1
                if partner:
                    below = sum(1 for other in partners[:row] if other is partner)
                    follower = partner(above=below, follows=True)
                    m.submodules[f"follower_{row}_{pair}"] = follower
                    m.d.comb += [
                        follower.i.eq(beside[row]),
                        follower.i_weights.eq(partner.weights_of(element.active)),
                        follower.i_sums.eq(others.get(partner, 0)),
                    ]
                    beside[row], others[partner] = follower.o, follower.o_sums
            self._leave_column(m, pair, sums, 0)
            if others:
                self._leave_column(m, pair, others, 1)
        return m

    def _enter_rows(self, m):
        """The activations at the leftmost column: row r arrives r cycles after row 0."""
        entering = []
        for row in range(self.rows):
            i = Signal(ACTIVATION, name=f"i_{row}")
            m.d.comb += [i.value.eq(self.i[row]), i.swap.eq(self.swap)]
            entering.append(_delay(m, i, array_timing.INPUT + row, f"skew_{row}"))
        return entering

    def _enter_second(self, m):
        """The same of the second pixel, which the first one's swaps will do for."""
        return [
            _delay(m, self.i[self.rows + row], array_timing.INPUT + row, f"second_skew_{row}")
            for row in range(self.rows)
        ]

    def _leave_column(self, m, pair, sums, pixel):
        """Both kinds' sums of a pixel added, and delayed until the rightmost column has its own,
        and the other pixel."""
        lut_rows = self._lut_rows[pixel]
        prefix = "second_" if pixel else ""
        times = {
            DspPair: array_timing.leave_dsp(self.rows, lut_rows),
            LutPair: array_timing.leave_lut(self.rows, pixel),
        }
        latest = max(times[kind] for kind in sums)
        parts = []
        for kind, at_bottom in sums.items():
            rows = lut_rows if kind is LutPair else self.rows - lut_rows
            name = f"{prefix}{kind.__name__}_{pair}"
            parts.append(
                [
                    _delay(m, total, latest - times[kind], f"{name}_{column}")
                    for column, total in zip("ab", kind.leave(m, at_bottom, rows), strict=True)
                ]
            )
        for column, columns in enumerate(zip(*parts, strict=True)):
            if len(columns) == 2:
                name = f"{prefix}total_{pair}_{column}"
                total = Signal(sum_shape(self.rows), name=name, reset_less=True)
                m.d.sync += total.eq(columns[0] + columns[1])
            else:
                (total,) = columns
            own = array_timing.pixel_latency(self.rows, self.columns, lut_rows, pixel)
            wait = self.columns // 2 - 1 - pair + self.LATENCY - own
            o = _delay(m, total, wait, f"{prefix}deskew_{pair}_{column}")
            m.d.comb += self.o[pixel * self.columns + 2 * pair + column].eq(o)


def _delay(m, value, cycles, name):
    """``value`` as it was ``cycles`` ago."""
    for cycle in range(cycles):
        register = Signal.like(value, name=f"{name}_{cycle}", reset_less=True)
        m.d.sync += register.eq(value)
        value = register
    return value
