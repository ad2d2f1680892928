"""The write side: where each requantized value goes, and what max-pooling does with it."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, fifo, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.ecp5.copies import copies
from hw.engine.pair_pool import Along
from hw.engine.pool import flags_layout
from hw.fire.counter import Counter
from hw.fire.fetcher import write_layout
from hw.fire.places import PairPlaces, Places
from plan.instruction import Format
from plan.schedule import QUEUE


def destination(address_bits: int, lanes: int, groups: int) -> data.StructLayout:
    """Where a beat goes: a lane of a memory word, or the class sums of a group.

    ``first`` and ``last``: the first and last pixel of a group in its tile; ``fresh``: the tile
    begins the class sums.
    """
    return data.StructLayout(
        {
            "address": address_bits,
            "lanes": lanes,
            "final": 1,
            "group": range(groups),
            "first": 1,
            "last": 1,
            "fresh": 1,
        }
    )


class Writer(wiring.Component):
    """Gives each beat its pooling flags and its destination, in the order of the steps.

    A beat is a requantized pixel, or two side by side if the format is for pairs. One beat a
    cycle; what is said of it is there together with it. A step's destination begins to hold with
    its first beat, which comes long after the step itself has been announced, and two cycles or
    more after the first beat of the step before, as passes do.

    Parameters
    ----------
    format : Format
        Of the program's words.
    slots : int
        Depth of the max-pool's row buffer.
    address_bits : int
        Of the activation memory.
    lanes : int
        Beats an activation word.
    groups : int
        Groups of classes.

    Members
    -------
    step : ``In(stream)``
        The steps, as they start; always ready: at most ``QUEUE`` are unfinished.
    comes : ``In(1)``
        In two cycles there is a requantized value: output group, then pixel.
    o : ``Out(stream)``
        What :class:`hw.engine.pool.MaxPool` needs to know of it, in that cycle; always ready.
    along, o_even, o_odd : ``Out``
        Instead of ``o``, for pairs, what :class:`hw.engine.pair_pool.PairMaxPool` needs to know.
    last : ``Out(1)``
        The beat spoken of is a step's last.
    frame_last : ``Out(1)``
        That step is a frame's last.
    """

    def __init__(
        self,
        *,
        format: Format,
        slots: int,
        address_bits: int,
        lanes: int,
        groups: int,
    ):
        if min(slots, address_bits, lanes, groups) < 1:
            raise ValueError(
                "slots, address_bits, lanes and groups must be at least 1, not "
                f"{slots}, {address_bits}, {lanes} and {groups}"
            )
        self._lanes = lanes
        self._slots = slots
        self._pairs = format.pairs
        meta = destination(address_bits, lanes, groups)
        told = flags_layout(slots, meta, rows=not self._pairs)
        flow = Out(stream.Signature(told, always_ready=True))
        told = {"along": Out(Along), "o_even": flow, "o_odd": flow} if self._pairs else {"o": flow}
        super().__init__(
            {
                "step": In(stream.Signature(write_layout(format), always_ready=True)),
                "comes": In(1),
                **told,
                "last": Out(1),
                "frame_last": Out(1),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        # The max-pool, which is told of a beat, is far from what counts it.
        comes, told = copies(m, self.comes, "comes", 2)
        layout = self.step.payload.shape()
        m.submodules.queue = queue = fifo.SyncFIFOBuffered(width=layout.size, depth=QUEUE)
        m.d.comb += [
            queue.w_data.eq(self.step.payload.as_value()),
            queue.w_en.eq(self.step.valid),
        ]
        # The step after this one, out of the queue.
        coming = Signal(layout, reset_less=True)
        known = Signal()
        single, single_group = Signal(), Signal()  # it has one beat; one in each group
        step = Signal(layout)
        have = Signal()

        x = Counter(step.x_last.shape(), "x")
        y = Counter(step.rows_last.shape(), "y")
        group = Counter(step.groups_out_last.shape(), "group")
        lane = Signal(range(self._lanes))
        base = Signal.like(step.o_base)
        places = (PairPlaces if self._pairs else Places)(step, self._slots)
        new_group = Signal(init=1)
        # Registers, since all else turns on them: the coming beat is its group's, its step's last.
        group_end, step_end = Signal(), Signal()
        ends_group = x.ends_next & Mux(x.end, y.ends_next, y.end)
        ends_step = ends_group & Mux(group_end, group.ends_next, group.end)

        pools = step.pool3 | step.pool2
        x_odd, x_first = x.value[0], x.start
        y_odd = y.value[0] ^ step.y_odd
        y_first = step.top & y.start
        y_last = step.bottom & y.end
        emit_y = Mux(pools, y_last | Mux(step.pool3, ~y_odd & ~y_first, y_odd), 1)

        def tell(o, slot, offset, last):
            """Statements of a beat that do not depend on its place in its row."""
            return [
                o.open_y.eq(pools & ~y_odd),
                o.join_y.eq(pools & Mux(step.pool3, ~y_first, y_odd)),
                o.emit_y.eq(emit_y),
                o.slot.eq(slot),
                o.meta.address.eq(base + offset),
                o.meta.lanes.eq(1 << lane),
                o.meta.final.eq(step.final),
                o.meta.group.eq(group.value),
                o.meta.first.eq(new_group),
                o.meta.last.eq(last),
                o.meta.fresh.eq(step.fresh),
            ]

        if self._pairs:
            # A window of 3×3 ends with the first pixel of the pair after its own, or with its row.
            half = x.end & step.x_odd  # its last pixel alone
            whole = x.end & ~half
            even = Mux(step.pool3, x_odd | whole, ~x_odd)
            odd = Mux(step.pool3, Mux(x_odd, whole, ~x_first), x_odd)
            m.d.sync += [
                self.along.valid.eq(told),
                self.along.pools.eq(pools),
                self.along.odd.eq(x_odd),
                self.along.single.eq(half),
                self.o_even.valid.eq(told & (even | ~pools)),
                self.o_odd.valid.eq(told & Mux(pools, odd, ~half)),
                *tell(self.o_even.payload, places.slot, places.offset, group_end),
                *tell(self.o_odd.payload, places.odd_slot, places.odd_offset, group_end),
            ]
        else:
            emit_x = Mux(pools, x.end | Mux(step.pool3, ~x_odd & ~x_first, x_odd), 1)
            o = self.o.payload
            m.d.sync += [
                self.o.valid.eq(told),
                o.open_x.eq(pools & ~x_odd),
                o.join_x.eq(pools & Mux(step.pool3, ~x_first, x_odd)),
                o.emit_x.eq(emit_x),
                *tell(o, places.slot, places.offset, group_end),
            ]
        m.d.sync += [
            self.last.eq(comes & step_end),
            self.frame_last.eq(step.frame_last),
        ]

        with m.If(comes):
            m.d.sync += [*x.advance(), new_group.eq(group_end)]
            m.d.sync += [group_end.eq(ends_group), step_end.eq(ends_step)]
            if self._pairs:
                places.advance_pair(m, pools, emit_y, x)
            else:
                places.advance(m, emit_x, emit_y)
            with m.If(x.end):
                m.d.sync += [*y.advance(), *places.next_row()]

        m.d.comb += queue.r_en.eq(~known)
        with m.If(~known):
            following = data.View(layout, queue.r_data)
            alone = (following.x_last == 0) & (following.rows_last == 0)
            m.d.sync += [
                known.eq(queue.r_rdy),
                coming.eq(queue.r_data),
                single_group.eq(alone),
                single.eq(alone & (following.groups_out_last == 0)),
            ]
        with m.If(~have | (comes & group_end)):
            with m.If(~have | step_end):
                m.d.sync += [
                    have.eq(known),
                    known.eq(queue.r_rdy & ~known),
                    step.eq(coming),
                    group_end.eq(single_group),
                    step_end.eq(single),
                    *x.begin(coming.x_last),
                    *y.begin(coming.rows_last),
                    *group.begin(coming.groups_out_last),
                    lane.eq(coming.o_lane),
                    base.eq(coming.o_base),
                    *places.begin(coming),
                ]
            with m.Else():
                m.d.sync += [
                    *group.advance(),
                    *places.next_group(),
                    lane.eq(lane + 1),
                ]
                with m.If(lane == self._lanes - 1):
                    m.d.sync += [lane.eq(0), base.eq(base + step.o_plane)]
        return m
