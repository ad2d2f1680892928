"""The issue side: waits for what steps need, and walks their passes and pixels."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.engine.accumulator import Tag
from hw.fire.fetcher import Fetcher, issue_layout, write_layout
from hw.streams import delayed
from plan import latency
from plan.instruction import Format
from plan.schedule import QUEUE


class Issuer(wiring.Component):
    """Runs the program, over and over: one pixel address a cycle, no gap where nothing is missing.

    A pass starts when the pixel before it was the last of its own, when its weights are ready,
    and, if it is the first of a step, when at most ``wait`` steps are unfinished and the
    step's rows of patches are there. The pixel's address is at ``address`` a cycle after its pass
    started (plus its number in the pass), ``zero`` a cycle before its data is to be used, and
    ``tag`` when it is: what listens is all across the engine and has registers of its own.

    Parameters
    ----------
    format : Format
        Of the program's words.
    steps : int
        Words of the program memory.
    address_bits : int
        Of both memories.
    patch_rows : int
        Rows of the patch memory's ring.
    param_groups : int
        Output groups of the parameter memory.

    Members
    -------
    program_address : ``Out(range(steps))``
        The word of the program memory to read.
    program_word : ``In(format.bits)``
        It, ``latency.MEMORY_READ`` cycles later.
    start : ``Out(1)``
        A pass starts.
    weights_ready : ``In(1)``
        The next pass's weights will be in place.
    weights_jump, weights_known, weights_place, weights_streamed : ``Out``
        Where the next pass's weights are, for :mod:`hw.fire.rows`.
    params_load, params_group : ``Out``
        A group's last pass begins: fetch its parameters.
    step : ``Out(stream)``
        The write side's half of a step, when the step starts; always ready.
    retire : ``In(1)``
        The oldest unfinished step has written its last word.
    row_done : ``In(1)``
        A row of patches is complete.
    free : ``Out(range(patch_rows + 1))``
        Rows of patches that will not be read again, in the cycle in which that is known.
    waiting : ``Out(1)``
        Nothing is issued because rows of patches are missing.
    idle : ``Out(1)``
        No step is unfinished, and the next frame's first one could start.
    address : ``Out(address_bits)``
        A pixel's word.
    patch : ``Out(1)``
        The data read in the next cycle comes from the patch memory.
    zero : ``Out(1)``
        The data read in the next cycle is padding.
    swap : ``Out(1)``
        The data at the array's input is a pass's first.
    tag : ``Out(Tag)``
        The tag of the data at the array's input.
    """

    def __init__(
        self,
        *,
        format: Format,
        steps: int,
        address_bits: int,
        patch_rows: int,
        param_groups: int,
    ):
        if min(steps, address_bits, patch_rows, param_groups) < 1:
            raise ValueError(
                "steps, address_bits, patch_rows and param_groups must be at least 1, not "
                f"{steps}, {address_bits}, {patch_rows} and {param_groups}"
            )
        self._format = format
        self._steps = steps
        super().__init__(
            {
                "program_address": Out(range(steps)),
                "program_word": In(format.bits),
                "start": Out(1),
                "weights_ready": In(1),
                "weights_jump": Out(1),
                "weights_known": Out(1),
                "weights_place": Out(format.widths["weights"]),
                "weights_streamed": Out(1),
                "params_load": Out(1),
                "params_group": Out(range(param_groups)),
                "step": Out(stream.Signature(write_layout(format), always_ready=True)),
                "retire": In(1),
                "row_done": In(1),
                "free": Out(range(patch_rows + 1)),
                "waiting": Out(1),
                "idle": Out(1),
                "address": Out(address_bits),
                "patch": Out(1),
                "zero": Out(1),
                "swap": Out(1),
                "tag": Out(Tag),
            }
        )
        self._param_groups = param_groups

    def elaborate(self, platform) -> Module:
        m = Module()
        layout = issue_layout(self._format)
        start = self.start

        m.submodules.fetcher = fetcher = Fetcher(format=self._format, depth=self._steps)
        m.d.comb += [
            self.program_address.eq(fetcher.address),
            fetcher.word.eq(self.program_word),
        ]
        known, next_step = fetcher.known, fetcher.issue
        begin_step = Signal()
        m.d.comb += fetcher.next.eq(begin_step)

        # The present pass, and (registered, long before it is needed) the one after it.
        step = Signal(layout)
        walk = data.StructLayout(
            {
                "base": len(self.address),
                "offset": signed(len(self.address) + 1),
                "group_in": len(step.groups_in_last),
                "group_out": len(step.groups_out_last),
                "tap_x": 2,
                "tap_y": 2,
                "param": range(self._param_groups),
            }
        )
        now = Signal(walk)
        after = Signal(walk)
        # Facts about a pass: the first or last of its output group, the last of its step.
        facts = data.StructLayout({"first": 1, "last": 1, "final": 1})
        now_is = Signal(facts, init={"first": 0, "last": 0, "final": 1})
        after_is = Signal(facts)

        last_tap = ~step.taps3 | ((now.tap_x == 2) & (now.tap_y == 2))
        with m.If(now_is.final):
            m.d.sync += [
                after.eq(0),
                after.base.eq(next_step.i_base),
                after.offset.eq(next_step.i_start),
                after.param.eq(next_step.params),
            ]
        with m.Else():
            m.d.sync += after.eq(now)
            with m.If(now.group_in != step.groups_in_last):
                m.d.sync += [
                    after.group_in.eq(now.group_in + 1),
                    after.base.eq(now.base + step.i_plane),
                ]
            with m.Else():
                m.d.sync += [after.group_in.eq(0), after.base.eq(step.i_base)]
                with m.If(last_tap):
                    m.d.sync += [
                        after.offset.eq(step.i_start),
                        after.tap_x.eq(0),
                        after.tap_y.eq(0),
                        after.group_out.eq(now.group_out + 1),
                        after.param.eq(now.param + 1),
                    ]
                with m.Elif(now.tap_x == 2):
                    # From the right tap of a row to the left one of the next: a row less two.
                    m.d.sync += [
                        after.offset.eq(now.offset + step.x_last - 1),
                        after.tap_x.eq(0),
                        after.tap_y.eq(now.tap_y + 1),
                    ]
                with m.Else():
                    m.d.sync += [
                        after.offset.eq(now.offset + 1),
                        after.tap_x.eq(now.tap_x + 1),
                    ]
        coming = Signal(layout)
        m.d.comb += coming.eq(Mux(now_is.final, next_step, step))
        after_last = (after.group_in == coming.groups_in_last) & (
            ~coming.taps3 | ((after.tap_x == 2) & (after.tap_y == 2))
        )
        m.d.sync += [
            after_is.first.eq((after.group_in == 0) & (after.tap_x == 0) & (after.tap_y == 0)),
            after_is.last.eq(after_last),
            after_is.final.eq(after_last & (after.group_out == coming.groups_out_last)),
        ]

        # What the next pass waits for. All of it is monotonous while it waits.
        begun = Signal()
        unfinished = Signal(range(QUEUE + 1))
        rows = Signal(signed(len(self.free) + 1))
        enough = Signal()
        m.d.sync += [
            unfinished.eq(unfinished + begin_step - self.retire),
            begun.eq(begin_step),  # the step is still held, and the next one's start far away
            rows.eq(rows + self.row_done - Mux(begun, next_step.patch_rows, 0)),
        ]
        m.d.comb += enough.eq(rows >= next_step.patch_rows)
        may_start = Signal()
        ready = self.weights_ready & ~start
        m.d.sync += [
            may_start.eq(
                ready & (~now_is.final | (known & (unfinished <= next_step.wait) & enough))
            ),
            self.idle.eq(ready & now_is.final & known & (unfinished == 0)),
        ]
        m.d.comb += [
            self.weights_jump.eq(now_is.final),
            self.weights_known.eq(~now_is.final | known),
            self.weights_place.eq(next_step.weights),
            self.weights_streamed.eq(coming.streamed),
        ]

        # Pixels.
        active = Signal()
        remaining = Signal.like(step.pixels_last)
        pass_end = Signal()
        m.d.comb += [
            start.eq(may_start & (~active | pass_end)),
            begin_step.eq(start & now_is.final),
            self.waiting.eq(~active & now_is.final & known & ~enough),
        ]
        x = Signal.like(step.x_last)
        y = Signal.like(step.rows_last)
        offset = Signal.like(after.offset)
        x_end = x == step.x_last
        with m.If(active):
            m.d.sync += [remaining.eq(remaining - 1), pass_end.eq(remaining == 1)]
            m.d.sync += [x.eq(Mux(x_end, 0, x + 1)), y.eq(y + x_end)]
            m.d.sync += offset.eq(Mux(offset == step.i_plane_last, 0, offset + 1))
            with m.If(pass_end):
                m.d.sync += active.eq(0)
        with m.If(start):
            m.d.sync += [
                active.eq(1),
                now.eq(after),
                now_is.eq(after_is),
                remaining.eq(coming.pixels_last),
                pass_end.eq(coming.pixels_last == 0),
                x.eq(0),
                y.eq(0),
                offset.eq(after.offset),
            ]
        with m.If(begin_step):
            m.d.sync += step.eq(next_step)
        m.d.sync += [
            self.params_load.eq(start & after_is.last),
            self.params_group.eq(after.param),
            self.step.valid.eq(begin_step),
            self.step.payload.eq(fetcher.write),
            self.free.eq(Mux(active & pass_end & now_is.final, step.patch_rows, 0)),
        ]

        # The address, and what goes with the data that it reads.
        opening = Signal()
        m.d.sync += opening.eq(start)
        padding = step.blank | step.taps3 & (
            ((now.tap_x == 0) & (x == 0))
            | ((now.tap_x == 2) & x_end)
            | ((now.tap_y == 0) & step.top & (y == 0))
            | ((now.tap_y == 2) & step.bottom & (y == step.rows_last))
        )
        m.d.comb += self.address.eq(now.base + offset)
        with_data = Cat(padding, step.patch)
        with_pixel = Signal(data.StructLayout({"tag": Tag, "swap": 1}))
        m.d.comb += [
            with_pixel.swap.eq(opening),
            with_pixel.tag.valid.eq(active),
            with_pixel.tag.first.eq(now_is.first),
            with_pixel.tag.last.eq(now_is.last),
            with_pixel.tag.end.eq(pass_end),
            with_pixel.tag.open.eq(opening & now_is.last),
        ]
        m.d.comb += Cat(self.zero, self.patch).eq(
            delayed(m, with_data, latency.MEMORY_READ, "with_data")
        )
        m.d.comb += Cat(self.tag, self.swap).eq(
            delayed(m, with_pixel, latency.MEMORY_READ + 2, "with_pixel")
        )
        return m
