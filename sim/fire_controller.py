"""The Fire controller for its bench: issuer and writer as in the core, between a few wide ports."""

from amaranth.hdl import Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out, connect

from hw.engine.accumulator import Tag
from hw.engine.pair_pool import Along
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
    slots, pairs = plan.program.pool_slots, plan.engine.pixels == 2
    result = data.StructLayout({"valid": 1, "payload": flags_layout(slots, meta, rows=not pairs)})
    told = {"along": Along, "o_even": result, "o_odd": result} if pairs else {"o": result}
    more = {"address_even": address_bits, "aside": 1} if pairs else {}
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
            "zero": plan.engine.pixels,
            "swap": 1,
            "tag": Tag,
            "last": 1,
            "frame_last": 1,
        }
        | more
        | told
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
        ]
        for name, field in seen(plan):
            its = getattr(writer if name in writer.signature.members else issuer, name)
            if name.startswith("o"):
                m.d.comb += [self.o[name][part].eq(getattr(its, part)) for part, _ in field.shape]
            else:
                m.d.comb += self.o[name].eq(its)
        return m
