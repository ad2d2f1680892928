"""Loaders: what the next pass and the next output group need, fetched behind the present ones."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.ecp5.memory import Memory
from plan import latency


class WeightLoader(wiring.Component):
    """Shifts the next pass's weights into the array's shadow registers.

    ``ready`` is high from ``delay + rows`` cycles after ``start`` to the next ``start``; if
    ``known`` comes later than ``delay − 1`` cycles after ``start``, by so much later. After reset
    it loads the first pass's weights by itself.

    Parameters
    ----------
    rows : int
        Rows of the array: weight rows a pass.
    width : int
        Bits of a weight row.
    delay : int
        Cycles from a start to the first weight row's being read.
    init : list[int]
        The weight memory's rows.

    Members
    -------
    start : ``In(1)``
        A pass starts in this cycle.
    jump : ``In(1)``
        The next pass takes its weights from ``address``, not from where the last ones ended.
    known : ``In(1)``
        ``jump`` and ``address`` hold for the next pass.
    address : ``In(range(len(init)))``
        Weight row of the next step's first pass.
    ready : ``Out(1)``
        The next pass's weights are on their way, near enough for it to start.
    load : ``Out(1)``
        Shift ``weights`` in.
    weights : ``Out(width)``
        A weight row.
    """

    def __init__(self, *, rows: int, width: int, delay: int, init: list[int]):
        self._rows = rows
        self._delay = delay
        self._init = init
        super().__init__(
            {
                "start": In(1),
                "jump": In(1),
                "known": In(1),
                "address": In(range(len(init))),
                "ready": Out(1),
                "load": Out(1),
                "weights": Out(width),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        width = len(self.weights)
        m.submodules.memory = memory = Memory(width=width, depth=len(self._init), init=self._init)
        pointer = Signal.like(self.address)
        timer = Signal(range(max(self._delay, self._rows)), init=self._delay - 2)
        read = Signal()

        with m.FSM():
            with m.State("SETTLE"):
                with m.If(timer != 0):
                    m.d.sync += timer.eq(timer - 1)
                with m.Elif(self.known):
                    m.d.sync += [
                        pointer.eq(Mux(self.jump, self.address, pointer)),
                        timer.eq(self._rows - 1),
                    ]
                    m.next = "READ"
            with m.State("READ"):
                m.d.comb += read.eq(1)
                m.d.sync += [pointer.eq(pointer + 1), timer.eq(timer - 1)]
                with m.If(timer == 0):
                    m.next = "READY"
            with m.State("READY"):
                m.d.comb += self.ready.eq(1)
                with m.If(self.start):
                    m.d.sync += timer.eq(self._delay - 2)
                    m.next = "SETTLE"

        m.d.comb += [memory.read_address.eq(pointer), self.weights.eq(memory.read_data)]
        reading = Signal(latency.MEMORY_READ)
        m.d.sync += reading.eq(Cat(read, reading))
        m.d.comb += self.load.eq(reading[-1])
        return m


class ParamLoader(wiring.Component):
    """Holds the bias and multiplier of an output group's columns, and fetches the next ones.

    Parameters
    ----------
    columns : int
        Output channels a group.
    param : data.StructLayout
        What a channel has: a bias, a multiplier, a ReLU.
    init : list[int]
        The parameter memory: a word a channel, the last column of a group first.

    Members
    -------
    load : ``In(1)``
        Fetch ``group``, more than ``columns`` cycles after the fetch before, and at most
        ``latency.MEMORY_READ + 2`` cycles before that one's ``swap``.
    group : ``In(range)``
        An output group of the program.
    swap : ``In(1)``
        From the next cycle on, ``params`` are those fetched last; ``columns +
        latency.MEMORY_READ + 2`` cycles after ``load`` or later.
    params : ``Out(ArrayLayout(param, columns))``
        The present group's parameters by column.
    """

    def __init__(self, *, columns: int, param: data.StructLayout, init: list[int]):
        self._columns = columns
        self._init = init
        super().__init__(
            {
                "load": In(1),
                "group": In(range(len(init) // columns)),
                "swap": In(1),
                "params": Out(data.ArrayLayout(param, columns)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        param = self.params.shape().elem_shape
        m.submodules.memory = memory = Memory(
            width=param.size, depth=len(self._init), init=self._init
        )
        group = Signal.like(self.group)
        column = Signal(range(self._columns + 1), init=self._columns)
        read = Signal()
        with m.If(self.load):
            m.d.sync += [group.eq(self.group), column.eq(0)]
        with m.Elif(column != self._columns):
            m.d.comb += read.eq(1)
            m.d.sync += column.eq(column + 1)
        address = Signal(range(len(self._init)))
        reading = Signal(latency.MEMORY_READ + 1)
        m.d.sync += [
            address.eq(times(group, self._columns) + column),
            reading.eq(Cat(read, reading)),
        ]
        m.d.comb += memory.read_address.eq(address)

        shadow = Signal.like(self.params)
        with m.If(reading[-1]):
            m.d.sync += shadow.eq(Cat(memory.read_data, shadow))
        with m.If(self.swap):
            m.d.sync += self.params.eq(shadow)
        return m


def times(value, factor: int):
    """``value · factor`` for a small constant, by shifts and adds: a ``*`` becomes a multiplier."""
    terms = [value << bit for bit in range(factor.bit_length()) if factor >> bit & 1]
    return sum(terms[1:], terms[0])
