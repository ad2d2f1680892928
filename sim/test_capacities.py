"""One engine, any network: its circuit is that of its capacities; it computes what is loaded."""

import re

import pytest
from amaranth.back import rtlil

from plan.capacities import Capacities
from plan.contents import contents
from plan.planner import Plan
from sim.compare import differences
from sim.cosimulate import Run, build, core, loads, observe_runs
from sim.networks import chosen
from sim.runner import ports
from spec import reference, synthetic
from spec.quantized import QuantizedNetwork

ENGINE = "6x2"
NETWORKS = ("oblong", "wide kernel", "two layers", "fire")
"""Kernels 5, 7, 3 and 1; a class sum of signed bytes; 6, 11, 3 and 3 classes."""


def prepared() -> tuple[list[Plan], list[QuantizedNetwork], Capacities]:
    plans = [chosen(name, ENGINE) for name in NETWORKS]
    quantized = [synthetic.quantized(one.network, seed) for seed, one in enumerate(plans)]
    return plans, quantized, Capacities.covering(*(one.needs() for one in plans))


def netlist(quantized: QuantizedNetwork, plan: Plan, capacities: Capacities) -> tuple[str, str]:
    """The netlist, and the same without what registers and memories begin with."""
    part = core(quantized, plan, capacities)
    text = rtlil.convert(part, name="core", ports=ports(part), emit_src=False)
    bare = re.sub(r"(?m)^ *attribute \\init .*\n", "", text)
    return text, re.sub(r"(?s)cell \$meminit_v2.*?\n *end\n", "", bare)


def test_two_networks_have_one_netlist_but_for_initial_contents():
    plans, quantized, capacities = prepared()
    netlists = [netlist(*one, capacities) for one in zip(quantized, plans, strict=True)]
    assert len({full for full, _ in netlists}) == len(NETWORKS)
    assert len({bare for _, bare in netlists}) == 1
    # A circuit with other capacities is another one.
    assert netlist(quantized[0], plans[0], plans[0].needs())[1] != netlists[0][1]


@pytest.mark.parametrize("stall", [0.0, 0.4])
def test_a_running_core_takes_another_network_and_the_first_one_again(stall):
    plans, quantized, capacities = prepared()
    model = build(core(quantized[0], plans[0], capacities), plans[0])
    words = [
        loads(contents(one, plan, capacities), plan.engine, capacities)
        for one, plan in zip(quantized, plans, strict=True)
    ]
    order = [0, 1, 2, 0, 3, 1]
    images = [[synthetic.image(plan.network, seed) for seed in range(2)] for plan in plans]
    runs = [
        Run(plan=plans[k], images=images[k], loads=words[k] if place else [])
        for place, k in enumerate(order)
    ]
    found = observe_runs(model, runs, i_stall=stall, o_stall=stall)
    for k, frames in zip(order, found, strict=True):
        for image, frame in zip(images[k], frames, strict=True):
            counts = differences(frame.tensors, reference.run(quantized[k], image))
            assert {name: count for name, count in counts.items() if count} == {}, NETWORKS[k]
            assert stall or frame.cycles == plans[k].cycles
