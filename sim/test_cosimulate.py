"""The proof itself: it finds what is wrong, names where, and always comes to an end."""

from dataclasses import replace

import numpy as np
import pytest
from amaranth.hdl import Module

from hw.core import Core
from plan.contents import contents
from plan.engine import Engine
from plan.planner import plan
from sim.compare import compare, differences
from sim.cosimulate import build, cosimulate, observe
from sim.rebuild import rebuild
from sim.runner import SimulationError
from spec import synthetic
from spec.quantized import QuantizedNetwork
from spec.squeezenet import tiny

ENGINE = Engine(rows=4, columns=4)


class Faulty(Core):
    """A core that takes no pixel, and, if fickle, offers a result that changes all the time."""

    fickle = False

    def elaborate(self, platform):
        m = Module()
        m.d.sync += [self.o.p.data.eq(self.o.p.data + 1), self.o.valid.eq(self.fickle)]
        for flow in (self.trace, self.written):
            m.d.sync += [flow.payload.eq(0), flow.valid.eq(0)]
        m.d.sync += self.i.ready.eq(0)
        m.d.comb += self.i_load.ready.eq(1)
        return m


def test_one_wrong_bias_is_found_where_it_is():
    good = synthetic.quantized(tiny())
    squeeze = good.convs["fire3.squeeze"]
    bias = squeeze.bias.copy()
    bias[1] += 1 << 14
    convs = good.convs | {"fire3.squeeze": replace(squeeze, bias=bias)}
    bad = QuantizedNetwork(good.network, convs, good.labels)
    image = synthetic.image(good.network)
    shares = []
    (frame,) = cosimulate(bad, ENGINE, [image], progress=shares.append)
    assert shares == sorted(shares) and shares[-1] == 1.0
    lines = {line.name: line for line in compare(frame, good, image)}
    names = list(lines)
    before = names[: names.index("fire3.squeeze")]
    assert not any(lines[name].differs for name in before)
    wrong = lines["fire3.squeeze"]
    assert 0 < wrong.reference == wrong.onnxruntime <= wrong.values / squeeze.conv.channels


@pytest.mark.parametrize(("fickle", "message"), [(False, "SimTimeout"), (True, "a result changed")])
def test_a_faulty_core_is_stopped(fickle, message):
    quantized = synthetic.quantized(tiny())
    planned = plan(quantized.network, ENGINE)
    needs = planned.needs()
    memories = contents(quantized, planned, needs)
    core = Faulty(engine=ENGINE, capacities=needs, contents=memories)
    core.fickle = fickle
    with pytest.raises(SimulationError, match=message):
        observe(build(core, planned), planned, [synthetic.image(quantized.network)], o_stall=0.5)


def test_too_few_words_are_refused():
    planned = plan(tiny(), ENGINE)
    nothing = np.zeros((0, ENGINE.columns), np.uint8)
    with pytest.raises(SimulationError, match=r"^\d+ words must be computed, not 0$"):
        rebuild(planned, [nothing], [nothing])


def test_another_shape_or_type_differs_everywhere():
    values = np.zeros((2, 3), np.uint8)
    for other in (np.zeros((3, 2), np.uint8), np.zeros((2, 3), np.int8)):
        assert differences({"a": other}, {"a": values}) == {"a": 6}
    assert differences({"a": values}, {"a": values}) == {"a": 0}


def test_an_image_of_another_size_is_refused():
    quantized = synthetic.quantized(tiny())
    with pytest.raises(ValueError, match=r"^images must be uint8 of shape \(8, 8, 3\), not"):
        cosimulate(quantized, ENGINE, [np.zeros((8, 9, 3), np.uint8)])
