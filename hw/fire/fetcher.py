"""The step that comes next, out of the program memory."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from plan import latency
from plan.instruction import ISSUE_FIELDS, PAIR_FIELDS, WRITE_FIELDS, WRITE_SHARED, Format


def layout(format: Format, fields) -> data.StructLayout:
    """Some fields of a step, those of them that the format has."""
    widths = {name: format.widths[name] for name in fields if name in format.widths}
    return data.StructLayout(
        {name: signed(bits) if name == "i_start" else bits for name, bits in widths.items()}
    )


def issue_layout(format: Format) -> data.StructLayout:
    """The fields of a step that the issue side reads."""
    return layout(format, (*ISSUE_FIELDS, *PAIR_FIELDS))


def write_layout(format: Format) -> data.StructLayout:
    """The fields of a step that the write side reads."""
    return layout(format, (*WRITE_FIELDS, *WRITE_SHARED, *PAIR_FIELDS))


class Fetcher(wiring.Component):
    """Holds the program's next step; after a frame's last one the first one comes again.

    Reset fetches the first step.

    Parameters
    ----------
    format : Format
        Of the program's words.
    depth : int
        Words of the program memory.

    Members
    -------
    address : ``Out(range(depth))``
        The word of the program memory to read.
    word : ``In(format.bits)``
        It, ``latency.MEMORY_READ`` cycles later.
    next : ``In(1)``
        The step has been taken, fetch the one after it; only while ``known``.
    known : ``Out(1)``
        ``issue`` and ``write`` hold; again at most ``latency.FETCH`` cycles after ``next``.
    issue, write : ``Out``
        The step's fields for either side, see :func:`issue_layout` and :func:`write_layout`.
    """

    def __init__(self, *, format: Format, depth: int):
        if depth < 1:
            raise ValueError(f"depth must be at least 1, not {depth}")
        self._format = format
        super().__init__(
            {
                "address": Out(range(depth)),
                "word": In(format.bits),
                "next": In(1),
                "known": Out(1),
                "issue": Out(issue_layout(format)),
                "write": Out(write_layout(format)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        word = data.View(layout(self._format, self._format.widths), self.word)
        fetching = Signal(latency.MEMORY_READ + 1, init=1)
        m.d.sync += fetching.eq(Cat(self.next, fetching))
        with m.If(self.next):
            m.d.sync += [
                self.address.eq(Mux(self.issue.frame_last, 0, self.address + 1)),
                self.known.eq(0),
            ]
        with m.If(fetching[-1]):
            m.d.sync += self.known.eq(1)
            for fields in (self.issue, self.write):
                m.d.sync += [fields[name].eq(word[name]) for name in fields.shape().members]
        return m
