"""What the panel says: letters, bars and digits, written after each frame."""

from collections.abc import Sequence

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import memory, stream, wiring
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from hw.board.layouts import JUDGED_RESULT
from hw.display.raster import STRIDE
from spec import font, screen

CELL = StructLayout({"address": range(screen.ROWS * STRIDE), "code": 8})
"""A cell of the panel."""

RATE_BITS = 16


class PanelWriter(wiring.Component):
    """Takes the words of a frame's results as they pass, and writes what :func:`spec.screen.panel`
    says of them, a cell a cycle at most.

    It takes about 1,000 cycles after the last word; a frame that ends meanwhile is not shown.

    Parameters
    ----------
    labels : sequence of str
        Of the answers; the last one is that for none.
    classes : int
        How many of them are classes.
    shift : int
        Of the bars, see :func:`spec.screen.bar_pixels`.
    second : int
        Cycles.

    Members
    -------
    i : ``In(stream.Signature(JUDGED_RESULT, always_ready=True))``
        Words of results.
    o : ``Out(stream.Signature(CELL, always_ready=True))``
    """

    def __init__(self, *, labels: Sequence[str], classes: int, shift: int, second: int):
        if not 0 < classes <= len(labels):
            raise ValueError(f"there must be 1 to {len(labels)} classes, not {classes}")
        self._answers = [screen.cut(label) for label in (*labels, "?")]
        self._shown = min(classes, screen.MOST_CLASSES)
        self._shift = shift
        self._second = second
        super().__init__(
            {
                "i": In(stream.Signature(JUDGED_RESULT, always_ready=True)),
                "o": Out(stream.Signature(CELL, always_ready=True)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        word = self.i.payload

        # What is told of a frame.
        at = Signal(16)
        sums = Array(Signal(signed(32), name=f"sum_{index}") for index in range(self._shown))
        winner, best = Signal(16), Signal(signed(32))
        number, cycles = Signal(16), Signal(32)
        busy, ended = Signal(), Signal()
        with m.If(self.i.valid):
            m.d.sync += at.eq(Mux(word.result.last, 0, at + 1))
            with m.If(~busy):
                for index, value in enumerate(sums):
                    with m.If((at == index) & ~word.result.last):
                        m.d.sync += value.eq(word.result.data)
                with m.If(word.result.last):
                    m.d.sync += [
                        winner.eq(word.winner.index),
                        best.eq(word.winner.best),
                        number.eq(word.tag.number),
                        cycles.eq(word.result.data),
                    ]
        m.d.comb += ended.eq(self.i.valid & word.result.last)

        # Frames a second.
        tick = Signal(range(self._second))
        count, rate = Signal(RATE_BITS), Signal(RATE_BITS)
        m.d.sync += tick.eq(tick + 1)
        with m.If(ended):
            m.d.sync += count.eq(count + 1)
        with m.If(tick == self._second - 1):
            m.d.sync += [tick.eq(0), rate.eq(count), count.eq(ended)]

        # Letters of the answers.
        depth = len(self._answers)
        letters = [code for label in self._answers for code in label.ljust(STRIDE, b" ")]
        m.submodules.letters = store = memory.Memory(shape=8, depth=len(letters), init=letters)
        letter = store.read_port()
        kept = Signal(8)
        column = Signal(range(STRIDE))
        known = Signal(range(depth))
        m.d.comb += known.eq(Mux(winner < depth - 1, winner, depth - 1))
        m.d.comb += letter.addr.eq(Cat(column, known))

        # A cell.
        row = Signal(range(screen.ROWS))
        cell = self.o.payload
        m.d.comb += cell.address.eq(Cat(column, row))

        # A bar.
        index = Signal(range(self._shown + 1))
        rest = Signal(signed(34))
        behind = Signal(signed(34))
        marked = Signal()
        start = Signal(range(screen.BAR + 1))

        # A number, digit by digit: how often a power of ten can be taken off.
        numbers = [*screen.NUMBERS.values()]
        values = Array([number, rate, cycles])
        which = Signal(range(len(numbers)))
        most = max(digits for _, digits in numbers)
        powers = Array(Const(10**place, 32) for place in range(10))
        place = Signal(range(10))
        value, power = Signal(32), Signal(32)
        less = Signal(33)
        m.d.comb += less.eq(value - power)
        digit = Signal(4)
        chosen = Signal(signed(32))
        leading = Signal()
        with m.FSM() as fsm:
            m.d.comb += busy.eq(~fsm.ongoing("wait"))
            with m.State("wait"):
                m.d.sync += [column.eq(0), row.eq(screen.ANSWER_ROW), index.eq(0)]
                with m.If(ended):
                    m.next = "read"
            with m.State("read"):
                m.next = "keep"
            with m.State("keep"):
                m.d.sync += kept.eq(letter.data)
                m.next = "answer"
            with m.State("answer"):
                m.d.comb += [self.o.valid.eq(1), cell.code.eq(kept)]
                m.d.sync += column.eq(column + 1)
                m.next = "read"
                with m.If(column == screen.COLUMNS - 1):
                    m.next = "measure"
            with m.State("measure"):
                m.d.sync += chosen.eq(sums[index])
                m.next = "subtract"
            with m.State("subtract"):
                m.d.sync += [
                    behind.eq(best - chosen),
                    marked.eq(index == winner),
                    row.eq(screen.label_row(0) + 1 + 2 * index),
                    column.eq(0),
                ]
                m.next = "shift"
            with m.State("shift"):
                m.d.sync += rest.eq(screen.BAR - (behind >> self._shift))
                m.next = "clip"
            with m.State("clip"):
                m.d.sync += start.eq(
                    Mux(rest < 0, 0, Mux(rest > screen.BAR, screen.BAR, rest[: len(start)]))
                )
                m.next = "bar"
            with m.State("bar"):
                m.d.comb += self.o.valid.eq(1)
                m.d.sync += column.eq(column + 1)
                with m.If(start >= font.WIDTH):
                    m.d.comb += cell.code.eq(font.BAR + font.WIDTH - 1)
                    m.d.sync += start.eq(start - font.WIDTH)
                with m.Else():
                    m.d.comb += cell.code.eq(Mux(start == 0, ord(" "), font.BAR - 1 + start))
                    m.d.sync += start.eq(0)
                with m.If(marked):
                    m.d.comb += cell.code[7].eq(1)
                with m.If(column == screen.COLUMNS - 1):
                    m.d.sync += index.eq(index + 1)
                    m.next = "measure"
                    with m.If(index == self._shown - 1):
                        m.d.sync += which.eq(0)
                        m.next = "number"
            with m.State("number"):
                with m.Switch(which):
                    for choice, (line, _) in enumerate(numbers):
                        with m.Case(choice):
                            m.d.sync += [row.eq(line), place.eq(most - 1)]
                m.d.sync += [value.eq(values[which]), digit.eq(0), leading.eq(1)]
                m.next = "power"
            with m.State("power"):
                m.d.sync += power.eq(powers[place])
                m.next = "digit"
            with m.State("digit"):
                with m.If(~less[-1]):
                    m.d.sync += [value.eq(less), digit.eq(Mux(digit == 9, 0, digit + 1))]
                with m.Else():
                    m.d.sync += column.eq(screen.COLUMNS - 1 - place)
                    m.next = "write"
            with m.State("write"):
                digits_of = Array(digits for _, digits in numbers)
                m.d.comb += [
                    self.o.valid.eq(place < digits_of[which]),
                    cell.code.eq(Mux(leading & (digit == 0) & (place != 0), ord(" "), 48 + digit)),
                ]
                m.d.sync += [digit.eq(0), place.eq(place - 1)]
                with m.If(self.o.valid & (digit != 0)):
                    m.d.sync += leading.eq(0)
                m.next = "power"
                with m.If(place == 0):
                    m.d.sync += which.eq(which + 1)
                    m.next = "number"
                    with m.If(which == len(numbers) - 1):
                        m.next = "wait"

        return m
