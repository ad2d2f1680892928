"""The passes of the program's steps, one after the other."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.fire.fetcher import issue_layout
from plan.instruction import Format

Place = data.StructLayout({"first": 1, "last": 1, "final": 1})
"""A pass is the first or the last one of its output group, the last one of its step."""


def pass_layout(format: Format, *, address_bits: int, param_groups: int) -> data.StructLayout:
    """What a pass reads: from ``base + offset`` on, for a tap, groups and their parameters."""
    if min(address_bits, param_groups) < 1:
        raise ValueError(
            "address_bits and param_groups must be at least 1, not "
            f"{address_bits} and {param_groups}"
        )
    return data.StructLayout(
        {
            "base": address_bits,
            "offset": signed(address_bits + 1),
            "group_in": format.widths["groups_in_last"],
            "group_out": format.widths["groups_out_last"],
            "tap_x": 2,
            "tap_y": 2,
            "param": range(param_groups),
        }
    )


class PassWalk(wiring.Component):
    """Output group after output group; in each, tap after tap; for each, input group after input
    group. After a step's last pass comes the first one of the step that is next.

    ``coming`` is right from two cycles after ``start``, and its place from three; where it begins a
    step, from one and two cycles after ``next_step`` too. Reset leaves the program's first pass to
    come.

    Parameters
    ----------
    format : Format
        Of the program's words.
    address_bits : int
        Of both memories.
    param_groups : int
        Output groups of the parameter memory.

    Members
    -------
    next_step : ``In(issue_layout(format))``
        The step after the present one.
    start : ``In(1)``
        The pass that comes starts: from the next cycle on it is the present one.
    turn : ``In(1)``
        One may start in this cycle, or has ended: a step that was its last is not looked at again.
    step, coming_step : ``Out(issue_layout(format))``
        The step of the present pass, and of the one that comes.
    now, coming : ``Out(pass_layout(…))``
        The present pass, and the one that comes.
    now_is, coming_is : ``Out(Place)``
        Their places.
    """

    def __init__(self, *, format: Format, address_bits: int, param_groups: int):
        self._pairs = format.pairs
        step = issue_layout(format)
        walk = pass_layout(format, address_bits=address_bits, param_groups=param_groups)
        super().__init__(
            {
                "next_step": In(step),
                "start": In(1),
                "turn": In(1),
                "step": Out(step),
                "coming_step": Out(step),
                "now": Out(walk),
                "coming": Out(walk),
                "now_is": Out(Place, init={"first": 0, "last": 0, "final": 1}),
                "coming_is": Out(Place),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        step, next_step = self.step, self.next_step
        now, coming = self.now, self.coming
        # Whether a pass is the last one of its tap, and of all taps of an input group.
        coming_ends, ends = (Signal(data.StructLayout({"groups": 1, "taps": 1})) for _ in range(2))

        # The pass that comes: registered, long before it is needed.
        with m.If(self.now_is.final):
            m.d.sync += [
                coming.eq(0),
                coming.base.eq(next_step.i_base),
                coming.offset.eq(next_step.i_start),
                coming.param.eq(next_step.params),
            ]
        with m.Else():
            m.d.sync += coming.eq(now)
            with m.If(~ends.groups):
                m.d.sync += [
                    coming.group_in.eq(now.group_in + 1),
                    coming.base.eq(now.base + step.i_plane),
                ]
            with m.Else():
                m.d.sync += [coming.group_in.eq(0), coming.base.eq(step.i_base)]
                with m.If(ends.taps):
                    m.d.sync += [
                        coming.offset.eq(step.i_start),
                        coming.tap_x.eq(0),
                        coming.tap_y.eq(0),
                        coming.group_out.eq(now.group_out + 1),
                        coming.param.eq(now.param + 1),
                    ]
                with m.Elif(now.tap_x == 2):
                    # From the right tap of a row to the left one of the next: a row less two
                    # pixels, or less a pair.
                    m.d.sync += [
                        coming.offset.eq(now.offset + step.x_last - int(not self._pairs)),
                        coming.tap_x.eq(0),
                        coming.tap_y.eq(now.tap_y + 1),
                    ]
                with m.Else():
                    # To the right: where pairs are read, the middle tap's is the right one's too.
                    further = (now.tap_x == 0) if self._pairs else 1
                    m.d.sync += [
                        coming.offset.eq(now.offset + further),
                        coming.tap_x.eq(now.tap_x + 1),
                    ]

        # Its place.
        groups = coming.group_in == self.coming_step.groups_in_last
        taps = ~self.coming_step.taps3 | ((coming.tap_x == 2) & (coming.tap_y == 2))
        last = groups & taps
        m.d.comb += self.coming_step.eq(Mux(self.now_is.final, next_step, step))
        m.d.sync += [
            coming_ends.eq(Cat(groups, taps)),
            self.coming_is.first.eq(
                (coming.group_in == 0) & (coming.tap_x == 0) & (coming.tap_y == 0)
            ),
            self.coming_is.last.eq(last),
            self.coming_is.final.eq(last & (coming.group_out == self.coming_step.groups_out_last)),
        ]
        with m.If(self.start):
            m.d.sync += [now.eq(coming), self.now_is.eq(self.coming_is), ends.eq(coming_ends)]
        with m.If(self.turn & self.now_is.final):
            m.d.sync += step.eq(next_step)
        return m
