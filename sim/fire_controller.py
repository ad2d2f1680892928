"""The Fire controller for its bench: issuer and writer as in the core, between a few wide ports."""

from amaranth.hdl import Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out, connect

from hw.engine.accumulator import Tag
from hw.engine.pool import flags_layout
from hw.fire.writer import Writer, destination
from hw.streams import delayed
from plan import latency
from plan.instruction import Format
from plan.planner import Plan
from sim.stored import StoredProgram


def seen(plan: Plan) -> data.StructLayout:
    """What the bench sees in a cycle: all that issuer and writer say."""
    format = Format.of(plan.engine, plan.needs())
    address_bits = plan.needs().address_bits
    groups = plan.engine.groups(plan.network.classes)
    meta = destination(address_bits, plan.engine.lanes, groups)
    return data.StructLayout(
        {
            "start": 1,
            "weights_jump": 1,
            "weights_known": 1,
            "weights_place": format.widths["weights"],
            "params_load": 1,
            "params_group": range(plan.param_groups),
            "free": range(plan.program.window.ring_rows + 1),
            "idle": 1,
            "address": address_bits,
            "patch": 1,
            "zero": 1,
            "swap": 1,
            "tag": Tag,
            "written": 1,
            "write": flags_layout(plan.program.pool_slots, meta),
            "last": 1,
            "frame_last": 1,
        }
    )


class FireController(wiring.Component):
    """Issuer and writer of a plan; a step retires as in the core.

    Members
    -------
    weights_ready, row_done : ``In(1)``
        As of :class:`hw.fire.issuer.Issuer`.
    beat : ``In(1)``
        ``comes`` of :class:`hw.fire.writer.Writer`.
    o : ``Out(seen(plan))``
        What the bench sees.
    """

    def __init__(self, plan: Plan):
        self._plan = plan
        super().__init__(
            {"weights_ready": In(1), "row_done": In(1), "beat": In(1), "o": Out(seen(plan))}
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        plan = self._plan
        format = Format.of(plan.engine, plan.needs())
        address_bits = plan.needs().address_bits
        m.submodules.issuer = issuer = StoredProgram(
            format=format,
            program=[format.encode(step.fields) for step in plan.program.steps],
            address_bits=address_bits,
            patch_rows=plan.program.window.ring_rows,
            param_groups=plan.param_groups,
        )
        m.submodules.writer = writer = Writer(
            format=format,
            slots=plan.program.pool_slots,
            address_bits=address_bits,
            lanes=plan.engine.lanes,
            groups=plan.engine.groups(plan.network.classes),
        )
        connect(m, issuer.step, writer.step)
        m.d.comb += [
            issuer.weights_ready.eq(self.weights_ready),
            issuer.row_done.eq(self.row_done),
            issuer.retire.eq(delayed(m, writer.last, latency.POOL, "retire")),
            writer.comes.eq(self.beat),
            self.o.written.eq(writer.o.valid),
            self.o.write.eq(writer.o.payload),
            self.o.last.eq(writer.last),
            self.o.frame_last.eq(writer.frame_last),
        ]
        for name in (
            *("start", "weights_jump", "weights_known", "weights_place", "params_load"),
            *("params_group", "free", "idle", "address", "patch", "zero", "swap", "tag"),
        ):
            m.d.comb += self.o[name].eq(getattr(issuer, name))
        return m
