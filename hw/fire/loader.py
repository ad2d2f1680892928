"""Loaders: what the next pass and the next output group need, fetched behind the present ones."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.ecp5.copies import copies, part_of
from hw.fire.rows import rows_signature
from hw.streams import Param, delayed
from plan import latency


class WeightLoader(wiring.Component):
    """Shifts the next pass's weights into the array's shadow registers.

    ``ready`` is high from ``delay + rows`` cycles after ``start`` to the next ``start``; later by
    each cycle from ``delay`` on in which a row is wanted and not granted. After reset it loads the
    first pass's weights by itself.

    Parameters
    ----------
    rows : int
        Rows of the array: weight rows a pass.
    width : int
        Bits of a weight row.
    delay : int
        Cycles from a start to the first weight row's being granted.

    Members
    -------
    start : ``In(1)``
        A pass starts in this cycle.
    i : ``In(rows_signature(width))``
        The weight rows, see :func:`hw.fire.rows.rows_signature`.
    ready : ``Out(1)``
        The next pass's weights are on their way, near enough for it to start.
    load : ``Out(1)``
        Shift ``weights`` in.
    weights : ``Out(width)``
        A weight row.
    """

    def __init__(self, *, rows: int, width: int, delay: int):
        if rows < 1 or width < 1:
            raise ValueError(f"rows and width must be at least 1, not {rows} and {width}")
        if delay < 2:
            raise ValueError(f"delay must be at least 2, not {delay}")
        self._rows = rows
        self._delay = delay
        super().__init__(
            {
                "start": In(1),
                "i": In(rows_signature(width)),
                "ready": Out(1),
                "load": Out(1),
                "weights": Out(width),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        timer = Signal(range(max(self._delay, self._rows)), init=self._delay - 2)

        with m.FSM():
            with m.State("SETTLE"):
                m.d.sync += timer.eq(timer - 1)
                with m.If(timer == 0):
                    m.d.sync += timer.eq(self._rows - 1)
                    m.next = "READ"
            with m.State("READ"):
                m.d.comb += self.i.ready.eq(1)
                with m.If(self.i.valid):
                    m.d.sync += timer.eq(timer - 1)
                    with m.If(timer == 0):
                        m.next = "READY"
            with m.State("READY"):
                m.d.comb += self.ready.eq(1)
                with m.If(self.start):
                    m.d.sync += timer.eq(self._delay - 2)
                    m.next = "SETTLE"

        granted = self.i.valid & self.i.ready
        m.d.comb += [
            self.load.eq(delayed(m, granted, latency.MEMORY_READ, "granted")),
            self.weights.eq(self.i.row),
        ]
        return m


class ParamLoader(wiring.Component):
    """Holds the parameters of an output group's columns, and fetches the next ones.

    Parameters
    ----------
    columns : int
        Output channels a group.
    groups : int
        Output groups of the parameter memory: a word a channel, the last column of a group first.

    Members
    -------
    address : ``Out(range(groups · columns))``
        The word of the parameter memory to read.
    word : ``In(Param)``
        It, ``latency.MEMORY_READ`` cycles later.
    load : ``In(1)``
        Fetch ``group``, more than ``columns`` cycles after the fetch before, and at most
        ``latency.MEMORY_READ + 1`` cycles before that one's ``swap``.
    group : ``In(range(groups))``
        An output group of the program.
    swap : ``In(1)``
        From the next cycle but one on, ``params`` are those fetched last; ``columns +
        latency.MEMORY_READ + 1`` cycles after ``load`` or later.
    params : ``Out(ArrayLayout(Param, columns))``
        The present group's parameters by column.
    """

    def __init__(self, *, columns: int, groups: int):
        if columns < 1 or groups < 1:
            raise ValueError(f"columns and groups must be at least 1, not {columns} and {groups}")
        self._columns = columns
        super().__init__(
            {
                "address": Out(range(groups * columns)),
                "word": In(Param),
                "load": In(1),
                "group": In(range(groups)),
                "swap": In(1),
                "params": Out(data.ArrayLayout(Param, columns)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        group = Signal.like(self.group)
        column = Signal(range(self._columns + 1), init=self._columns)
        read = Signal()
        with m.If(self.load):
            m.d.sync += [group.eq(self.group), column.eq(0)]
        with m.Elif(column != self._columns):
            m.d.comb += read.eq(1)
            m.d.sync += column.eq(column + 1)
        reading = Signal(latency.MEMORY_READ)
        m.d.sync += [
            self.address.eq(times(group, self._columns) + column),
            reading.eq(Cat(read, reading)),
        ]

        shadow = Signal.like(self.params, reset_less=True)
        params = Signal.like(self.params, reset_less=True)
        there, swap = copies(m, reading[-1], "there"), copies(m, self.swap, "swap")
        for place in range(self._columns):
            part = part_of(place, self._columns)
            with m.If(there[part]):
                m.d.sync += shadow[place].eq(shadow[place - 1] if place else self.word)
            with m.If(swap[part]):
                m.d.sync += params[place].eq(shadow[place])
        m.d.comb += self.params.eq(params)
        return m


def times(value, factor: int):
    """``value · factor`` for a small constant, by shifts and adds: a ``*`` becomes a multiplier."""
    terms = [value << bit for bit in range(factor.bit_length()) if factor >> bit & 1]
    return sum(terms[1:], terms[0])
