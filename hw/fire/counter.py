"""A counter that knows its end a beat ahead."""

from amaranth.hdl import Mux, Shape, Signal


class Counter:
    """Counts 0 … ``last``, over and over; that it is at an end is a register, not a comparison.

    Parameters
    ----------
    shape : Shape
        Of the count, unsigned.
    name : str
        Of its registers.

    Attributes
    ----------
    value : Signal
        The count.
    start, end : Signal
        The count is 0, is ``last``.
    """

    def __init__(self, shape: Shape, name: str):
        self.value = Signal(shape, name=name)
        self.start = Signal(name=f"{name}_start")
        self.end = Signal(name=f"{name}_end")
        self._before = Signal(shape, name=f"{name}_before")
        self._single = Signal(name=f"{name}_single")

    def begin(self, last) -> list:
        """Statements that begin anew, with this ``last``."""
        return [
            self.value.eq(0),
            self.start.eq(1),
            self.end.eq(last == 0),
            self._before.eq(last - 1),
            self._single.eq(last == 0),
        ]

    @property
    def ends_next(self):
        """What ``end`` will be one further."""
        return Mux(self.end, self._single, self.value == self._before)

    def advance(self) -> list:
        """Statements that count one further."""
        return [
            self.value.eq(Mux(self.end, 0, self.value + 1)),
            self.start.eq(self.end),
            self.end.eq(self.ends_next),
        ]
